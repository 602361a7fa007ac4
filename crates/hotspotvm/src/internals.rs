//! What this workspace's own tests and examples need of the insides. **Unstable**: it may change with every version,
//! and is only there with the feature `internals`. Everything in it is safe to call.

pub use crate::compile::inline::MAX_LEVELS;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub use baseline::BaselineCompilation;

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod baseline {
    use crate::abi::interrupts::Interrupts;
    use crate::abi::vm::Vm;
    use crate::compile::baseline::{Request, Workspace, compile};
    use crate::options::{Cancel, Options};
    use bytecode::{FuncId, Verified};
    use runtime::num::Output;
    use runtime::{Io, Stop};
    use std::sync::Arc;

    /// A program's first function, ready to be compiled by the baseline compiler as often as one likes: for measuring it. Nothing
    /// of it is run.
    pub struct BaselineCompilation {
        vm: Vm,
        workspace: Workspace,
    }

    impl BaselineCompilation {
        /// Loads a program.
        ///
        /// # Errors
        /// As [`Engine::run`](crate::Engine::run), if the program does not take these arguments or does not fit its limits.
        pub fn new(program: Arc<Verified>, arguments: &[Output]) -> Result<BaselineCompilation, Box<Stop>> {
            let options = Options::default();
            let interrupts = Interrupts::new(&options.limits, &Cancel::default());
            let vm = Vm::new(program, arguments, Io::none(), &options, interrupts, Vec::new())?;
            Ok(BaselineCompilation { vm, workspace: Workspace::default() })
        }

        /// How many bytecode instructions it has.
        pub fn instructions(&self) -> usize {
            self.vm.functions[0].cells.len()
        }

        /// Compiles it once and says how many bytes of machine code that made.
        ///
        /// # Errors
        /// Why it can't be compiled, in words.
        pub fn compile(&mut self) -> Result<usize, String> {
            let request = Request {
                function: 0,
                functions: &self.vm.functions,
                facts: self.vm.program.facts(FuncId(0)),
                constants: &self.vm.constants,
                forms: &self.vm.forms,
                stress: None,
                places: false,
            };
            Ok(compile(&request, &mut self.workspace)?.bytes.len())
        }
    }
}
