//! One compilation, in two parts: [`Driver`] builds IR from the state of the running program, [`Generator`] makes machine code of
//! it, on whatever thread.

use super::builder::{Built, Request};
use super::inline::Note;
use super::lies::Lies;
use super::method::Callee;
use super::region;
use super::trace::{self, Tree};
use crate::abi::links::{Links, Signature};
use crate::abi::values::{LAYOUT, input_value, type_of};
use crate::abi::vm::Vm;
use crate::detect::cfg::Cfg;
use crate::detect::policy::{PlaceState, Unanswered};
use crate::detect::{FunctionGraph, Graphs, Region};
use crate::event::{Listing, MachinePart};
use crate::ids::PlaceKey;
use crate::options::{Forced, Strategy};
use crate::profile::{Feedback, Kinds};
use crate::reason::Reason;
use bytecode::{FuncId, disasm};
use codegen::{CodeUnit, Compiler, CompilerOptions, MachineLine, disassemble};
use ir::opt::{PassCx, PassRun};
use ir::remark::{Remark, Topic};
use ir::{InputPlace, Origin, Sign, Type};
use std::fmt::Write;
use std::rc::Rc;
use std::time::Instant;

/// Builds IR from the running program's state: the part of a compilation that needs the program to stand still.
#[derive(Clone, Copy, Debug)]
pub struct Driver {
    /// The instructions at which optimized code leaves always.
    pub forced: Forced,
    /// Test mode: see [`crate::options::Stress::lying`].
    pub lying: Option<u64>,
    /// Whether to make listings.
    pub listings: bool,
    /// Whether to keep details for the log.
    pub details: bool,
    /// Whether calls may be inlined.
    pub inlining: bool,
}

/// A compilation whose IR has been built: the rest can be done anywhere.
#[derive(Debug)]
pub struct Job {
    /// The number of the unit to be.
    pub id: u32,
    /// Where it will be entered.
    pub key: PlaceKey,
    /// The types it assumes, for the log: `n: int`.
    pub assumes: Vec<String>,
    /// What was decided about inlining.
    pub notes: Vec<Note>,
    /// What is to be said of building, if details are wanted.
    remarks: Vec<Remark>,
    f: ir::Function,
    /// What it takes and returns, and its link, if it is a method.
    method: Option<(Signature, u32)>,
    /// The bytecode as text, if listings are wanted.
    bytecode: Option<String>,
}

/// A compilation's result.
#[derive(Debug)]
pub struct Made {
    /// The code and its exits.
    pub code: CodeUnit,
    /// The number of its unit.
    pub id: u32,
    /// Where it will be entered.
    pub key: PlaceKey,
    /// What it takes and returns, and its link, if it is a method.
    pub method: Option<(Signature, u32)>,
    /// Whether it makes calls, native or inlined ones.
    pub calls: bool,
    /// IR instructions before the passes.
    pub ir_before: u32,
    /// IR instructions after the passes.
    pub ir_after: u32,
    /// What each pass did, if details are wanted.
    pub passes: Vec<PassRun>,
    /// What was compiled, as text, if wanted.
    pub listing: Option<Box<Listing>>,
    /// Time taken, in nanoseconds.
    pub nanos: u64,
}

/// Why there is no IR.
#[derive(Debug)]
pub enum NotBuilt {
    /// It cannot be compiled.
    Refused(Reason),
    /// It passes arguments to methods of functions that take other types: the functions, and which parameters.
    Misfits(Vec<(u32, u32)>),
    /// It often makes calls that no code answers.
    Unanswered(Vec<Unanswered>),
}

/// Why there is no code.
#[derive(Debug)]
pub enum Failure {
    /// This cannot be compiled.
    Refused(Reason),
    /// The code generator gave up.
    GaveUp(Reason),
    /// Nothing can: the operating system gives no executable memory.
    NoMemory(Reason),
    /// The program has to stop first.
    Interrupted,
}

impl Job {
    /// How many IR instructions it has.
    pub fn size(&self) -> usize {
        self.f.inst_count()
    }
}

/// From IR to machine code: the part of a compilation that needs nothing of the running program. (The code generator is made
/// when it is first needed: that takes longer than many programs.)
#[derive(Debug)]
pub struct Generator {
    compiler: Option<Compiler>,
    passes: PassCx,
}

