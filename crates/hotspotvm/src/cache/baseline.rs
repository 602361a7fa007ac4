//! **Stage 4, cache:** installed baseline code: at most one unit per function, all in one arena.
//!
//! Calls find their callee through a table of entries, which is data: taking a unit out is writing its entry, and clearing the frames that would return
//! to it. No code is changed.

use super::memory::{Arena, Piece};
use crate::compile::baseline::BaselineCode;
use crate::compile::baseline::stubs::{self, Stubs};
use crate::execute::vm::Frame;

/// Baseline code of a function.
#[derive(Debug)]
pub struct Unit {
    /// Its number, from the same sequence as optimized units.
    pub id: u32,
    piece: Piece,
    address: u64,
    resume: u32,
    blocks: Vec<(u32, u32)>,
    /// How often a slow path gave something that the code after it did not expect.
    pub unexpected: u32,
}

impl Unit {
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
    arena: Arena,
    stubs: StubAddresses,
    entries: Vec<u64>,
    units: Vec<Option<Unit>>,
}

impl BaselineCache {
    /// No code yet, room for so many bytes of it (and the shared code).
    ///
    /// # Errors
    /// If the operating system gives no executable memory.
    pub fn new(functions: usize, bytes: usize) -> std::io::Result<BaselineCache> {
        let (code, Stubs { enter, leave, refund, step, truth, box_int, unbox, interpret }) =
            stubs::make().map_err(std::io::Error::other)?;
        let mut arena = Arena::new(bytes.saturating_add(code.len()))?;
        let piece = arena.add(&code).ok_or_else(|| std::io::Error::other("no room for shared code"))?;
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
        Ok(BaselineCache {
            arena,
            stubs,
            entries: vec![stubs.interpret; functions],
            units: (0..functions).map(|_| None).collect(),
        })
    }

    /// The shared code.
    pub fn stubs(&self) -> &StubAddresses {
        &self.stubs
    }

    /// For each function, where a call to it goes.
    pub fn entries(&self) -> &[u64] {
        &self.entries
    }

    /// The code of a function, if there is any.
    #[inline]
    pub fn get(&self, function: u32) -> Option<&Unit> {
        self.units[function as usize].as_ref()
    }

    /// The same, to change.
    pub fn get_mut(&mut self, function: u32) -> Option<&mut Unit> {
        self.units[function as usize].as_mut()
    }

    /// Installs code; `false` if there is no room for it.
    pub fn install(&mut self, function: u32, id: u32, code: BaselineCode) -> bool {
        debug_assert!(self.get(function).is_none());
        let Some(piece) = self.arena.add(&code.bytes) else { return false };
        let address = self.arena.address(piece);
        self.entries[function as usize] = address + u64::from(code.entry);
        let unit = Unit { id, piece, address, resume: code.resume, blocks: code.blocks, unexpected: 0 };
        self.units[function as usize] = Some(unit);
        true
    }

    /// Takes the code of a function out: no call goes there any more, and no waiting call returns there.
    pub fn remove(&mut self, function: u32, frames: &mut [Frame]) -> Option<Unit> {
        let unit = self.units[function as usize].take()?;
        self.entries[function as usize] = self.stubs.interpret;
        for frame in frames.iter_mut().filter(|frame| frame.function == function) {
            frame.native = 0;
        }
        self.arena.remove(unit.piece);
        Some(unit)
    }

    /// Bytes of executable memory in use.
    pub fn bytes(&self) -> usize {
        self.arena.used()
    }
}
