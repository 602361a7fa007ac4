//! The guest's standard streams.
//!
//! The guest's own thread reads and writes. Writing never fails at once: the first failure is kept and ends the program
//! at its next safepoint, so that compiled code needs no exit for it. Output is buffered; it is flushed before input is
//! read and when the program ends.
//!
//! # Streams that make the guest wait
//!
//! A pipe that nobody reads, or into which nobody writes, must not keep a program beyond its deadline. So a stream that
//! may have to wait waits for a few milliseconds at a time, and then answers [`ErrorKind::WouldBlock`]: that means "not
//! yet", and is no failure. Between two such waits the host's clock and its cancel switch are looked at; when it is
//! time to stop, what was not taken until then is dropped. A stream that does not do so (a `File`, a `Vec`, what blocks
//! as long as it likes) is trusted to answer soon.

use std::io::{BufRead, Error, ErrorKind, Write};
use std::time::{Duration, Instant};

/// How many bytes of output are held back at the most.
const BUFFER: usize = 1 << 16;

/// How long output may still go out after it is time to stop, as long as it need not wait.
const GRACE: Duration = Duration::from_millis(5);

/// Standard output and input of a guest program.
pub struct Io {
    output: Box<dyn Write>,
    input: Box<dyn BufRead>,
    buffer: Vec<u8>,
    failure: Option<Error>,
    flush_lines: bool,
    /// Bytes that may still be written, of so many.
    output_left: u64,
    output_limit: u64,
    /// Whether it is time to stop, and since when that is known.
    is_due: Box<dyn Fn() -> bool>,
    due_since: Option<Instant>,
    gave_up: bool,
}

/// The output would be more than the guest may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// The limit, in bytes.
    pub limit: u64,
}

impl Io {
    /// Streams for a guest. With `flush_lines`, each line goes out at once: for a terminal.
    pub fn new(output: Box<dyn Write>, input: Box<dyn BufRead>, flush_lines: bool) -> Io {
        Io {
            output,
            input,
            buffer: Vec::new(),
            failure: None,
            flush_lines,
            output_left: u64::MAX,
            output_limit: u64::MAX,
            is_due: Box::new(|| false),
            due_since: None,
            gave_up: false,
        }
    }

    /// No input, and output to nowhere.
    pub fn none() -> Io {
        Io::new(Box::new(std::io::sink()), Box::new(std::io::empty()), false)
    }

    /// Sets how many bytes may be written, and what says that it is time to stop.
    pub fn limit(&mut self, output_bytes: Option<u64>, is_due: Box<dyn Fn() -> bool>) {
        self.output_limit = output_bytes.unwrap_or(u64::MAX);
        self.output_left = self.output_limit;
        self.is_due = is_due;
    }

    /// Writes text.
    ///
    /// # Errors
    /// If it is more than may be written; then nothing was.
    pub fn write(&mut self, text: &str) -> Result<(), TooMuch> {
        let left = self.output_left.checked_sub(text.len() as u64);
        self.output_left = left.ok_or(TooMuch { limit: self.output_limit })?;
        if self.is_over() {
            return Ok(());
        }
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() >= BUFFER || (self.flush_lines && text.contains('\n')) {
            self.flush();
        }
        Ok(())
    }

    /// Sends what is held back on its way.
    pub fn flush(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut rest = &buffer[..];
        while !rest.is_empty() && !self.is_over() {
            match self.output.write(rest) {
                Ok(0) => self.fail(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    rest = rest.get(count..).unwrap_or_default();
                    self.gave_up = !rest.is_empty() && self.is_late();
                }
                Err(error) => self.wait_or_fail(error),
            }
        }
        while !self.is_over() {
            match self.output.flush() {
                Ok(()) => break,
                Err(error) => self.wait_or_fail(error),
            }
        }
        // The room is used again.
        self.buffer = buffer;
        self.buffer.clear();
    }

    /// The first failure to write or read, if there was one.
    pub fn failure(&self) -> Option<&Error> {
        self.failure.as_ref()
    }

    /// Whether it was time to stop while a stream made the guest wait: then the program must end, whatever it does next.
    pub fn gave_up(&self) -> bool {
        self.gave_up
    }

    /// Whether nothing goes out any more.
    fn is_over(&self) -> bool {
        self.gave_up || self.failure.is_some()
    }

    fn fail(&mut self, error: Error) {
        self.failure.get_or_insert(error);
    }

    /// A stream did not do what it was to do: it is tried again, or it is time to stop, or it has failed.
    fn wait_or_fail(&mut self, error: Error) {
        match error.kind() {
            ErrorKind::Interrupted => {}
            ErrorKind::WouldBlock => self.gave_up = (self.is_due)(),
            _ => self.fail(error),
        }
    }

    /// Whether it was time to stop a while ago.
    fn is_late(&mut self) -> bool {
        (self.is_due)() && self.due_since.get_or_insert_with(Instant::now).elapsed() >= GRACE
    }

