//! **Stage 4, cache:** installed baseline code: at most one unit per function.
//!
//! Calls find their callee through a table of entries, which is data: taking a unit out is writing its entry, and
//! clearing the frames that would return to it. No code is changed.

use super::memory::{Arena, Piece};
use crate::abi::baseline::{BaselineCode, FunctionEntry, Stubs};
use crate::abi::vm::{Frame, FunctionState};

/// Baseline code of a function.
#[derive(Debug)]
pub struct BaselineUnit {
    /// Its number, from the same sequence as optimized units.
    pub id: u32,
    piece: Piece,
    address: u64,
    resume: u32,
    blocks: Vec<(u32, u32)>,
    /// Arrivals in its function before it was last asked whether it is cold.
    pub arrivals_before: u64,
    /// How often a slow path gave something that the code after it did not expect.
    pub unexpected: u32,
}

impl BaselineUnit {
    /// Where its code is.
    pub fn piece(&self) -> Piece {
        self.piece
    }

    /// Where the block that starts at this pc is.
    pub fn block_address(&self, pc: u32) -> Option<u64> {
        let i = self.blocks.binary_search_by_key(&pc, |&(pc, _)| pc).ok()?;
        Some(self.address + u64::from(self.blocks[i].1))
    }

    /// Where the engine enters.
    pub fn resume_address(&self) -> u64 {
        self.address + u64::from(self.resume)
    }
}

/// Addresses of the shared code.
#[derive(Clone, Copy, Debug)]
pub struct StubAddresses {
    /// See [`Stubs`].
    pub enter: u64,
    /// See [`Stubs`].
    pub leave: u64,
    /// See [`Stubs`].
    pub refund: u64,
    /// See [`Stubs`].
    pub step: u64,
    /// See [`Stubs`].
    pub truth: u64,
    /// See [`Stubs`].
    pub box_int: u64,
    /// See [`Stubs`].
    pub unbox: u64,
    interpret: u64,
}

/// All baseline code of a run.
#[derive(Debug)]
pub struct BaselineCache {
    stubs: StubAddresses,
    entries: Vec<FunctionEntry>,
    units: Vec<Option<BaselineUnit>>,
}

impl BaselineCache {
    /// No code yet but the shared code, whose parts `stubs` finds; `None` if there is no room for it.
    ///
    /// # Errors
    /// If the shared code cannot be placed.
    pub fn new(
        functions: &mut [FunctionState],
        code: &[u8],
        stubs: Stubs,
        arena: &mut Arena,
    ) -> std::io::Result<Option<BaselineCache>> {
        let Stubs { enter, leave, refund, step, truth, box_int, unbox, interpret } = stubs;
        let Some(piece) = arena.add(code)? else { return Ok(None) };
        let at = |offset: u32| arena.address(piece) + u64::from(offset);
        let stubs = StubAddresses {
            enter: at(enter),
            leave: at(leave),
            refund: at(refund),
            step: at(step),
            truth: at(truth),
            box_int: at(box_int),
            unbox: at(unbox),
            interpret: at(interpret),
        };
        Ok(Some(BaselineCache {
            stubs,
            units: functions.iter().map(|_| None).collect(),
            entries: functions
                .iter_mut()
                .map(|function| FunctionEntry {
                    code: stubs.interpret,
                    sites: function.sites.as_mut_ptr() as u64,
                    cells: function.cells.as_mut_ptr() as u64,
                })
                .collect(),
        }))
    }

    /// The shared code.
    pub fn stubs(&self) -> &StubAddresses {
        &self.stubs
    }

    /// The table of functions.
    pub fn entries(&self) -> &[FunctionEntry] {
        &self.entries
    }

    /// The code of a function, if there is any.
    #[inline]
    pub fn get(&self, function: u32) -> Option<&BaselineUnit> {
        self.units[function as usize].as_ref()
    }

    /// The same, to change.
    pub fn get_mut(&mut self, function: u32) -> Option<&mut BaselineUnit> {
        self.units[function as usize].as_mut()
    }

    /// Installs code that has been placed.
    pub fn install(&mut self, function: u32, id: u32, code: BaselineCode, piece: Piece, arena: &Arena) {
        debug_assert!(self.get(function).is_none());
        let address = arena.address(piece);
        self.entries[function as usize].code = address + u64::from(code.entry);
        let BaselineCode { resume, blocks, .. } = code;
        let unit = BaselineUnit { id, piece, address, resume, blocks, arrivals_before: 0, unexpected: 0 };
        self.units[function as usize] = Some(unit);
    }

    /// All installed units with their functions.
    pub fn units_mut(&mut self) -> impl Iterator<Item = (u32, &mut BaselineUnit)> {
        self.units.iter_mut().enumerate().filter_map(|(f, unit)| Some((f as u32, unit.as_mut()?)))
    }

    /// Takes the code of a function out: no call goes there any more, and no waiting call returns there.
    pub fn remove(&mut self, function: u32, frames: &mut [Frame], arena: &mut Arena) -> Option<BaselineUnit> {
        let unit = self.units[function as usize].take()?;
        self.entries[function as usize].code = self.stubs.interpret;
        for frame in frames.iter_mut().filter(|frame| frame.function == function) {
            frame.native = 0;
        }
        arena.remove(unit.piece);
        Some(unit)
    }
}
