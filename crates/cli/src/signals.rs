//! Signals by which a limit of the process would end it without a word.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: a limit that the
//! shell has set ends in a message and an exit code of [`Status`], as our own limits do.

use crate::report::Status;
use rustix::process::{Resource, getrlimit};
use signal_hook::consts::{SIGABRT, SIGXFSZ};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Says what is to become of them. Where the system does not want that, they do what they always do.
pub(crate) fn settle() {
    // Then what is written beyond the limit on the size of files fails, and the failure is told.
    let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    // Rust ends a process that is refused memory by this signal, after it has said so. That can happen only where addresses
    // are limited: elsewhere the signal means a fault, which should leave a core.
    let is_limited = |resource| getrlimit(resource).current.is_some();
    if is_limited(Resource::As) || is_limited(Resource::Data) {
        let _ = flag::register_conditional_shutdown(
            SIGABRT,
            Status::Limit as i32,
            Arc::new(AtomicBool::new(true)),
        );
    }
}
