//! All checks in one command: those of `.ci/run`, which is the one list of them.
//!
//! It stands beside `profile -> detect -> compile -> cache -> execute -> deoptimise`.

use std::path::Path;
use std::process::Command;

/// Runs them; whether all went well.
///
/// # Errors
/// If the script can't be started.
pub fn run(root: &Path) -> Result<bool, String> {
    let status = Command::new("bash").arg(".ci/run").current_dir(root).status();
    Ok(status.map_err(|error| format!("can't start bash: {error}"))?.success())
}