impl Failure {
    /// The operating system has refused memory for code.
    pub fn no_memory(error: std::io::Error) -> Failure {
        Failure::NoMemory(Reason::NoExecutableMemory { error: error.to_string() })
    }
}

impl Generator {
    /// One that optimizes in this way.
    pub fn new(passes: PassCx) -> Generator {
        Generator { compiler: None, passes }
    }

    /// Improves the IR and makes machine code of it.
    ///
    /// # Errors
    /// Why there is no code.
    pub fn generate(&mut self, job: Job) -> Result<Made, Reason> {
        let start = Instant::now();
        let Job { id, key, mut f, method, bytecode, remarks, .. } = job;
        debug_assert_eq!(ir::verify::verify(&f), Ok(()), "{f}");
        let ir_before = f.inst_count() as u32;
        let ir_built = if bytecode.is_some() { f.to_string() } else { String::new() };
        let mut runs = ir::opt::optimize(&mut f, &self.passes);
        if self.passes.is_abandoned() {
            return Err(Reason::NotWanted {});
        }
        if !remarks.is_empty() {
            let insts = ir_before as usize;
            runs.insert(0, PassRun { remarks, ..PassRun::built(insts) });
        }
        let broken = |error: codegen::CodegenError| Reason::CodeGenerator { error: error.to_string() };
        let compiler = match &mut self.compiler {
            Some(compiler) => compiler,
            none => {
                let check_proofs = self.passes.check_proofs;
                let options = CompilerOptions { check_proofs, ..CompilerOptions::default() };
                none.insert(Compiler::new(options).map_err(broken)?)
            }
        };
        let code = compiler.compile(&f, &LAYOUT, id).map_err(broken)?;
        let listing = bytecode.map(|bytecode| {
            let lines = disassemble(&code.bytes[..code.code_len as usize], 0, &code.places);
            let machine = machine_listing(f.function, &lines);
            let parts = code.parts.iter().map(|&(offset, part)| MachinePart::new(offset, part)).collect();
            let ir_after =
                runs.iter_mut().filter_map(|run| Some((run.name.to_string(), run.ir.take()?))).collect();
            Box::new(Listing { bytecode, ir_built, ir_after, ir: f.to_string(), machine, parts })
        });
        Ok(Made {
            code,
            id,
            key,
            method,
            calls: f.needs_depth(),
            ir_before,
            ir_after: f.inst_count() as u32,
            passes: if self.passes.remarks { runs } else { Vec::new() },
            listing,
            nanos: start.elapsed().as_nanos() as u64,
        })
    }
}

/// What is to be compiled, and what for.
#[derive(Clone, Copy)]
pub struct CompileTask<'a> {
    /// The number of the unit to be.
    pub id: u32,
    /// Where it will be entered.
    pub key: PlaceKey,
    /// What part of the program.
    pub selection: &'a Selection,
    /// See [`Request::provisional`].
    pub provisional: bool,
    /// See [`Request::prune`].
    pub prune: bool,
    /// Whether calls may be inlined.
    pub inlining: bool,
}

/// What can be compiled as one.
#[derive(Clone, Debug)]
pub enum Selection {
    /// A part of a function's graph, or all of it.
    Region(Rc<Region>),
    /// Ways that control took.
    Tree(Rc<Tree>),
}

impl Selection {
    /// Whether it is a function, to be called.
    pub fn is_method(&self) -> bool {
        match self {
            Selection::Region(region) => region.is_method,
            Selection::Tree(tree) => tree.is_method,
        }
    }

    /// The strategy that chose it, where regions are chosen by `regions`.
    pub fn strategy(&self, regions: Strategy) -> Strategy {
        match self {
            Selection::Tree(_) => Strategy::Trace,
            Selection::Region(region) if region.is_method => Strategy::Method,
            Selection::Region(_) => regions,
        }
    }

    /// How many bytecode instructions it covers, of a function with this graph.
    pub fn instructions(&self, cfg: &Cfg) -> u32 {
        match self {
            Selection::Region(region) => region.instructions(cfg),
            Selection::Tree(tree) => tree.instructions,
        }
    }

