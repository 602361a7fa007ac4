//! Executable memory: written, then sealed, never both at once.
//!
//! Each piece of code gets pages of its own: mapped readable and writable, filled, then switched to readable and
//! executable for good. They are given back when the [`Code`] is dropped. An operating system may refuse (for
//! example after `prctl(PR_SET_MDWE)`); then the caller keeps interpreting.

use codegen::Entry;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::ffi::c_void;
use std::ptr::NonNull;

/// A sealed piece of machine code.
#[derive(Debug)]
pub struct Code {
    start: NonNull<c_void>,
    mapped: usize,
}

// SAFETY: the memory is never written after `Code::new` returns, and only `Drop` unmaps it.
unsafe impl Send for Code {}
// SAFETY: as above; shared access only reads or executes.
unsafe impl Sync for Code {}

impl Code {
    /// Copies machine code into memory of its own and seals it.
    ///
    /// # Errors
    /// If the operating system gives no memory or does not let it become executable.
    pub fn new(bytes: &[u8]) -> std::io::Result<Code> {
        let page = rustix::param::page_size();
        let mapped = bytes.len().max(1).next_multiple_of(page);
        // SAFETY: a new private anonymous mapping at an address of the kernel's choice touches no existing memory.
        let start = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                mapped,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )?
        };
        let start =
            NonNull::new(start).ok_or_else(|| std::io::Error::other("the system mapped address 0"))?;
        let code = Code { start, mapped };
        debug_assert!(bytes.len() <= code.mapped);
        // SAFETY: the mapping is `mapped` bytes long, writable, and nobody else knows it yet.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), code.start.as_ptr().cast(), bytes.len()) };
        // SAFETY: exactly the pages mapped above; no reference to them exists.
        unsafe { mprotect(code.start.as_ptr(), code.mapped, MprotectFlags::READ | MprotectFlags::EXEC)? };
        Ok(code)
    }

    /// Where it lies.
    pub fn address(&self) -> usize {
        self.start.as_ptr() as usize
    }

    /// The code as a function.
    ///
    /// # Safety
    /// The bytes must be a function of this signature, generated for this machine, and it may only be called while this
    /// `Code` lives.
    pub unsafe fn entry(&self) -> Entry {
        // SAFETY: the mapping is executable and holds a function of this signature, by the caller's promise.
        unsafe { std::mem::transmute::<*mut c_void, Entry>(self.start.as_ptr()) }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: exactly the pages mapped in `new`; `entry`'s contract forbids use after this.
        let result = unsafe { munmap(self.start.as_ptr(), self.mapped) };
        debug_assert!(result.is_ok());
    }
}

/// Memory for many small pieces of code: one file in memory, mapped twice. Code is written through one mapping, which is never
/// executable, and runs from the other, which is never writable. Installing code is a copy, without a call to the system.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub struct Arena {
    writable: NonNull<c_void>,
    executable: NonNull<c_void>,
    size: usize,
    /// Free ranges, in order and never adjacent.
    free: std::collections::BTreeMap<usize, usize>,
    used: usize,
}

// SAFETY: the mappings belong to the arena alone and are given back only when it is dropped.
#[cfg(target_os = "linux")]
unsafe impl Send for Arena {}

/// A piece of an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    start: usize,
    size: usize,
}

impl Piece {
    /// Its size in bytes, rounded up as the arena does.
    pub fn size(self) -> usize {
        self.size
    }
}

#[cfg(target_os = "linux")]
impl Arena {
    /// Pieces start at multiples of this: a line of the instruction cache.
    const ALIGNMENT: usize = 64;