    /// Reads a line of at most `limit` bytes, without its end; `None` at the end of input. Bytes that are not UTF-8
    /// become U+FFFD.
    pub fn read_line(&mut self, limit: u64) -> Option<String> {
        self.flush();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut line = Vec::new();
        loop {
            if self.is_over() {
                return None;
            }
            let available = match self.input.fill_buf() {
                Ok([]) if line.is_empty() => return None,
                Ok([]) => break,
                Ok(available) => available,
                Err(error) => {
                    self.wait_or_fail(error);
                    continue;
                }
            };
            let available = &available[..available.len().min(limit - line.len())];
            let end = available.iter().position(|&byte| byte == b'\n');
            let taken = end.map_or(available.len(), |at| at + 1);
            line.extend_from_slice(&available[..taken]);
            self.input.consume(taken);
            if end.is_some() || line.len() >= limit {
                break;
            }
            self.gave_up = (self.is_due)();
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        Some(String::from_utf8_lossy(&line).into_owned())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    /// Answers "not yet" so many times before each byte that it takes or gives.
    #[derive(Clone, Default)]
    struct Slow {
        every: u32,
        waits: Rc<Cell<u32>>,
        taken: Rc<RefCell<Vec<u8>>>,
        given: &'static [u8],
    }

    impl Slow {
        fn wait(&mut self) -> std::io::Result<()> {
            let waits = self.waits.get() + 1;
            self.waits.set(waits);
            if waits.is_multiple_of(self.every) { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
        }
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.wait()?;
            self.taken.borrow_mut().push(bytes[0]);
            Ok(1)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl std::io::Read for Slow {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            unreachable!("lines are read by `fill_buf`")
        }
    }

    impl BufRead for Slow {
        fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
            self.wait()?;
            Ok(&self.given[..self.given.len().min(1)])
        }

        fn consume(&mut self, count: usize) {
            self.given = &self.given[count..];
        }
    }

    #[test]
    fn a_stream_that_is_not_ready_is_tried_again() {
        let slow = Slow { every: 3, given: b"one\ntwo", ..Slow::default() };
        let mut io = Io::new(Box::new(slow.clone()), Box::new(slow.clone()), false);
        io.write("some text").unwrap();
        assert_eq!(io.read_line(100).as_deref(), Some("one"));
        assert_eq!(*slow.taken.borrow(), b"some text", "output goes out before input is read");
        assert_eq!((io.read_line(100).as_deref(), io.read_line(100)), (Some("two"), None));
        assert!(!io.gave_up() && io.failure().is_none());
    }

    #[test]
    fn nobody_waits_when_it_is_time_to_stop() {
        for (reads, asked) in [(false, 5), (true, 5)] {
            let never = Slow { every: u32::MAX, given: b"x", ..Slow::default() };
            let mut io = Io::new(Box::new(never.clone()), Box::new(never.clone()), false);
            let looks = Cell::new(0);
            io.limit(None, Box::new(move || looks.replace(looks.get() + 1) + 1 >= asked));
            if reads {
                assert_eq!(io.read_line(100), None);
            } else {
                io.write("text").unwrap();
                io.flush();
            }
            assert!(io.gave_up() && io.failure().is_none());
            assert_eq!(never.waits.get(), asked, "one look for each wait");
            // Whatever comes then costs no time.
            io.write("more").unwrap();
            io.flush();
            assert_eq!(io.read_line(100), None);
            assert_eq!(never.waits.get(), asked);
        }
    }

    #[test]
    fn output_has_a_limit() {
        let taken = Slow { every: 1, ..Slow::default() };
        let mut io = Io::new(Box::new(taken.clone()), Box::new(std::io::empty()), false);
        io.limit(Some(8), Box::new(|| false));
        assert_eq!(io.write("12345"), Ok(()));
        assert_eq!(io.write("6789"), Err(TooMuch { limit: 8 }));
        assert_eq!(io.write("678"), Ok(()));
        io.flush();
        assert_eq!(*taken.taken.borrow(), b"12345678");
    }

    #[test]
    fn reads_lines_without_their_ends() {
        let mut io = Io::new(Box::new(std::io::sink()), Box::new(&b"one\r\ntwo\n\nlast"[..]), false);
        let lines: Vec<_> = std::iter::from_fn(|| io.read_line(100)).collect();
        assert_eq!(lines, ["one", "two", "", "last"]);
    }

    #[test]
    fn a_broken_output_is_reported_once_and_never_panics() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut io = Io::new(Box::new(Broken), Box::new(std::io::empty()), true);
        io.write("a\n").unwrap();
        io.write("b\n").unwrap();
        assert_eq!(io.failure().map(std::io::Error::kind), Some(std::io::ErrorKind::BrokenPipe));
    }
}