    fn build(&self, request: &Request<'_>) -> Result<Built, Reason> {
        match self {
            Selection::Region(region) => region::build(request, region),
            Selection::Tree(tree) => trace::build(request, tree),
        }
    }
}

impl Driver {
    /// Builds a region for entry at the place where the interpreter stands.
    ///
    /// # Errors
    /// Why it can't be compiled.
    pub fn build_region(
        &self,
        vm: &Vm,
        graphs: &Graphs,
        task: CompileTask<'_>,
        place: &PlaceState,
        links: &Links,
    ) -> Result<Job, NotBuilt> {
        let lies = self.lies(task.id);
        let input_type = |at: InputPlace| {
            let value = input_value(vm, at);
            let found = match type_of(vm, value) {
                _ if place.boxed.contains(&at) => (Type::Boxed, Sign::Any),
                Type::Int if !place.any_sign => {
                    (Type::Int, vm.store.as_i64(value).map_or(Sign::Any, Sign::of))
                }
                ty => (ty, Sign::Any),
            };
            lies.map_or(found, |lies| lies.input(at, found))
        };
        let callee = |function| installed(links, function);
        let request = self.request(vm, graphs, task);
        let request = Request { input_type: &input_type, callee: &callee, ..request };
        let built = task.selection.build(&request).map_err(NotBuilt::Refused)?;
        if !built.misfits.is_empty() {
            return Err(NotBuilt::Misfits(built.misfits));
        }
        self.job(vm, graphs, task, built)
    }

    /// Builds a whole function, called with parameters of these types.
    ///
    /// The type of its result is the first one in which all that it returns comes by itself, given that it returns that type
    /// where it calls itself; else it is boxed.
    ///
    /// # Errors
    /// Why it can't be compiled.
    pub fn build_method(
        &self,
        vm: &Vm,
        graphs: &Graphs,
        task: CompileTask<'_>,
        params: &[Type],
        links: &mut Links,
    ) -> Result<Job, NotBuilt> {
        let key = task.key;
        let told = |(slot, &ty): (usize, &Type)| match self.lies(task.id) {
            Some(lies) => lies.input(InputPlace::Local(slot as u32), (ty, Sign::Any)).0,
            None => ty,
        };
        let params: Vec<Type> = params.iter().enumerate().map(told).collect();
        for result in [Type::Int, Type::Float, Type::Bool, Type::Boxed] {
            let signature = Signature { params: params.clone(), result };
            let itself = Callee { signature: signature.clone(), link: None };
            let callee = |function| match function == key.function {
                true => Some(itself.clone()),
                false => installed(links, function),
            };
            let request = self.request(vm, graphs, task);
            let request = Request { method: Some(&signature), callee: &callee, ..request };
            let mut built = task.selection.build(&request).map_err(NotBuilt::Refused)?;
            // What it passes to itself, and to others of what it got from itself, depends on the type being tried.
            built.misfits.retain(|&(function, _)| function != key.function);
            let fits = result == Type::Boxed
                || !built.returned.is_empty() && built.returned.iter().all(|&ty| ty == result);
            if !fits {
                continue;
            }
            if !built.misfits.is_empty() {
                return Err(NotBuilt::Misfits(built.misfits));
            }
            if built.returned.is_empty() {
                return Err(NotBuilt::Refused(Reason::NeverReturns {}));
            }
            let mut job = self.job(vm, graphs, task, built)?;
            job.assumes.push(format!("result: {result}"));
            job.method = Some((signature.clone(), links.link(key.function, &signature)));
            return Ok(job);
        }
        Err(NotBuilt::Refused(Reason::NoResultType {}))
    }

    fn lies(&self, unit: u32) -> Option<Lies> {
        self.lying.map(|seed| Lies::new(seed, unit))
    }

