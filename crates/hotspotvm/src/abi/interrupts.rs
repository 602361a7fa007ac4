//! What stops a run from outside: the clock and the cancel switch.
//!
//! Whoever begins something that takes long looks here first, and whoever waits looks again and again.

use crate::options::{Cancel, Limits};
use runtime::LimitKind;
use std::time::{Duration, Instant};

/// The deadline of a run and its cancel switch.
#[derive(Clone, Debug)]
pub struct Interrupts {
    deadline: Option<Instant>,
    timeout: Duration,
    cancel: Cancel,
    possible: bool,
}

impl Interrupts {
    /// Those of a run that begins now. (A timeout that no clock reaches is none.)
    pub fn new(limits: &Limits, cancel: &Cancel) -> Interrupts {
        let timeout = limits.timeout.unwrap_or_default();
        let start = limits.started.unwrap_or_else(Instant::now);
        let deadline = limits.timeout.and_then(|timeout| start.checked_add(timeout));
        let possible = deadline.is_some() || cancel.is_shared();
        Interrupts { deadline, timeout, cancel: cancel.clone(), possible }
    }

    /// Whether anything may interrupt the run: there is a deadline, or the host holds a cancel switch.
    pub fn are_possible(&self) -> bool {
        self.possible
    }

    /// Whether the run must stop.
    pub fn are_due(&self) -> bool {
        self.cancel.is_cancelled() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Why the run must stop, if it must.
    pub fn reason(&self) -> Option<(LimitKind, String)> {
        if !self.are_due() {
            None
        } else if self.cancel.is_cancelled() {
            Some((LimitKind::Cancelled, "cancelled by the host".to_string()))
        } else {
            Some((LimitKind::Time, format!("{:?} are over", self.timeout)))
        }
    }
}
