//! The guest's standard streams.
//!
//! Writing never fails at once: the first failure is kept and ends the program at its next safepoint, so that compiled code needs no exit
//! for it. Output is buffered; it is flushed before input is read and when the program ends.

use std::io::{BufRead, Write};

/// How many bytes of output are held back at the most.
const BUFFER: usize = 1 << 16;

/// Standard output and input of a guest program.
pub struct Io {
    output: Box<dyn Write>,
    input: Box<dyn BufRead>,
    buffer: Vec<u8>,
    failure: Option<std::io::Error>,
    flush_lines: bool,
}

impl Io {
    /// Streams for a guest. With `flush_lines`, each line goes out at once: for a terminal.
    pub fn new(output: Box<dyn Write>, input: Box<dyn BufRead>, flush_lines: bool) -> Io {
        Io { output, input, buffer: Vec::new(), failure: None, flush_lines }
    }

    /// No input, and output to nowhere.
    pub fn none() -> Io {
        Io::new(Box::new(std::io::sink()), Box::new(std::io::empty()), false)
    }

    /// Writes text.
    pub fn write(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
        if self.buffer.len() >= BUFFER || (self.flush_lines && text.contains('\n')) {
            self.flush();
        }
    }

    /// Sends what is held back on its way.
    pub fn flush(&mut self) {
        let result = self.output.write_all(&self.buffer).and_then(|()| self.output.flush());
        self.buffer.clear();
        if let (Err(error), None) = (result, &self.failure) {
            self.failure = Some(error);
        }
    }

    /// The first failure to write or read, if there was one.
    pub fn failure(&self) -> Option<&std::io::Error> {
        self.failure.as_ref()
    }

    /// Reads a line of at most `limit` bytes, without its end; `None` at the end of input. Bytes that are not UTF-8
    /// become U+FFFD.
    pub fn read_line(&mut self, limit: u64) -> Option<String> {
        self.flush();
        let mut line = Vec::new();
        let mut limited = std::io::Read::take(&mut self.input, limit);
        match limited.read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => {
                self.failure.get_or_insert(error);
                return None;
            }
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
mod tests {
    use super::*;

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
        io.write("a\n");
        io.write("b\n");
        assert_eq!(io.failure().map(std::io::Error::kind), Some(std::io::ErrorKind::BrokenPipe));
    }
}
