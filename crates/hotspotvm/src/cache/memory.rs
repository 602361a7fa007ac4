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
