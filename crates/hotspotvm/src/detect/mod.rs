//! **Stage 2, detect:** which code is hot, and which part of the graph around it to compile.
//!
//! Each function is below, on or without the baseline rung; each place that can get hot (the target of a backward jump,
//! or a function's entry) is in one [`Hotness`]:
//!
//! ```text
//!          half the threshold of back-edges        executed threshold times: hot
//!     Cold -------------------------------> Warm -----------------------------------> the function gets baseline code,
//!                                                                                     whose counters go on
//!                                                                                        |
//!                      what it calls is not compiled yet: await, ask again soon  <-------+  optimizing threshold:
//!                      the program's compile budget is used up: postpone         <-------+  hot again
//!                                                                                        |
//!            LeftAlone  <-------------------- cannot be compiled: refuse ----------------+
//!                ^                                                                       v
//!                |  recompiled too often, entries do not pay,                        Compiling   (in the background)
//!                |  or the system refuses memory                                         |
//!                |                                                                       v  install
//!                +----------------------------------------------------------------- Compiled(unit)
//!                                                                                        |
//!              Warm  <--- invalidate, widen: one exit or mismatch too many --------------+
//!                    <--- evict: the code cache is full; the threshold doubles ----------+
//! ```
//!
//! Where there is no baseline tier, a hot place is optimized at once. Baseline code itself is made anew when its slow
//! paths give too many results of other kinds than it expects, and taken out like other code when there is no room.
//!
//! The rule for loops is the seed of this project: executed at least `threshold` times, and the
//! back-edge taken at least half as often.

pub mod cfg;
pub mod policy;

use crate::abi::vm::Vm;
use crate::reason::Reason;
use cfg::{Cfg, Subgraph};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Where a place stands in the diagram of the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Hotness {
    /// Nothing remarkable yet.
    #[default]
    Cold,
    /// On its way: reported, and looked at more often.
    Warm,
    /// Being compiled in the background.
    Compiling,
    /// Runs as compiled code: the number of the unit.
    Compiled(u32),
    /// Stays in the tier below, for the reason that was logged.
    LeftAlone,
}

/// What stands around a hot place and can be compiled as one: blocks of the function's graph, entered at one of them.
#[derive(Clone, Debug)]
pub struct Region {
    /// For each block of the function, whether it belongs to the region.
    pub inside: Vec<bool>,
    /// The region's graph as seen from its entry.
    pub graph: Subgraph,
    /// Whether it is a whole function, to be called.
    pub is_method: bool,
}

impl Region {
    /// How many bytecode instructions it covers.
    pub fn instructions(&self, cfg: &Cfg) -> u32 {
        let size = |block: &u32| cfg.blocks[*block as usize].end - cfg.blocks[*block as usize].start;
        self.graph.order.iter().map(size).sum()
    }
}

/// The graphs of a program's functions, each made when it is first asked for.
#[derive(Debug, Default)]
pub struct Graphs {
    known: RefCell<HashMap<u32, Rc<FunctionGraph>>>,
}

impl Graphs {
    /// The graph of a function.
    pub fn get(&self, vm: &Vm, function: u32) -> Rc<FunctionGraph> {
        let code = &vm.program.program().functions[function as usize].code;
        let make = || Rc::new(FunctionGraph::new(code));
        self.known.borrow_mut().entry(function).or_insert_with(make).clone()
    }
}

/// The graph of a function and its loops.
#[derive(Clone, Debug)]
pub struct FunctionGraph {
    /// All blocks.
    pub cfg: Cfg,
    whole: Subgraph,
}

impl FunctionGraph {
    /// The graph of verified code.
    pub fn new(code: &[bytecode::Inst]) -> FunctionGraph {
        let cfg = Cfg::new(code);
        let whole = cfg.subgraph(0, |_| true);
        FunctionGraph { cfg, whole }
    }

    /// How many instructions the innermost loop around `pc` has; none if there is none.
    pub fn loop_size(&self, pc: u32) -> u32 {
        let header = self.whole.loops.innermost(self.cfg.block_of[pc as usize]);
        header.map_or(0, |header| self.whole.loops.instructions(header))
    }

    /// The loop to compile when control keeps arriving at `pc` by backward jumps: the innermost natural loop around it,
    /// entered there. (A loop whose test stands below its body is entered at the body.)
    ///
    /// # Errors
    /// Why there is no such loop.
    pub fn loop_around(&self, pc: u32) -> Result<Region, Reason> {
        let entry = self.cfg.block_of[pc as usize];
        let Some(header) = self.whole.loops.innermost(entry) else {
            return Err(self.irreducible(&self.whole).unwrap_or(Reason::NoLoop { pc }));
        };
        let mut inside = vec![false; self.cfg.blocks.len()];
        for &block in self.whole.loops.body(header) {
            inside[block as usize] = true;
        }
        let graph = self.cfg.subgraph(entry, |b| inside[b as usize]);
        match self.irreducible(&graph) {
            Some(why) => Err(why),
            None => Ok(Region { inside, graph, is_method: false }),
        }
    }

    /// Why a graph cannot be compiled, if a loop in it can be entered in two ways.
    fn irreducible(&self, graph: &Subgraph) -> Option<Reason> {
        let &(from, to) = graph.irreducible.first()?;
        let (from, to) = (&self.cfg.blocks[from as usize], &self.cfg.blocks[to as usize]);
        Some(Reason::Irreducible { from: from.end - 1, to: to.start })
    }

    /// Where the innermost loop around `pc` begins.
    pub fn header_around(&self, pc: u32) -> Option<u32> {
        let header = self.whole.loops.innermost(self.cfg.block_of[pc as usize])?;
        Some(self.cfg.blocks[header as usize].start)
    }

    /// A region without blocks.
    pub fn nothing(&self) -> Region {
        let inside = vec![false; self.cfg.blocks.len()];
        Region { inside, graph: Subgraph::default(), is_method: false }
    }

    /// What can be reached from `pc`, to where control keeps going back: the rest of the function, entered in the middle.
    ///
    /// # Errors
    /// If a loop can be entered in two ways.
    pub fn rest_of_function(&self, pc: u32) -> Result<Region, Reason> {
        let graph = self.cfg.subgraph(self.cfg.block_of[pc as usize], |_| true);
        if let Some(why) = self.irreducible(&graph) {
            return Err(why);
        }
        let mut inside = vec![false; self.cfg.blocks.len()];
        for &block in &graph.order {
            inside[block as usize] = true;
        }
        Ok(Region { inside, graph, is_method: false })
    }

    /// The whole function, loops included, for a method.
    ///
    /// # Errors
    /// If a loop can be entered in two ways.
    pub fn whole_function(&self) -> Result<Region, Reason> {
        if let Some(why) = self.irreducible(&self.whole) {
            return Err(why);
        }
        let mut inside = vec![false; self.cfg.blocks.len()];
        for &block in &self.whole.order {
            inside[block as usize] = true;
        }
        Ok(Region { inside, graph: self.whole.clone(), is_method: true })
    }
}
