//! Executable memory: never writable and executable through one mapping.
//!
//! On x86-64 Linux an [`Arena`] is a piece of memory that is mapped twice. (Other processors would have to be told that
//! instructions have changed; there the system does it, when pages become executable.) Elsewhere each piece of code
//! gets pages of its own: mapped readable and writable, filled, then switched to readable and executable for good. An
//! operating system may refuse; then the caller keeps interpreting.

use rustix::mm::mmap_anonymous;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use rustix::mm::{Advice, MremapFlags, madvise, mremap};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mprotect, munmap};
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_void;
use std::ptr::NonNull;

/// A sealed piece of machine code with pages of its own.
#[cfg(any(test, not(all(target_arch = "x86_64", target_os = "linux"))))]
#[derive(Debug)]
struct Code {
    start: NonNull<c_void>,
    mapped: usize,
}

#[cfg(any(test, not(all(target_arch = "x86_64", target_os = "linux"))))]
impl Code {
    /// Copies machine code into memory of its own and seals it.
    ///
    /// # Errors
    /// If the operating system gives no memory or does not let it become executable.
    fn new(bytes: &[u8]) -> std::io::Result<Code> {
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
    fn address(&self) -> u64 {
        self.start.as_ptr() as u64
    }
}

#[cfg(any(test, not(all(target_arch = "x86_64", target_os = "linux"))))]
impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: exactly the pages mapped in `new`; whoever runs code keeps it alive.
        let result = unsafe { munmap(self.start.as_ptr(), self.mapped) };
        debug_assert!(result.is_ok());
    }
}

/// Memory for many small pieces of code, mapped twice. Code is written through one mapping, which is never
/// executable, and runs from the other, which is never writable. Installing code is a copy, without a call to the system.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[derive(Debug)]
pub struct Arena {
    writable: NonNull<c_void>,
    executable: NonNull<c_void>,
    /// Bytes mapped, whole pages.
    size: usize,
    /// Bytes that may be used.
    room: usize,
    free: FreeRanges,
    used: usize,
    marker: Option<Marker>,
}

/// The free ranges of an arena, never adjacent.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[derive(Debug, Default)]
struct FreeRanges {
    /// Where each starts, and its size.
    by_start: BTreeMap<usize, usize>,
    /// Sizes and starts, so that finding one takes no longer the more there are.
    by_size: BTreeSet<(usize, usize)>,
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
impl FreeRanges {
    fn insert(&mut self, start: usize, size: usize) {
        self.by_start.insert(start, size);
        self.by_size.insert((size, start));
    }

    fn remove(&mut self, start: usize) -> Option<usize> {
        let size = self.by_start.remove(&start)?;
        self.by_size.remove(&(size, start));
        Some(size)
    }

    /// Takes so many bytes from the smallest range that has them.
    fn take(&mut self, size: usize) -> Option<usize> {
        let &(room, start) = self.by_size.range((size, 0)..).next()?;
        self.remove(start);
        if room > size {
            self.insert(start + size, room - size);
        }
        Some(start)
    }

    /// Gives a range back, together with those beside it.
    fn give_back(&mut self, mut start: usize, size: usize) {
        let mut end = start + size;
        if let Some((&before, &size)) = self.by_start.range(..start).next_back()
            && before + size == start
        {
            self.remove(before);
            start = before;
        }
        if let Some(size) = self.remove(end) {
            end += size;
        }
        self.insert(start, end - start);
    }
}

/// A page that the system clears in the memory that a child process gets: so that the child notices that an arena is
/// its parent's.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[derive(Debug)]
struct Marker(NonNull<u64>);

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
impl Marker {
    const SET: u64 = 1;

    /// None if the system does not do that.
    fn new() -> Option<Marker> {
        let (size, access) = (rustix::param::page_size(), ProtFlags::READ | ProtFlags::WRITE);
        // SAFETY: a new private anonymous mapping at an address of the kernel's choice touches no existing memory.
        let start = unsafe { mmap_anonymous(std::ptr::null_mut(), size, access, MapFlags::PRIVATE) };
        let marker = Marker(NonNull::new(start.ok()?)?.cast());
        // SAFETY: exactly the page mapped above; what is in it may be cleared.
        unsafe { madvise(marker.0.as_ptr().cast(), size, Advice::LinuxWipeOnFork) }.ok()?;
        // SAFETY: the page is writable, aligned, and nobody else's.
        unsafe { marker.0.write(Marker::SET) };
        Some(marker)
    }

