//! What an operation works under: the sizes allowed, and a look at the host's clock and cancel switch while it works.
//!
//! Stands with its parent beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Fuel is
//! charged before an operation starts, by sizes. That does not help a host whose deadline comes while the operation
//! runs. So whatever may take long is made of steps of a few milliseconds at the most, and says [`Watch::step`] before
//! each, with the work in the unit in which costs are charged. Every now and then the watch looks; when it is time to
//! stop, the step answers [`NumError::Interrupted`], and the operation ends without a result.

use super::{NumError, NumberLimits};
use std::cell::Cell;

/// Work between two looks, in units of fuel: about a millisecond.
const LOOK_AFTER: u64 = 1 << 19;

/// The limits of an operation, and the look at the clock while it works.
pub struct Watch {
    /// How large results may become.
    pub limits: NumberLimits,
    interrupted: Option<Box<dyn Fn() -> bool>>,
    since_look: Cell<u64>,
    work: Cell<u64>,
    longest: Cell<u64>,
}

impl Watch {
    /// Limits alone: nobody wants to interrupt.
    pub fn unhurried(limits: NumberLimits) -> Watch {
        Watch {
            limits,
            interrupted: None,
            since_look: Cell::new(0),
            work: Cell::new(0),
            longest: Cell::new(0),
        }
    }

    /// Limits, and how to find out that it is time to stop.
    pub fn new(limits: NumberLimits, interrupted: Box<dyn Fn() -> bool>) -> Watch {
        Watch { interrupted: Some(interrupted), ..Watch::unhurried(limits) }
    }

    /// Before a step of so much work.
    ///
    /// # Errors
    /// [`NumError::Interrupted`], if it is time to stop.
    pub fn step(&self, work: u64) -> Result<(), NumError> {
        self.work.set(self.work.get() + work);
        self.longest.set(self.longest.get().max(work));
        let since_look = self.since_look.get() + work;
        self.since_look.set(since_look);
        if since_look < LOOK_AFTER {
            return Ok(());
        }
        self.since_look.set(0);
        if self.is_interrupted() { Err(NumError::Interrupted) } else { Ok(()) }
    }

    /// Looks at once.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.as_ref().is_some_and(|interrupted| interrupted())
    }

    /// For tests: the work of all steps so far, and of the longest.
    pub fn steps(&self) -> (u64, u64) {
        (self.work.get(), self.longest.get())
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("limits", &self.limits).finish_non_exhaustive()
    }
}
