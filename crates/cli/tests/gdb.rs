//! gdb sees our functions in compiled code. Skipped, and said so, where there is no gdb or it may not look at processes.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]
#![allow(clippy::unwrap_used)]

mod common;

use common::Dir;
use std::process::{Command, Stdio};

/// A function that calls itself until it is stopped by a breakpoint in its own compiled code.
const FIB: &str = "\
func main()
    push 24
    call fib
    print
    halt
end

func fib(n)
    load_local n
    push 2
    lt
    jump_if_zero deeper
    load_local n
    ret
deeper:
    load_local n
    push 1
    sub
    call fib
    load_local n
    push 2
    sub
    call fib
    add
    ret
end
";

/// What gdb says to these commands, the program being under it; nothing if there is none that works.
fn gdb(dir: &Dir, commands: &[&str], args: &[&str]) -> Option<String> {
    let mut command = Command::new("gdb");
    command.current_dir(dir.path()).stdin(Stdio::null()).args(["-nx", "--batch"]);
    for one in ["set debuginfod enabled off", "set startup-with-shell off", "set disable-randomization off"]
        .iter()
        .chain(commands)
    {
        command.args(["-ex", one]);
    }
    let Ok(output) = command.arg("--args").arg(env!("CARGO_BIN_EXE_hotspot")).args(args).output() else {
        eprintln!("skipped: there is no gdb");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let all = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
    if all.contains("ptrace") || all.contains("Couldn't get") || all.contains("not permitted") {
        eprintln!("skipped: gdb may not look at processes here: {all}");
        return None;
    }
    Some(all)
}

#[test]
fn a_backtrace_names_functions_tiers_and_lines() {
    let dir = Dir::new("gdb");
    dir.write("fib.hasm", FIB);
    let args =
        ["run", "--gdb", "--deterministic", "--no-inlining", "--optimizing-threshold", "100", "fib.hasm"];
    // The second piece of code that is registered is the optimized one. (Only the processor's own
    // breakpoints were seen to stop in it.)
    let commands = [
        "break __jit_debug_register_code",
        "run",
        "continue",
        "finish",
        "delete",
        "hbreak fib.optimizing",
        "continue",
        "backtrace 3",
        "info line *($pc+0x60)",
        "kill",
    ];
    let Some(said) = gdb(&dir, &commands, &args) else { return };
    if said.contains("hardware breakpoint") {
        eprintln!("skipped: the processor has no breakpoints for us: {said}");
        return;
    }
    let frame = said.lines().find(|line| line.starts_with("#0 ")).unwrap_or_else(|| panic!("{said}"));
    assert!(frame.contains("fib.optimizing"), "{said}");
    assert!(said.lines().any(|line| line.starts_with("#1 ") && line.contains(" enter ")), "{said}");
    assert!(said.lines().any(|line| line.starts_with("Line ") && line.contains("fib.hasm")), "{said}");
    // Nothing is registered unless it is asked for.
    let silent = ["run", "--deterministic", "--optimizing-threshold", "100", "fib.hasm"];
    let Some(said) = gdb(&dir, &commands, &silent) else { return };
    assert!(!said.contains("Breakpoint 1, ") && said.contains("46368"), "{said}");
}