    /// An empty arena of so many bytes. The system provides memory only for what is used.
    ///
    /// # Errors
    /// If the operating system does not give such memory.
    pub fn new(size: usize) -> std::io::Result<Arena> {
        use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
        use rustix::mm::mmap;
        let size = size.max(1).next_multiple_of(rustix::param::page_size());
        let file = memfd_create("hotspotvm-code", MemfdFlags::CLOEXEC)?;
        ftruncate(&file, size as u64)?;
        let map = |protection| -> std::io::Result<NonNull<c_void>> {
            // SAFETY: a new shared mapping of a file of our own, at an address of the kernel's choice, touches no
            // existing memory.
            let start = unsafe { mmap(std::ptr::null_mut(), size, protection, MapFlags::SHARED, &file, 0)? };
            NonNull::new(start).ok_or_else(|| std::io::Error::other("the system mapped address 0"))
        };
        let executable = map(ProtFlags::READ | ProtFlags::EXEC)?;
        let writable = match map(ProtFlags::READ | ProtFlags::WRITE) {
            Ok(writable) => writable,
            Err(error) => {
                // SAFETY: exactly the mapping made above, which nobody knows.
                let _ = unsafe { munmap(executable.as_ptr(), size) };
                return Err(error);
            }
        };
        Ok(Arena { writable, executable, size, free: [(0, size)].into(), used: 0 })
    }

    /// Copies code into the arena; `None` if there is no room for it in one piece.
    pub fn add(&mut self, bytes: &[u8]) -> Option<Piece> {
        let size = bytes.len().max(1).next_multiple_of(Arena::ALIGNMENT);
        let (&start, &room) = self.free.iter().find(|&(_, &room)| room >= size)?;
        self.free.remove(&start);
        if room > size {
            self.free.insert(start + size, room - size);
        }
        self.used += size;
        debug_assert!(start + bytes.len() <= self.size);
        // SAFETY: the range is inside the mapping and was free, so no code that can still run is in it.
        unsafe {
            let to = self.writable.as_ptr().cast::<u8>().add(start);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        }
        Some(Piece { start, size })
    }

    /// Gives a piece back. Nothing may run in it any more, nor return to it.
    pub fn remove(&mut self, piece: Piece) {
        let (mut start, mut end) = (piece.start, piece.start + piece.size);
        if let Some((&before, &size)) = self.free.range(..start).next_back()
            && before + size == start
        {
            self.free.remove(&before);
            start = before;
        }
        if let Some(size) = self.free.remove(&end) {
            end += size;
        }
        self.free.insert(start, end - start);
        self.used -= piece.size;
    }

    /// The address at which a piece runs.
    pub fn address(&self, piece: Piece) -> u64 {
        self.executable.as_ptr() as u64 + piece.start as u64
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.used
    }
}

#[cfg(target_os = "linux")]
impl Drop for Arena {
    fn drop(&mut self) {
        for start in [self.writable, self.executable] {
            // SAFETY: exactly the mappings made in `new`; whoever runs code of an arena keeps it alive.
            let result = unsafe { munmap(start.as_ptr(), self.size) };
            debug_assert!(result.is_ok());
        }
    }
}

/// Whether this process may have executable memory at all.
///
/// # Errors
/// Why not.
pub fn probe() -> std::io::Result<()> {
    Code::new(&[0xC3]).map(drop)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_reused() -> std::io::Result<()> {
        let mut arena = Arena::new(4096)?;
        let pieces: Vec<Piece> = (0..64).filter_map(|_| arena.add(&[0xC3; 64])).collect();
        assert_eq!((pieces.len(), arena.used()), (64, 4096));
        assert_eq!(arena.add(&[0xC3]), None);
        for &i in &[5, 7, 6] {
            arena.remove(pieces[i]);
        }
        assert_eq!(arena.add(&[0xC3; 192]).map(|piece| arena.address(piece)), Some(arena.address(pieces[5])));
        for &piece in pieces[..5].iter().chain(&pieces[8..]) {
            arena.remove(piece);
        }
        assert_eq!(arena.used(), 192);
        Ok(())
    }

    #[test]
    fn sealed_code_runs() -> std::io::Result<()> {
        // mov eax, 42; ret
        let code = Code::new(&[0xB8, 42, 0, 0, 0, 0xC3])?;
        // SAFETY: the bytes are a function.
        let entry = unsafe { code.entry() };
        // SAFETY: it returns 42 and touches nothing.
        assert_eq!(unsafe { entry(std::ptr::null_mut()) }, 42);
        Ok(())
    }
}
