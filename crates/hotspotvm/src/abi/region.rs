//! The memory of the heap's region: reserved once, at one place, larger than any reference can reach.
//!
//! Machine code reads and writes objects at `base + 8 * reference + offset`. A reference has 32 bits, and so has the index
//! of an element; so whatever bits they have, the address lies inside the reservation: a compiler's mistake can spoil what the
//! guest computes, and never the host's memory. The system gives pages when they are first written, so that a
//! reservation costs nothing but addresses.

use runtime::Value;
use runtime::heap::Reserve;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
use std::ffi::c_void;
use std::ptr::NonNull;

/// Bytes that a reference reaches from the base, and an index of an element from there, and what is between a
/// reference and its object's last slot that machine code names.
pub const REACH: usize = 2 * (8 << 32) + (1 << 20);

/// A reservation. It must outlive the heap that it is lent to.
pub struct Reservation {
    start: NonNull<c_void>,
}

// SAFETY: the mapping belongs to whoever owns the value; no thread is special to it.
unsafe impl Send for Reservation {}

impl Reservation {
    /// Reserves the memory, and lends so many words of it to a heap. `None` if the system refuses.
    pub fn new(words: usize) -> Option<(Reservation, Reserve)> {
        if size_of::<usize>() < 8 || words > REACH / 8 {
            return None;
        }
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
        // SAFETY: a new private anonymous mapping at an address of the kernel's choice touches no existing memory.
        let start = unsafe { mmap_anonymous(std::ptr::null_mut(), REACH, access, flags) }.ok()?;
        let reservation = Reservation { start: NonNull::new(start)? };
        debug_assert!(reservation.start.as_ptr().cast::<Value>().is_aligned());
        // SAFETY: the mapping is longer than that, aligned to pages, zeroed, and nobody else knows it. That it lives as long as
        // the slice is what `Vm` keeps: it drops its heap before its reservation. Any bits are values.
        let words =
            unsafe { std::slice::from_raw_parts_mut(reservation.start.as_ptr().cast::<Value>(), words) };
        Some((reservation, Reserve { words, release }))
    }

    /// Where it starts: what machine code adds references to.
    pub fn base(&self) -> *mut u64 {
        self.start.as_ptr().cast()
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped in `new`; the heap that it was lent to is gone, and no machine code runs.
        let result = unsafe { munmap(self.start.as_ptr(), REACH) };
        debug_assert!(result.is_ok());
    }
}

/// Gives whole pages back to the system; their words are zero then.
fn release(words: &mut [Value]) {
    let page = rustix::param::page_size();
    let range = words.as_mut_ptr_range();
    let (start, end) = (range.start.addr().next_multiple_of(page), range.end.addr() / page * page);
    if start >= end {
        return;
    }
    let at = range.start.cast::<c_void>().wrapping_byte_add(start - range.start.addr());
    debug_assert!(at.addr() >= range.start.addr() && at.addr() + (end - start) <= range.end.addr());
    // SAFETY: whole pages inside of a slice that is borrowed exclusively. Their content is lost, and zeros, as all bits, are values.
    let _ = unsafe { madvise(at, end - start, Advice::LinuxDontNeed) };
}
