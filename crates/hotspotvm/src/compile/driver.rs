//! One compilation, from a region to a unit that can be installed.

use super::method::{Callee, Signature};
use super::region::{self, Request};
use crate::cache::{CodeCache, Method, Unit, memory};
use crate::detect::policy::{PlaceKey, PlaceState};
use crate::detect::{FunctionGraph, Region};
use crate::event::Listing;
use crate::execute::native::{LAYOUT, input_value, type_of};
use crate::execute::vm::Vm;
use bytecode::{FuncId, disasm};
use codegen::{Compiler, CompilerOptions};
use ir::opt::PassCx;
use ir::{InputPlace, Sign, Type};
use std::fmt::Write;

/// The compiler and what it needs from compilation to compilation.
pub struct Driver {
    compiler: Option<Compiler>,
    /// Test mode: see [`crate::options::Stress::exits`].
    pub stress: Option<u64>,
    /// Whether to make listings.
    pub listings: bool,
}

/// A compilation's result.
pub struct Compiled {
    /// The code, ready to be installed.
    pub unit: Unit,
    /// The types it assumes, for the log: `n: int`.
    pub assumes: Vec<String>,
    /// IR instructions before the passes.
    pub ir_before: u32,
    /// IR instructions after the passes.
    pub ir_after: u32,
    /// Bytes of machine code.
    pub code_bytes: u32,
    /// What was compiled, as text, if wanted.
    pub listing: Option<Box<Listing>>,
}

/// Why there is no code.
pub enum Failure {
    /// This region cannot be compiled, for a reason in words.
    Refused(String),
    /// No region can: the operating system gives no executable memory.
    NoMemory(String),
}

impl Driver {
    /// A driver that has not compiled anything yet. (The code generator is made when it is first needed: that takes
    /// longer than many programs.)
    pub fn new(stress: Option<u64>, listings: bool) -> Driver {
        Driver { compiler: None, stress, listings }
    }

    /// Compiles a region for entry at the place where the interpreter stands.
    ///
    /// # Errors
    /// See [`Failure`].
    #[allow(clippy::too_many_arguments)]
    pub fn compile_region(
        &mut self,
        vm: &Vm,
        id: u32,
        key: PlaceKey,
        place: &PlaceState,
        graph: &FunctionGraph,
        region: &Region,
        cache: &CodeCache,
    ) -> Result<Compiled, Failure> {
        let input_type = |at: InputPlace| {
            let value = input_value(vm, at);
            match type_of(vm, value) {
                _ if place.boxed.contains(&at) => (Type::Boxed, Sign::Any),
                Type::Int if !place.any_sign => {
                    (Type::Int, vm.store.as_i64(value).map_or(Sign::Any, Sign::of))
                }
                ty => (ty, Sign::Any),
            }
        };
        let callee = |function| installed(cache, function);
        let built = region::build(&Request {
            input_type: &input_type,
            callee: &callee,
            ..self.request(vm, key, graph, region, &|f| entry_cost(vm, f))
        });
        let f = built.map_err(Failure::Refused)?.f;
        self.finish(vm, id, key, graph, region, f)
    }

    /// Compiles a whole function, called with parameters of these types.
    ///
    /// The type of its result is the first one in which all that it returns comes by itself, given that it returns that type
    /// where it calls itself; else it is boxed.
    ///
    /// # Errors
    /// See [`Failure`].
    #[allow(clippy::too_many_arguments)]
    pub fn compile_method(
        &mut self,
        vm: &Vm,
        id: u32,
        key: PlaceKey,
        params: &[Type],
        graph: &FunctionGraph,
        region: &Region,
        cache: &mut CodeCache,
    ) -> Result<Compiled, Failure> {
        for result in [Type::Int, Type::Float, Type::Bool, Type::Boxed] {
            let signature = Signature { params: params.to_vec(), result };
            let itself = Callee { signature: signature.clone(), link: None };
            let callee = |function| match function == key.function {
                true => Some(itself.clone()),
                false => installed(cache, function),
            };
            let built = region::build(&Request {
                method: Some(&signature),
                callee: &callee,
                ..self.request(vm, key, graph, region, &|f| entry_cost(vm, f))
            });
            let built = built.map_err(Failure::Refused)?;
            if built.returned.is_empty() {
                return Err(Failure::Refused("it never returns".to_string()));
            }
            if result != Type::Boxed && built.returned.iter().any(|&ty| ty != result) {
                continue;
            }
            let mut compiled = self.finish(vm, id, key, graph, region, built.f)?;
            let link = cache.link(key.function, &signature);
            if let Some(method) = &mut compiled.unit.method {
                method.link = link;
                method.signature = signature;
            }
            compiled.assumes.push(format!("result {result}"));
            return Ok(compiled);
        }
        Err(Failure::Refused("it has no type".to_string()))
    }

