//! For tests: a place where operations happen, that counts what they pay and can refuse it.

#![allow(clippy::unwrap_used)]

use super::{Context, Fault, Outcome};
use crate::heap::Heap;
use crate::io::Io;
use crate::num::{Cost, NumberLimits, Watch};
use crate::store::Store;
use crate::value::Value;

/// A [`Context`] that pays until it shall not. With stress, all objects move at every payment.
pub struct TestContext {
    /// The heap and the rest.
    pub store: Store,
    /// Values that are alive whatever happens.
    pub roots: Vec<Value>,
    /// Fuel that is left.
    pub fuel: u64,
    /// How many payments are made until one is refused.
    pub payments_left: usize,
    /// Bytes that were paid for.
    pub paid_bytes: u64,
    /// How many payments there were.
    pub payments: usize,
}

impl TestContext {
    pub fn new(stress: bool) -> TestContext {
        let watch = Watch::unhurried(NumberLimits::default());
        TestContext {
            store: Store::new(Heap::new(1 << 30, stress), Io::none(), watch),
            roots: Vec::new(),
            fuel: 1 << 40,
            payments_left: usize::MAX,
            paid_bytes: 0,
            payments: 0,
        }
    }
}

impl Context for TestContext {
    fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    fn pay(&mut self, cost: Cost, held: &mut [Value]) -> Outcome<()> {
        if self.payments_left == 0 || cost.fuel > self.fuel || !self.store.heap.covers(cost.request()) {
            return Err(Fault::Refused);
        }
        self.payments_left -= 1;
        self.payments += 1;
        self.fuel -= cost.fuel;
        self.paid_bytes += cost.request() - cost.scratch_bytes;
        if self.store.heap.wants_collection() {
            let roots = &mut self.roots;
            self.store
                .heap
                .collect(&mut |visit| held.iter_mut().chain(roots.iter_mut()).for_each(&mut *visit), &|| {
                    false
                })
                .unwrap();
        }
        Ok(())
    }

    fn fuel_left(&self) -> u64 {
        self.fuel
    }
}

#[test]
fn objects_move_and_what_is_paid_is_what_is_charged() {
    use super::{list, routine};
    use bytecode::Routine;
    let mut cx = TestContext::new(true);
    let large = cx.store.int(1 << 60);
    let list = list::new(&mut cx, &mut [Value::TRUE, large]).unwrap();
    cx.roots.push(list);
    for i in 0..100 {
        let list = cx.roots[0];
        let value = cx.store.int(i << 46);
        routine(&mut cx, Routine::Append, 0, &mut [list, value]).unwrap();
    }
    assert_eq!(cx.paid_bytes, cx.store.heap.charged());
    let list = cx.store.heap.object(cx.roots[0]).unwrap();
    let elements = list::elements(&cx.store, list);
    let ints: Vec<i64> = elements.iter().map(|&value| cx.store.as_i64(value).unwrap_or(-1)).collect();
    let expected: Vec<i64> = [-1, 1 << 60].into_iter().chain((0..100).map(|i| i << 46)).collect();
    assert_eq!(ints, expected);
}
