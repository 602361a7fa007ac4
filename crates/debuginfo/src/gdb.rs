//! The interface by which a debugger learns of code that a process makes for itself: a list of object files in memory,
//! and a function with a breakpoint in it that is called when the list changes. Its names and its layout are gdb's;
//! lldb understands it too.
//!
//! It stands outside `profile -> detect -> compile -> cache -> execute -> deoptimise`. Without a debugger, registering
//! is putting something in a list. Invariants: the list is changed under a lock, and an object stays where it is until
//! it has been taken off the list.

use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::Mutex;

/// The entry of one object file.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    object: *const u8,
    size: u64,
}

/// The head of the list, and what has just happened to it.
#[repr(C)]
struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

/// Where the debugger finds the list. (It reads and we write, both only inside [`LOCK`] or while the process is stopped.)
#[repr(transparent)]
struct Shared(UnsafeCell<Descriptor>);

// SAFETY: the descriptor is only touched with `LOCK` held.
unsafe impl Sync for Shared {}

// SAFETY: the debugger knows it by this name; nothing else in the process does, unless another just-in-time compiler of
// its own is linked into it, which the linker would refuse.
#[unsafe(no_mangle)]
static __jit_debug_descriptor: Shared =
    Shared(UnsafeCell::new(Descriptor { version: 1, action: 0, relevant: null_mut(), first: null_mut() }));

/// The debugger has a breakpoint here.
// SAFETY: see `__jit_debug_descriptor`.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn __jit_debug_register_code() {
    // Something that the compiler must not leave out, so that there is a call to break at.
    std::hint::black_box(());
}

static LOCK: Mutex<()> = Mutex::new(());

/// An object that debuggers know of until it is dropped.
#[derive(Debug)]
pub struct Registered {
    entry: *mut Entry,
    _object: Box<[u8]>,
}

impl Registered {
    /// Registers an object file.
    pub fn new(object: Vec<u8>) -> Registered {
        let object = object.into_boxed_slice();
        let entry = Box::into_raw(Box::new(Entry {
            next: null_mut(),
            previous: null_mut(),
            object: object.as_ptr(),
            size: object.len() as u64,
        }));
        let guard = LOCK.lock();
        // SAFETY: the lock is held, so nobody else touches the descriptor or an entry; entries on the list are alive.
        unsafe {
            let descriptor = &mut *__jit_debug_descriptor.0.get();
            (*entry).next = descriptor.first;
            if !descriptor.first.is_null() {
                (*descriptor.first).previous = entry;
            }
            descriptor.first = entry;
            (descriptor.relevant, descriptor.action) = (entry, REGISTER);
        }
        __jit_debug_register_code();
        drop(guard);
        Registered { entry, _object: object }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        let guard = LOCK.lock();
        // SAFETY: the lock is held; the entry is on the list, and its neighbours are alive.
        unsafe {
            let descriptor = &mut *__jit_debug_descriptor.0.get();
            let Entry { next, previous, .. } = *self.entry;
            if previous.is_null() {
                descriptor.first = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
            (descriptor.relevant, descriptor.action) = (self.entry, UNREGISTER);
        }
        __jit_debug_register_code();
        // SAFETY: the entry came from a box, and nobody knows it any more.
        drop(unsafe { Box::from_raw(self.entry) });
        drop(guard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> usize {
        let _guard = LOCK.lock();
        let mut count = 0;
        // SAFETY: the lock is held; entries on the list are alive.
        unsafe {
            let mut next = (*__jit_debug_descriptor.0.get()).first;
            while !next.is_null() {
                (count, next) = (count + 1, (*next).next);
            }
        }
        count
    }

    #[test]
    fn objects_are_listed_until_they_are_dropped() {
        let (a, b, c) = (Registered::new(vec![1]), Registered::new(vec![2]), Registered::new(vec![3]));
        assert_eq!(listed(), 3);
        drop(b);
        assert_eq!(listed(), 2);
        drop((a, c));
        assert_eq!(listed(), 0);
    }
}
