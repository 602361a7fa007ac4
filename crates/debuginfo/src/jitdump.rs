//! `jit-PID.dump`: machine code made at run time, with names, lines and times, for `perf inject --jit` and samply.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`. The format is that of Linux'
//! `tools/perf/Documentation/jitdump-specification.txt`: a header, and a record for each piece of code, its lines first,
//! all numbers as the machine has them. Since each record says when, code that comes to lie where other code lay is told
//! from it, which [`crate::perf::Map`] can't do. Times are those of the monotonic clock (`perf record -k mono`).
//!
//! Invariant: records are complete; whoever reads while the process runs, or after it was killed, sees whole ones.

use crate::Code;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::time::{ClockId, clock_gettime};
use std::ffi::c_void;
use std::fs::File;
use std::io::{Error, Result, Write};
use std::path::{Path, PathBuf};

/// `JiTD`, as a number.
const MAGIC: u32 = 0x4A69_5444;
const VERSION: u32 = 1;
const HEADER_BYTES: u32 = 40;
/// The start of each record: what it is, its size, when.
const PREFIX_BYTES: usize = 16;
const CODE_LOAD: u32 = 0;
const DEBUG_INFO: u32 = 2;

/// The machine's number in object files.
const MACHINE: u32 = if cfg!(target_arch = "x86_64") {
    62
} else if cfg!(target_arch = "aarch64") {
    183
} else {
    0
};

/// The file of this process.
#[derive(Debug)]
pub struct Dump {
    file: File,
    path: PathBuf,
    /// Code written so far: each piece has a number.
    pieces: u64,
    /// Only there for perf, which finds the file by the event that it was mapped as code.
    _mapped: Mapped,
}

impl Dump {
    /// Creates it in a directory.
    ///
    /// # Errors
    /// What the system says; also if it lets no file of this directory be mapped as code, as of one mounted `noexec`.
    pub fn create(directory: &Path) -> Result<Dump> {
        let path = directory.join(format!("jit-{}.dump", std::process::id()));
        let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
        let mut header = Record::default();
        for number in [MAGIC, VERSION, HEADER_BYTES, MACHINE, 0, std::process::id()] {
            header.u32(number);
        }
        header.u64(now());
        // Flags: none, the clock is not the processor's.
        header.u64(0);
        file.write_all(&header.0)?;
        let mapped = Mapped::of(&file)?;
        Ok(Dump { file, path, pieces: 0, _mapped: mapped })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds code, which has these bytes.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&mut self, code: &Code, bytes: &[u8]) -> Result<()> {
        let when = now();
        let mut out = Vec::new();
        if !code.lines.is_empty() && !code.file.is_empty() {
            let mut lines = Record::default();
            lines.u64(code.address);
            lines.u64(code.lines.len() as u64);
            for &(offset, line) in &code.lines {
                lines.u64(code.address + u64::from(offset));
                lines.u32(line);
                lines.u32(0);
                lines.text(&code.file);
            }
            out.extend(lines.finished(DEBUG_INFO, when)?);
        }
        let mut load = Record::default();
        // Code is installed by the thread that runs the program: in the command the first one, whose number is the process'.
        load.u32(std::process::id());
        load.u32(std::process::id());
        // Where it runs, and where it lies: the same.
        load.u64(code.address);
        load.u64(code.address);
        load.u64(bytes.len() as u64);
        load.u64(self.pieces);
        load.text(&code.name);
        load.0.extend_from_slice(bytes);
        out.extend(load.finished(CODE_LOAD, when)?);
        self.pieces += 1;
        self.file.write_all(&out)
    }
}

/// The monotonic clock, in nanoseconds.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// What a record holds behind its start.
#[derive(Default)]
struct Record(Vec<u8>);

impl Record {
    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_ne_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_ne_bytes());
    }

    /// Text up to the first zero byte, and one.
    fn text(&mut self, text: &str) {
        self.0.extend(text.bytes().take_while(|&byte| byte != 0));
        self.0.push(0);
    }

    fn finished(self, kind: u32, when: u64) -> Result<Vec<u8>> {
        let size = u32::try_from(PREFIX_BYTES + self.0.len());
        let size = size.map_err(|_| Error::other("a piece of code too large for a jitdump"))?;
        let mut whole = Record(Vec::with_capacity(size as usize));
        whole.u32(kind);
        whole.u32(size);
        whole.u64(when);
        whole.0.extend(self.0);
        Ok(whole.0)
    }
}

