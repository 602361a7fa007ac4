//! Whole functions as methods: what the region builder does differently for them.
//!
//! - **Entry.** A method's inputs are its parameters, in the types of its [`Signature`]; the other locals hold `none`. There is no frame of the
//!   interpreter behind it, so every frame state tells all locals.
//! - **Calls.** The engine says which method answers a call. Its arguments are brought to its parameters' types; a guard that fails there leaves before the
//!   call, as everything that may keep a call from being made does. (Regions call in the same way.)
//! - **Returns.** What is returned is brought to the type that callers rely on, or the interpreter executes the `ret`.

use super::builder::{Builder, Ended};
use crate::abi::links::Signature;
use crate::reason::Reason;
use bytecode::FuncId;
use bytecode::machine::Flow;
use ir::{Block, CallSite, ExitReason, Imm, Input, InputPlace, Opcode, Sign, Terminator, Type, Value};
use runtime::Value as Boxed;

/// The method that answers a call.
#[derive(Clone, Debug)]
pub struct Callee {
    /// What it takes and returns.
    pub signature: Signature,
    /// Its link; `None` for the method that is being built.
    pub link: Option<u32>,
}

impl Builder<'_> {
    /// Takes the parameters and gives the other locals their first value.
    pub(super) fn start_method(&mut self, signature: &Signature) -> Result<(), Reason> {
        let function = &self.request.vm.program.program().functions[self.request.function as usize];
        if self.request.entry_pc != 0 || signature.params.len() != function.params as usize {
            let what = "a method is entered at its start with all its parameters".to_string();
            return Err(Reason::Internal { what });
        }
        self.f.result = Some(signature.result);
        for (slot, &ty) in signature.params.iter().enumerate() {
            let value = self.f.add_param(Block(0), ty);
            self.f.inputs.push(Input { place: InputPlace::Local(slot as u32), ty, sign: Sign::Any });
            self.frame.locals[slot] = Some(value);
        }
        if self.frame.locals.contains(&None) {
            let none = self.emit(Opcode::ConstBoxed, &[], Imm::Boxed(Boxed::NONE.bits()));
            for local in self.frame.locals.iter_mut().filter(|local| local.is_none()) {
                *local = Some(none);
            }
        }
        Ok(())
    }

    /// Calls a function's method.
    pub(super) fn call_method(&mut self, function: u32, method: Callee) -> Flow<Self> {
        let Callee { signature, link } = method;
        let vm = self.request.vm;
        debug_assert_eq!(signature.params.len(), vm.functions[function as usize].params as usize);
        // Before the arguments are gone.
        let state = self.state();
        let first = self.frame.stack.len() - signature.params.len();
        let mut args = Vec::with_capacity(signature.params.len());
        for (i, &ty) in signature.params.iter().enumerate() {
            let value = self.frame.stack[first + i];
            let found = self.f.ty(value);
            if found != ty && found != Type::Boxed && ty != Type::Boxed {
                self.misfits.push((function, i as u32));
            }
            args.push(self.converted(value, ty)?);
        }
        self.frame.stack.truncate(first);
        let cost = vm.program.facts(FuncId(function)).run_costs[0];
        let level = self.scopes.len() as u32 - 1;
        let counter = vm.counter(function, 0);
        let call = CallSite { callee: function, link, level, deep: self.frame.deep, cost, counter, args };
        let result = self.f.append_call(self.block, call, signature.result, state, self.origin());
        self.frame.stack.push(result);
        Ok(())
    }

    /// Returns from an inlined call or from a method; a region leaves the `ret` to the interpreter.
    pub(super) fn return_value(&mut self, value: Value) -> Flow<Self> {
        if self.scopes.len() > 1 && self.traversal.is_some() {
            return self.trace_return(value);
        }
        if self.scopes.len() > 1 {
            let from = self.block;
            self.scope_mut().returns.push((from, value));
            return Err(Ended);
        }
        let Some(ty) = self.f.result else {
            return Err(self.leave(ExitReason::Return));
        };
        self.returned.push(self.f.ty(value));
        let value = self.converted(value, ty)?;
        self.f.blocks[self.block.index()].end = Terminator::Return(value);
        Err(Ended)
    }

    /// The value in this type: as it is, boxed, or guarded and unboxed.
    fn converted(&mut self, value: Value, ty: Type) -> Flow<Self, Value> {
        match (self.f.ty(value), ty) {
            (found, wanted) if found == wanted => Ok(value),
            (_, Type::Boxed) => Ok(self.boxed(value)),
            (Type::Boxed, wanted) => Ok(self.unboxed(value, wanted)),
            (_, Type::Int) => Err(self.leave(ExitReason::NotInt)),
            (_, Type::Float) => Err(self.leave(ExitReason::NotFloat)),
            (_, Type::Bool) => Err(self.leave(ExitReason::NotBool)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::interrupts::Interrupts;
    use crate::abi::values::LAYOUT;
    use crate::abi::vm::Vm;
    use crate::compile::builder::Request;
    use crate::compile::region::build;
    use crate::detect::Graphs;
    use crate::execute::interpreter::{Leave, interpret};
    use crate::options::{Cancel, Options};
    use codegen::{Compiler, CompilerOptions};
    use ir::eval::{Called, Outcome, Scalar, SimpleHost, evaluate};
    use ir::opt::{PassCx, optimize};
    use runtime::{Io, num::Output};
    use std::cell::RefCell;
    use std::rc::Rc;

    const FIB: &str = include_str!("../../../../examples/fib_recursive.hasm");

    /// A Vm whose profile has seen the program run.
    fn profiled(source: &str, argument: i64) -> Vm {
        let program = bytecode::asm::assemble("test", source).map_err(|e| format!("{e:?}"));
        let program = program.and_then(|p| bytecode::verify(p).map_err(|e| format!("{e:?}")));
        let program = program.unwrap_or_else(|e| panic!("{e}")).into();
        let (options, arguments) = (Options::default(), [Output::Int(argument)]);
        let interrupts = Interrupts::new(&options.limits, Cancel::default());
        let mut vm = Vm::new(program, &arguments, Io::none(), &options, interrupts, Vec::new())
            .unwrap_or_else(|stop| panic!("{stop:?}"));
        assert!(matches!(interpret(&mut vm), Leave::Done));
        vm
    }

    fn method(
        vm: &Vm,
        function: u32,
        signature: &Signature,
        link: Option<u32>,
    ) -> Result<ir::Function, Reason> {
        let graphs = Graphs::default();
        let region = Rc::new(graphs.get(vm, function).whole_function()?);
        let request = Request {
            vm,
            graphs: &graphs,
            function,
            entry_pc: 0,
            input_type: &|_| (Type::Boxed, Sign::Any),
            forced: crate::options::Forced::default(),
            lies: None,
            method: Some(signature),
            callee: &|callee| (callee == 1).then(|| Callee { signature: signature.clone(), link }),
            inlining: false,
            prune: false,
            provisional: false,
        };
        let f = build(&request, &region)?.f;
        assert_eq!(ir::verify::verify(&f), Ok(()), "{f}");
        Ok(f)
    }

    thread_local! {
        static CALLED: RefCell<Option<ir::Function>> = const { RefCell::new(None) };
    }

    fn recurse(host: &mut SimpleHost, _: &CallSite, _: Type, args: &[Scalar]) -> Called {
        let f = CALLED.with_borrow(Clone::clone);
        match f.map(|f| evaluate(&f, args, host, 10_000)) {
            Some(Outcome::Returned { value, .. }) => Called::Returned(value),
            _ => Called::Left,
        }
    }

    #[test]
    fn a_recursive_function_becomes_a_method_on_unboxed_ints() {
        let vm = profiled(FIB, 9);
        let signature = Signature { params: vec![Type::Int], result: Type::Int };
        let mut f = method(&vm, 1, &signature, None).unwrap_or_else(|e| panic!("{e}"));
        optimize(&mut f, &PassCx::new());
        let text = f.to_string();
        assert!(!text.contains("box"), "{text}");
        assert_eq!(text.matches("call f1 self").count(), 2, "{text}");
        CALLED.set(Some(f.clone()));
        let mut host = SimpleHost::new();
        host.callee = Some(recurse);
        let outcome = evaluate(&f, &[Scalar::Int(15)], &mut host, 10_000);
        assert!(matches!(outcome, Outcome::Returned { value: Scalar::Int(610), .. }), "{outcome:?}");
        let unit = Compiler::new(CompilerOptions::default()).and_then(|mut c| c.compile(&f, &LAYOUT, 7));
        assert!(unit.is_ok_and(|unit| unit.direct_entry.is_some()));
    }

    #[test]
    fn other_signatures_box_and_guard() {
        let vm = profiled(FIB, 9);
        for (param, result) in [(Type::Boxed, Type::Int), (Type::Int, Type::Boxed), (Type::Float, Type::Bool)]
        {
            let signature = Signature { params: vec![param], result };
            let mut f = method(&vm, 1, &signature, Some(3)).unwrap_or_else(|e| panic!("{e}"));
            optimize(&mut f, &PassCx::new());
            assert_eq!(f.result, Some(result));
            CALLED.set(Some(f.clone()));
            let mut host = SimpleHost::new();
            host.callee = Some(recurse);
            let argument = match param {
                Type::Boxed => Scalar::Boxed(ir::eval::Host::box_int(&mut host, 10)),
                Type::Float => Scalar::Float(10.0),
                _ => Scalar::Int(10),
            };
            let outcome = evaluate(&f, &[argument], &mut host, 10_000);
            match (result, outcome) {
                (Type::Int, Outcome::Returned { value, .. }) => assert_eq!(value, Scalar::Int(55)),
                (Type::Boxed, Outcome::Returned { value: Scalar::Boxed(bits), .. }) => {
                    assert_eq!(host.text(bits), "55");
                }
                // A float is never returned as a bool.
                (Type::Bool, Outcome::Exit { .. }) => {}
                (_, outcome) => panic!("{signature:?}: {outcome:?}\n{f}"),
            }
        }
    }

    /// Loops, locals without a value, a call that nobody answers.
    #[test]
    fn loops_and_other_locals() {
        let source = "func main(n)\n load_local n\n call sum\n ret\nend\n\
            func sum(n)\n push 0\n store_local total\nagain:\n load_local n\n jump_if_zero done\n \
            load_local total\n load_local n\n add\n store_local total\n load_local n\n push 1\n sub\n \
            store_local n\n jump again\ndone:\n load_local total\n ret\nend\n";
        let vm = profiled(source, 9);
        let signature = Signature { params: vec![Type::Int], result: Type::Int };
        let mut f = method(&vm, 1, &signature, Some(3)).unwrap_or_else(|e| panic!("{e}"));
        optimize(&mut f, &PassCx::new());
        assert!(!f.to_string().contains("box_"), "{f}");
        let outcome = evaluate(&f, &[Scalar::Int(100)], &mut SimpleHost::new(), 10_000);
        assert!(matches!(outcome, Outcome::Returned { value: Scalar::Int(5050), .. }), "{outcome:?}");
        let caller = method(&vm, 0, &signature, Some(3)).unwrap_or_else(|e| panic!("{e}"));
        assert!(caller.to_string().contains("call f1 link 3 cost"), "{caller}");
        let boxed = Signature { params: vec![], result: Type::Int };
        assert!(method(&vm, 0, &boxed, None).is_err());
    }
}