    fn request<'a>(
        &self,
        vm: &'a Vm,
        key: PlaceKey,
        graph: &'a FunctionGraph,
        region: &'a Region,
        entry_cost: &'a dyn Fn(u32) -> u32,
    ) -> Request<'a> {
        Request {
            program: vm.program.program(),
            facts: vm.program.facts(FuncId(key.function)),
            function: key.function,
            cells: &vm.functions[key.function as usize].cells,
            cfg: &graph.cfg,
            region,
            entry_pc: key.pc,
            input_type: &|_| (Type::Boxed, Sign::Any),
            constants: &vm.constants,
            stress: self.stress,
            method: None,
            callee: &|_| None,
            entry_cost,
        }
    }

    /// Improves what was built, and makes machine code of it.
    fn finish(
        &mut self,
        vm: &Vm,
        id: u32,
        key: PlaceKey,
        graph: &FunctionGraph,
        region: &Region,
        mut f: ir::Function,
    ) -> Result<Compiled, Failure> {
        debug_assert_eq!(ir::verify::verify(&f), Ok(()), "{f}");
        let ir_before = f.inst_count() as u32;
        let ir_built = if self.listings { f.to_string() } else { String::new() };
        ir::opt::optimize(&mut f, &PassCx::new());
        let broken =
            |error: codegen::CodegenError| Failure::Refused(format!("the code generator gave up: {error}"));
        let compiler = match &mut self.compiler {
            Some(compiler) => compiler,
            none => none.insert(Compiler::new(CompilerOptions::default()).map_err(broken)?),
        };
        let code_unit = compiler.compile(&f, &LAYOUT, id).map_err(broken)?;
        // Pages are aligned better than any code asks for.
        debug_assert!(rustix::param::page_size().is_multiple_of(code_unit.alignment as usize));
        let code =
            memory::Code::new(&code_unit.bytes).map_err(|error| Failure::NoMemory(error.to_string()))?;
        let listing = self.listings.then(|| {
            Box::new(Listing {
                bytecode: bytecode_listing(vm, key, graph, region),
                ir_built,
                ir: f.to_string(),
                machine: machine_listing(&code_unit),
            })
        });
        let assumes = f
            .inputs
            .iter()
            .filter(|input| input.ty != Type::Boxed)
            .map(|input| {
                format!("{}: {}{}", input_name(vm, key.function, input.place), input.ty, input.sign.suffix())
            })
            .collect();
        Ok(Compiled {
            assumes,
            ir_before,
            ir_after: f.inst_count() as u32,
            code_bytes: code_unit.bytes.len() as u32,
            listing,
            unit: Unit {
                id,
                place: key,
                code,
                inputs: code_unit.inputs,
                exit_counts: vec![0; code_unit.exits.len()],
                exits: code_unit.exits,
                calls: !f.calls.is_empty(),
                method: code_unit.direct_entry.map(|direct_entry| Method {
                    signature: Signature { params: Vec::new(), result: f.result.unwrap_or(Type::Boxed) },
                    link: 0,
                    direct_entry,
                }),
                entries: 0,
                instructions: 0,
                mismatches: 0,
                slots: code_unit.slots,
            },
        })
    }
}

/// The method that answers calls of a function, if one is installed.
fn installed(cache: &CodeCache, function: u32) -> Option<Callee> {
    cache.method(function).map(|m| Callee { signature: m.signature.clone(), link: Some(m.link) })
}

/// What entering a function costs in fuel.
fn entry_cost(vm: &Vm, function: u32) -> u32 {
    vm.program.facts(FuncId(function)).run_costs.first().copied().unwrap_or(0)
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

fn bytecode_listing(vm: &Vm, key: PlaceKey, graph: &FunctionGraph, region: &Region) -> String {
    let mut blocks = region.graph.order.clone();
    blocks.sort_unstable();
    let mut text = String::new();
    for block in blocks {
        let block = &graph.cfg.blocks[block as usize];
        text.push_str(&disasm::listing(vm.program.program(), FuncId(key.function), block.start..block.end));
    }
    text
}

fn machine_listing(unit: &codegen::CodeUnit) -> String {
    let mut text = String::new();
    let mut last = None;
    for line in codegen::disassemble(&unit.bytes[..unit.code_len as usize], 0, &unit.places) {
        let pc = match line.pc {
            Some(pc) if line.pc != last => format!("pc {pc}"),
            _ => String::new(),
        };
        last = line.pc;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:6x}  {pc:<8}{}", line.offset, line.text);
    }
    text
}