    fn request<'a>(&self, vm: &'a Vm, graphs: &'a Graphs, task: CompileTask<'_>) -> Request<'a> {
        let CompileTask { id, key, .. } = task;
        Request {
            vm,
            graphs,
            function: key.function,
            entry_pc: key.pc,
            input_type: &|_| (Type::Boxed, Sign::Any),
            forced: self.forced,
            lies: self.lies(id),
            method: None,
            callee: &|_| None,
            inlining: self.inlining && task.inlining,
            prune: task.prune,
            provisional: task.provisional,
        }
    }

    fn job(&self, vm: &Vm, graphs: &Graphs, task: CompileTask<'_>, built: Built) -> Result<Job, NotBuilt> {
        if !built.unanswered.is_empty() {
            return Err(NotBuilt::Unanswered(built.unanswered));
        }
        let CompileTask { id, key, selection, .. } = task;
        let (f, notes) = (built.f, built.notes);
        debug_assert!(f.blocks.iter().all(|block| comes_from(vm, block)), "{f}");
        let inputs = f.inputs.iter().filter(|input| input.ty != Type::Boxed).map(|input| {
            format!("{}: {}{}", input_name(vm, key.function, input.place), input.ty, input.sign.suffix())
        });
        let graph = graphs.get(vm, key.function);
        Ok(Job {
            id,
            key,
            assumes: inputs.collect(),
            notes,
            remarks: if self.details { general_remarks(vm, &built.general) } else { Vec::new() },
            f,
            method: None,
            bytecode: self.listings.then(|| bytecode_listing(vm, key, &graph, selection)),
        })
    }
}

/// Whether a block and its instructions come from instructions that exist.
fn comes_from(vm: &Vm, block: &ir::BlockData) -> bool {
    let mut origins = block.insts.iter().map(|inst| inst.origin).chain([block.origin]);
    let functions = &vm.program.program().functions;
    origins.all(|at| functions.get(at.function as usize).is_some_and(|f| (at.pc as usize) < f.code.len()))
}

/// What is to be said of instructions in their general form.
fn general_remarks(vm: &Vm, general: &[(u32, u32, Feedback)]) -> Vec<Remark> {
    let words = |kinds: Kinds| kinds.describe().replace('|', " or ");
    let remark = |&(function, pc, seen): &(u32, u32, Feedback)| {
        let info = vm.functions[function as usize].cells[pc as usize].op.info();
        let topic = match seen.failed() {
            _ if info.mnemonic.starts_with("print") => Topic::RunTime,
            true => Topic::FastFailed,
            false => Topic::General,
        };
        let kinds = match info.inputs.len() {
            2 => format!("{}, and {}", words(seen.left()), words(seen.right())),
            _ => words(seen.left()),
        };
        Remark::general(topic, Origin { function, pc }, info.mnemonic, kinds)
    };
    general.iter().map(remark).collect()
}

/// The method that answers calls of a function, if one is installed.
fn installed(links: &Links, function: u32) -> Option<Callee> {
    links.method(function).map(|m| Callee { signature: m.signature.clone(), link: Some(m.link) })
}

/// The name of what an input is taken from, for people.
pub fn input_name(vm: &Vm, function: u32, place: InputPlace) -> String {
    match place {
        InputPlace::Local(slot) => {
            let locals = &vm.program.program().functions[function as usize].locals;
            locals.get(slot as usize).cloned().unwrap_or_else(|| format!("local {slot}"))
        }
        InputPlace::Stack(depth) => format!("stack {depth}"),
    }
}

fn bytecode_listing(vm: &Vm, key: PlaceKey, graph: &FunctionGraph, selection: &Selection) -> String {
    let mut blocks = match selection {
        Selection::Region(region) => region.graph.order.clone(),
        Selection::Tree(_) => (0..graph.cfg.blocks.len() as u32).collect(),
    };
    blocks.sort_unstable();
    let mut text = String::new();
    for block in blocks {
        let block = &graph.cfg.blocks[block as usize];
        text.push_str(&disasm::listing(vm.program.program(), FuncId(key.function), block.start..block.end));
    }
    text
}

/// Machine code of a unit of this function as text.
pub fn machine_listing(function: u32, lines: &[MachineLine]) -> String {
    let mut text = String::new();
    // `pc 123` or `f12:pc 123`.
    let is_other = |line: &MachineLine| line.origin.is_some_and(|origin| origin.function != function);
    let width = if lines.iter().any(is_other) { 12 } else { 8 };
    let mut last = None;
    for line in lines {
        let origin = line.origin.filter(|_| line.origin != last);
        let origin = origin.map_or_else(String::new, |origin| origin.within(function));
        last = line.origin;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:6x}  {origin:<width$}{}", line.offset, line.text);
    }
    text
}
