//! Standard streams for guests: the real ones, and ones that are kept for comparison.
//!
//! It stands beside *execute* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariants: capturing
//! output takes a bounded amount of memory, however much a program prints; with a time limit, no stream waits for longer than
//! [`WAIT`] at a time.

use crate::report::{Failure, Status};
use hotspotvm::runtime::Io;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long a stream waits before the clock is looked at.
const WAIT: Duration = Duration::from_millis(4);

/// What a pipe takes without waiting once it says that it takes anything: POSIX's `PIPE_BUF`, as large as Linux has it.
const PIPE_TAKES: usize = 4096;

/// The real streams. With `no_input`, the guest finds its input at the end; with `hurried`, it must not be kept waiting.
pub(crate) fn real(no_input: bool, hurried: bool, failed: &Failed) -> Io {
    let flush_lines = std::io::stdout().is_terminal();
    let output: Box<dyn Write> = match Hurried::of(&std::io::stdout()) {
        Some(output) if hurried => Box::new(Watched { inner: output, failed: failed.clone() }),
        _ => Box::new(Watched { inner: std::io::stdout(), failed: failed.clone() }),
    };
    let input: Box<dyn BufRead> = match hurried {
        _ if no_input => Box::new(std::io::empty()),
        true => Box::new(BufReader::new(input(true))),
        false => Box::new(std::io::stdin().lock()),
    };
    Io::new(output, input, flush_lines)
}

/// Streams whose output goes out line by line, and whose input comes from there.
pub(crate) fn shown(input: Box<dyn BufRead>, failed: &Failed) -> Io {
    Io::new(Box::new(Watched { inner: std::io::stdout(), failed: failed.clone() }), input, true)
}

/// Standard input; with `hurried`, its reader must not be kept waiting.
pub(crate) fn input(hurried: bool) -> Box<dyn Read> {
    match Hurried::of(&std::io::stdin()) {
        Some(input) if hurried => Box::new(input),
        _ => Box::new(std::io::stdin()),
    }
}

/// A stream that waits for its other end for a moment only, and then says [`ErrorKind::WouldBlock`].
///
/// Making the stream itself non-blocking would do so for all processes that share it, the shell among them.
struct Hurried {
    file: File,
    /// Whether the other end may keep one waiting: that of a file can't.
    may_wait: bool,
}

impl Hurried {
    /// The same stream, hurried.
    fn of(stream: &impl AsFd) -> Option<Hurried> {
        let file = File::from(stream.as_fd().try_clone_to_owned().ok()?);
        let may_wait = file.metadata().is_ok_and(|metadata| !metadata.is_file());
        Some(Hurried { file, may_wait })
    }

    /// Waits until the stream is ready, for a moment.
    fn wait(&self, what: PollFlags) -> std::io::Result<()> {
        let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(WAIT.subsec_nanos()) };
        match poll(&mut [PollFd::new(&self.file, what)], Some(&timeout)) {
            Ok(0) => Err(ErrorKind::WouldBlock.into()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Write for Hurried {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if !self.may_wait {
            return self.file.write(bytes);
        }
        self.wait(PollFlags::OUT)?;
        self.file.write(&bytes[..bytes.len().min(PIPE_TAKES)])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Hurried {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.may_wait {
            self.wait(PollFlags::IN)?;
        }
        self.file.read(into)
    }
}

/// Writes to standard error for at most so long; what is not taken until then is lost.
pub(crate) fn say_within(patience: Duration, bytes: &[u8]) {
    let Some(mut stream) = Hurried::of(&std::io::stderr()) else { return };
    let (start, mut rest) = (Instant::now(), bytes);
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(0) => return,
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => return,
        }
        if start.elapsed() >= patience {
            return;
        }
    }
}

/// How writing to standard output failed first, if it did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failed(Rc<RefCell<Option<Error>>>);

impl Failed {
    /// Whether it failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Whether the reader of standard output went away.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    }

