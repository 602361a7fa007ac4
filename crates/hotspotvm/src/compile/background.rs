//! Compiling on a thread of its own, so that the program goes on meanwhile in the tier where it is.
//!
//! The engine sends a [`Job`], whose IR is already built, and asks at safepoints for what has been made. In what order and when results
//! come depends on the clock, so a run that compiles in the background need not log the same as the next.

use super::driver::{Generator, Job, Made};
use crate::ids::PlaceKey;
use crate::reason::Reason;
use ir::opt::PassCx;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// What has become of a job: the code, or why there is none.
pub type Finished = (PlaceKey, Result<Made, Reason>);

/// The compiling thread, from the engine's side. Dropping it lets the thread end after the job that it is at.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
    finished: Receiver<Finished>,
    /// Jobs sent whose result was not taken yet.
    pending: u32,
    /// Test mode: results are taken after so many looks, chosen by this seed.
    delay: Option<u64>,
    looks_left: u64,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(delay: Option<u64>, passes: PassCx) -> std::io::Result<Worker> {
        let (jobs, to_do) = channel::<Job>();
        let (done, finished) = channel();
        std::thread::Builder::new().name("hotspotvm-compiler".to_string()).spawn(move || {
            let mut generator = Generator::new(passes);
            for job in to_do {
                let key = job.key;
                if done.send((key, generator.generate(job))).is_err() {
                    return;
                }
            }
        })?;
        Ok(Worker { jobs, finished, pending: 0, delay, looks_left: 0 })
    }

    /// Has a job done.
    ///
    /// # Errors
    /// Gives the job back if the thread has died.
    pub fn send(&mut self, job: Job) -> Result<(), Box<Job>> {
        if let Some(seed) = self.delay {
            let mixed = (seed ^ u64::from(job.id)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            self.looks_left = (mixed >> 60) + 1;
        }
        self.jobs.send(job).map_err(|error| Box::new(error.0))?;
        self.pending += 1;
        Ok(())
    }

    /// A result, if there is one now.
    pub fn look(&mut self) -> Option<Finished> {
        if self.pending == 0 {
            return None;
        }
        let finished = if self.delay.is_some() {
            self.looks_left = self.looks_left.saturating_sub(1);
            if self.looks_left > 0 {
                return None;
            }
            self.finished.recv().ok()
        } else {
            match self.finished.try_recv() {
                Ok(finished) => Some(finished),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => None,
            }
        };
        // A thread that has died takes its jobs with it.
        self.pending = if finished.is_some() { self.pending - 1 } else { 0 };
        finished
    }
}