    fn is_set(&self) -> bool {
        // SAFETY: the page is mapped as long as the marker lives. Volatile, since forking changes it behind the compiler's back.
        unsafe { self.0.as_ptr().read_volatile() == Marker::SET }
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
impl Drop for Marker {
    fn drop(&mut self) {
        // SAFETY: exactly the page mapped in `new`.
        let result = unsafe { munmap(self.0.as_ptr().cast(), rustix::param::page_size()) };
        debug_assert!(result.is_ok());
    }
}

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

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
impl Arena {
    /// Pieces start at multiples of this: a line of the instruction cache.
    const ALIGNMENT: usize = 64;

    /// An empty arena of so many bytes. The system provides memory only for what is used.
    ///
    /// # Errors
    /// If the operating system does not give such memory.
    pub fn new(size: usize) -> std::io::Result<Arena> {
        let room = size / Arena::ALIGNMENT * Arena::ALIGNMENT;
        let size = size.max(1).next_multiple_of(rustix::param::page_size());
        let nowhere = || std::io::Error::other("the system mapped address 0");
        let (access, how) = (ProtFlags::READ | ProtFlags::EXEC, MapFlags::SHARED | MapFlags::NORESERVE);
        // SAFETY: a new anonymous mapping at an address of the kernel's choice touches no existing memory.
        let executable = unsafe { mmap_anonymous(std::ptr::null_mut(), size, access, how)? };
        let executable = NonNull::new(executable).ok_or_else(nowhere)?;
        // Of an old size of 0, that is a second mapping of the same pages. (Those of a file would do as well, but profilers look for
        // names of code only in memory that is no file's.)
        // SAFETY: the mapping made above is shared and stays as it is; the new one is at an address of the kernel's choice.
        let writable = unsafe { mremap(executable.as_ptr(), 0, size, MremapFlags::MAYMOVE) };
        let opened = writable.map_err(std::io::Error::from).and_then(|start| {
            let start = NonNull::new(start).filter(|start| *start != executable).ok_or_else(nowhere)?;
            // SAFETY: exactly the mapping just made, which nobody knows.
            unsafe { mprotect(start.as_ptr(), size, MprotectFlags::READ | MprotectFlags::WRITE) }
                .inspect_err(|_| {
                    // SAFETY: the same.
                    let _ = unsafe { munmap(start.as_ptr(), size) };
                })?;
            Ok(start)
        });
        let writable = match opened {
            Ok(writable) => writable,
            Err(error) => {
                // SAFETY: exactly the mapping made first, which nobody knows.
                let _ = unsafe { munmap(executable.as_ptr(), size) };
                return Err(error);
            }
        };
        let mut arena = Arena {
            writable,
            executable,
            size,
            room,
            free: FreeRanges::default(),
            used: 0,
            marker: Marker::new(),
        };
        arena.clear();
        Ok(arena)
    }

    /// Whether it is this process's alone. A process that was forked shares it with its parent: what one writes the other runs.
    pub fn is_ours(&self) -> bool {
        self.marker.as_ref().is_some_and(Marker::is_set)
    }

    /// Copies code into the arena; `None` if there is no room for it in one piece.
    ///
    /// # Errors
    /// None here; on other systems, if the operating system refuses.
    pub fn add(&mut self, bytes: &[u8]) -> std::io::Result<Option<Piece>> {
        let size = bytes.len().max(1).next_multiple_of(Arena::ALIGNMENT);
        let Some(start) = self.free.take(size) else { return Ok(None) };
        self.used += size;
        debug_assert!(start + bytes.len() <= self.size);
        // SAFETY: the range is inside the mapping and was free, so no code that can still run is in it.
        unsafe {
            let to = self.writable.as_ptr().cast::<u8>().add(start);
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
        }
        Ok(Some(Piece { start, size }))
    }

    /// Gives a piece back. Nothing may run in it any more, nor return to it.
    pub fn remove(&mut self, piece: Piece) {
        self.free.give_back(piece.start, piece.size);
        self.used -= piece.size;
    }

    /// Gives all pieces back, under the same condition.
    pub fn clear(&mut self) {
        self.free = FreeRanges::default();
        self.free.insert(0, self.room);
        self.used = 0;
    }

    /// The address at which a piece runs.
    pub fn address(&self, piece: Piece) -> u64 {
        self.executable.as_ptr() as u64 + piece.start as u64
    }

    /// Bytes in use.
    #[cfg(test)]
    pub fn used(&self) -> usize {
        self.used
    }
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
impl Drop for Arena {
    fn drop(&mut self) {
        for start in [self.writable, self.executable] {
            // SAFETY: exactly the mappings made in `new`; whoever runs code of an arena keeps it alive.
            let result = unsafe { munmap(start.as_ptr(), self.size) };
            debug_assert!(result.is_ok());
        }
    }
}

/// Pieces of code with pages of their own, up to a sum of sizes.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[derive(Debug)]
pub struct Arena {
    codes: std::collections::BTreeMap<usize, Code>,
    size: usize,
    used: usize,
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
impl Arena {
    /// An empty arena of so many bytes.
    ///
    /// # Errors
    /// None here; on Linux, if the operating system gives no memory.
    pub fn new(size: usize) -> std::io::Result<Arena> {
        Ok(Arena { codes: Default::default(), size, used: 0 })
    }

    /// Copies code into the arena; `None` if there is no room for it.
    ///
    /// # Errors
    /// If the operating system gives no executable memory.
    pub fn add(&mut self, bytes: &[u8]) -> std::io::Result<Option<Piece>> {
        if self.used + bytes.len() > self.size {
            return Ok(None);
        }
        let code = Code::new(bytes)?;
        let piece = Piece { start: code.address() as usize, size: bytes.len() };
        self.codes.insert(piece.start, code);
        self.used += piece.size;
        Ok(Some(piece))
    }

    /// Gives a piece back. Nothing may run in it any more, nor return to it.
    pub fn remove(&mut self, piece: Piece) {
        if self.codes.remove(&piece.start).is_some() {
            self.used -= piece.size;
        }
    }

    /// Whether it is this process's alone: a process that was forked has got a copy.
    pub fn is_ours(&self) -> bool {
        true
    }

    /// Gives all pieces back, under the same condition.
    pub fn clear(&mut self) {
        self.codes.clear();
        self.used = 0;
    }

    /// The address at which a piece runs.
    pub fn address(&self, piece: Piece) -> u64 {
        piece.start as u64
    }

    /// Bytes in use.
    #[cfg(test)]
    pub fn used(&self) -> usize {
        self.used
    }
}

#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_reused() -> std::io::Result<()> {
        let mut arena = Arena::new(4096)?;
        let pieces: Vec<Piece> = (0..64).filter_map(|_| arena.add(&[0xC3; 64]).ok().flatten()).collect();
        assert_eq!((pieces.len(), arena.used()), (64, 4096));
        assert_eq!(arena.add(&[0xC3])?, None);
        for &i in &[5, 7, 6] {
            arena.remove(pieces[i]);
        }
        assert_eq!(
            arena.add(&[0xC3; 192])?.map(|piece| arena.address(piece)),
            Some(arena.address(pieces[5]))
        );
        for &piece in pieces[..5].iter().chain(&pieces[8..]) {
            arena.remove(piece);
        }
        assert_eq!(arena.used(), 192);
        Ok(())
    }

    // SAFETY: these are the signatures of the C library.
    unsafe extern "C" {
        fn fork() -> i32;
        fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
        fn _exit(status: i32) -> !;
    }

    /// Does `work` in a child process: whether it said so.
    fn in_child(work: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child does its work on its own copy of the memory, takes no lock that another thread of the
        // parent may hold for long (the allocator's are made free by `fork`), and ends without returning.
        let pid = unsafe { fork() };
        if pid == 0 {
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(false);
            // SAFETY: as above.
            unsafe { _exit(i32::from(!done)) }
        }
        let mut status = -1;
        // SAFETY: the status is written to a variable of ours.
        let waited = unsafe { waitpid(pid, &raw mut status, 0) };
        waited == pid && status == 0
    }

    #[test]
    fn a_child_process_leaves_its_parents_arena_alone() -> std::io::Result<()> {
        let arena = Arena::new(4096)?;
        assert!(arena.is_ours());
        assert!(in_child(|| !arena.is_ours()));
        assert!(arena.is_ours());
        Ok(())
    }

    #[test]
    fn sealed_code_runs() -> std::io::Result<()> {
        // mov eax, 42; ret
        let code = Code::new(&[0xB8, 42, 0, 0, 0, 0xC3])?;
        // SAFETY: the bytes are a function of this signature, which returns 42 and touches nothing.
        let answer = unsafe { std::mem::transmute::<u64, extern "C" fn() -> i32>(code.address())() };
        assert_eq!(answer, 42);
        Ok(())
    }
}