    /// Says how it failed, unless that is no news.
    pub(crate) fn show(&self) -> Status {
        match &*self.0.borrow() {
            Some(error) => Failure::output("standard output", error).show(),
            None => Status::Ok,
        }
    }
}

struct Watched<W> {
    inner: W,
    failed: Failed,
}

impl<W> Watched<W> {
    /// Keeps the first error; what goes on to the caller is one of the same kind.
    fn note<T>(&self, result: std::io::Result<T>) -> std::io::Result<T> {
        result.map_err(|error| {
            let copy = match error.raw_os_error() {
                Some(code) => Error::from_raw_os_error(code),
                None => Error::from(error.kind()),
            };
            if !matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) {
                self.failed.0.borrow_mut().get_or_insert(error);
            }
            copy
        })
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let result = self.inner.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let result = self.inner.flush();
        self.note(result)
    }
}

/// How many bytes of captured output are kept.
const KEPT: usize = 1 << 16;

/// Output that was captured: its beginning, its length, and a fingerprint of all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Captured {
    kept: Vec<u8>,
    length: u64,
    fingerprint: u64,
}

impl Default for Captured {
    fn default() -> Captured {
        Captured { kept: Vec::new(), length: 0, fingerprint: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Captured {
    /// Its length, in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Its beginning.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = KEPT - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len() as u64;
        for &byte in bytes {
            self.fingerprint = (self.fingerprint ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// A handle to output that is being captured.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capture(Rc<RefCell<Captured>>);

impl Capture {
    /// What was captured so far.
    pub(crate) fn get(&self) -> Captured {
        self.0.borrow().clone()
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Input that many runs read from its beginning: what one of them read is kept for the others.
#[derive(Clone)]
pub(crate) struct SharedInput(Rc<RefCell<Recorded>>);

struct Recorded {
    bytes: Vec<u8>,
    from: Box<dyn Read>,
}

impl SharedInput {
    /// Input from there.
    pub(crate) fn new(from: Box<dyn Read>) -> SharedInput {
        SharedInput(Rc::new(RefCell::new(Recorded { bytes: Vec::new(), from })))
    }

    /// Streams for one more run: this input from its beginning, and output that is captured.
    pub(crate) fn io(&self, capture: &Capture) -> Io {
        self.io_to(Box::new(capture.clone()))
    }

    /// The same, with output that goes on as it comes.
    pub(crate) fn io_shown(&self, failed: &Failed) -> Io {
        self.io_to(Box::new(Watched { inner: std::io::stdout(), failed: failed.clone() }))
    }

    fn io_to(&self, output: Box<dyn Write>) -> Io {
        let input = BufReader::new(Replay { shared: self.clone(), at: 0 });
        Io::new(output, Box::new(input), false)
    }
}

struct Replay {
    shared: SharedInput,
    at: usize,
}

impl Read for Replay {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let recorded = &mut *self.shared.0.borrow_mut();
        if self.at == recorded.bytes.len() {
            let count = recorded.from.read(into)?;
            recorded.bytes.extend_from_slice(&into[..count]);
            self.at += count;
            return Ok(count);
        }
        let left = &recorded.bytes[self.at..];
        let count = left.len().min(into.len());
        into[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_run_reads_the_same_input() {
        let shared = SharedInput::new(Box::new(&b"one\ntwo\n"[..]));
        for _ in 0..3 {
            let mut io = shared.io(&Capture::default());
            let lines: Vec<_> = std::iter::from_fn(|| io.read_line(100)).collect();
            assert_eq!(lines, ["one", "two"]);
        }
    }

    #[test]
    fn captured_output_is_bounded_and_still_compared() {
        let mut captures = [Capture::default(), Capture::default(), Capture::default()];
        for (at, capture) in captures.iter_mut().enumerate() {
            capture.write_all(&vec![b'x'; KEPT]).unwrap();
            capture.write_all(if at == 2 { b"no" } else { b"ok" }).unwrap();
        }
        let [a, b, c] = captures.map(|capture| capture.get());
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!((c.length(), c.text().len()), (KEPT as u64 + 2, KEPT));
    }
}
