//! Compiling on a thread of its own: so that the program goes on meanwhile in the tier where it is, or, where it waits,
//! so that its deadline and cancel switch are seen meanwhile.
//!
//! The engine sends a [`Job`], whose IR is already built, and asks at safepoints for what has been made. In what order
//! and when results come depends on the clock, so a run that does not wait need not log the same as the next. Nobody
//! ever waits for the thread itself: it ends soon after its engine's run has, by itself.

use super::driver::{Generator, Job, Made};
use crate::ids::PlaceKey;
use crate::options::mixed;
use crate::reason::Reason;
use ir::opt::PassCx;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// What has become of a job: the code, or why there is none.
pub type Finished = (PlaceKey, Result<Made, Reason>);

/// Who waits for a result looks this often whether it must stop.
const LOOK: Duration = Duration::from_millis(1);

/// The compiling thread, from the engine's side. Dropping it has the thread begin nothing more.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
    finished: Receiver<Finished>,
    /// Nobody wants results any more.
    abandoned: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// The places of jobs sent whose result was not taken yet, in their order.
    pending: VecDeque<PlaceKey>,
    /// Test mode: results are taken after so many looks, chosen by this seed.
    delay: Option<u64>,
    looks_left: u64,
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub fn start(delay: Option<u64>, mut passes: PassCx) -> std::io::Result<Worker> {
        let (jobs, to_do) = channel::<Job>();
        let (done, finished) = channel();
        let abandoned = Arc::new(AtomicBool::new(false));
        passes.abandoned = Some(abandoned.clone());
        let work = move || {
            let mut generator = Generator::new(passes);
            for job in to_do {
                let key = job.key;
                if done.send((key, generator.generate(job))).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("hotspotvm-compiler".to_string()).spawn(work)?;
        Ok(Worker {
            jobs,
            finished,
            abandoned,
            thread: Some(thread),
            pending: VecDeque::new(),
            delay,
            looks_left: 0,
        })
    }

    /// Whether a job for this place is still to be done.
    pub fn has(&self, key: PlaceKey) -> bool {
        self.pending.contains(&key)
    }

    /// Has a job done.
    ///
    /// # Errors
    /// Gives the job back if the thread has died.
    pub fn send(&mut self, job: Job) -> Result<(), Box<Job>> {
        if let Some(seed) = self.delay {
            self.looks_left = (mixed(seed ^ u64::from(job.id)) >> 60) + 1;
        }
        let key = job.key;
        self.jobs.send(job).map_err(|error| Box::new(error.0))?;
        self.pending.push_back(key);
        Ok(())
    }

    /// A result, if there is one now.
    pub fn look(&mut self) -> Option<Finished> {
        if self.pending.is_empty() {
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
        if finished.is_some() {
            self.pending.pop_front();
        } else {
            self.pending.clear();
        }
        finished
    }

    /// Waits for the result of the only job; `None` if it must stop waiting.
    ///
    /// # Panics
    /// If the thread has: a fault in the compiler is not to be taken for code that can't be compiled.
    pub fn wait(&mut self, must_stop: impl Fn() -> bool) -> Option<Result<Made, Reason>> {
        loop {
            match self.finished.recv_timeout(LOOK) {
                Ok((_, made)) => {
                    self.pending.pop_front();
                    return Some(made);
                }
                Err(RecvTimeoutError::Timeout) if must_stop() => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                        std::panic::resume_unwind(panic);
                    }
                    return None;
                }
            }
        }
    }
}