/// The beginning of a file, mapped as code that nobody executes.
#[derive(Debug)]
struct Mapped(*mut c_void);

impl Mapped {
    fn of(file: &File) -> Result<Mapped> {
        let (protection, flags) = (ProtFlags::READ | ProtFlags::EXEC, MapFlags::PRIVATE);
        // SAFETY: the system chooses addresses that nobody uses; nobody reads or executes what comes to lie there.
        let at = unsafe { mmap(std::ptr::null_mut(), HEADER_BYTES as usize, protection, flags, file, 0) };
        Ok(Mapped(at?))
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: it is our mapping, of which nobody else knows.
        let _ = unsafe { munmap(self.0, HEADER_BYTES as usize) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Reads numbers and texts from a file's bytes, one after the other.
    struct Reader<'a>(&'a [u8]);

    impl Reader<'_> {
        fn bytes(&mut self, count: usize) -> &[u8] {
            let (taken, rest) = self.0.split_at(count);
            self.0 = rest;
            taken
        }

        fn u32(&mut self) -> u32 {
            u32::from_ne_bytes(self.bytes(4).try_into().unwrap())
        }

        fn u64(&mut self) -> u64 {
            u64::from_ne_bytes(self.bytes(8).try_into().unwrap())
        }

        fn text(&mut self) -> String {
            let end = self.0.iter().position(|&byte| byte == 0).unwrap();
            let text = String::from_utf8(self.bytes(end).to_vec()).unwrap();
            self.bytes(1);
            text
        }
    }

    #[test]
    fn what_is_written_is_read_back_as_the_format_has_it() {
        let before = now();
        let directory = std::env::temp_dir();
        let mut dump = Dump::create(&directory).unwrap();
        let fib = Code {
            name: "fib.optimizing".to_owned(),
            address: 0x7f00_0000_1000,
            size: 4,
            file: "/home/me/fib.py".to_owned(),
            lines: vec![(0, 2), (3, 5)],
        };
        let plain =
            Code { name: "main\0.baseline".to_owned(), address: 16, file: String::new(), ..fib.clone() };
        dump.add(&fib, &[1, 2, 3, 4]).unwrap();
        dump.add(&plain, &[0xC3]).unwrap();
        let file = std::fs::read(dump.path()).unwrap();
        std::fs::remove_file(dump.path()).unwrap();
        let pid = std::process::id();
        let mut reader = Reader(&file);

        assert_eq!(reader.bytes(4), if cfg!(target_endian = "little") { b"DTiJ" } else { b"JiTD" });
        let header = [reader.u32(), reader.u32(), reader.u32(), reader.u32(), reader.u32()];
        assert_eq!((header[0], header[1], header[3], header[4]), (1, 40, 0, pid));
        #[cfg(target_arch = "x86_64")]
        assert_eq!(header[2], 62);
        let created = reader.u64();
        assert!(created >= before && created <= now());
        assert_eq!(reader.u64(), 0, "flags");

        // The lines come before the code that they are of.
        let (id, size, when) = (reader.u32(), reader.u32(), reader.u64());
        assert_eq!((id, size), (2, 16 + 16 + 2 * (16 + 16)));
        assert!(when >= created);
        assert_eq!((reader.u64(), reader.u64()), (0x7f00_0000_1000, 2));
        for (address, line) in [(0x7f00_0000_1000, 2), (0x7f00_0000_1003, 5)] {
            let entry = (reader.u64(), reader.u32(), reader.u32(), reader.text());
            assert_eq!(entry, (address, line, 0, "/home/me/fib.py".to_owned()));
        }
        for (index, code, bytes, name) in
            [(0, &fib, &[1u8, 2, 3, 4][..], "fib.optimizing"), (1, &plain, &[0xC3], "main")]
        {
            let (id, size, _) = (reader.u32(), reader.u32(), reader.u64());
            assert_eq!((id, size as usize), (0, 16 + 40 + name.len() + 1 + bytes.len()));
            assert_eq!((reader.u32(), reader.u32()), (pid, pid));
            let numbers = [reader.u64(), reader.u64(), reader.u64(), reader.u64()];
            assert_eq!(numbers, [code.address, code.address, bytes.len() as u64, index]);
            assert_eq!((reader.text().as_str(), reader.bytes(bytes.len())), (name, bytes));
        }
        assert!(reader.0.is_empty());
    }
}
