//! For tests: a context that pays from a heap of its own, and collects at every payment if it is to.

use super::{Context, Fault, Outcome};
use crate::heap::Heap;
use crate::io::Io;
use crate::num::{Cost, NumberLimits, Watch};
use crate::store::Store;
use crate::value::Value;

/// See the module's documentation.
pub struct TestContext {
    /// Heap, streams, limits.
    pub store: Store,
    /// Values that stay alive, and are changed where their objects move.
    pub roots: Vec<Value>,
    /// What is left.
    pub fuel: u64,
    /// What was paid last.
    pub paid: Option<Cost>,
    stress: bool,
}

impl TestContext {
    /// One with much of everything. With `stress`, each payment collects garbage and changes every reference.
    pub fn new(stress: bool) -> TestContext {
        TestContext::with(Heap::new(1 << 30, stress), NumberLimits::default(), stress)
    }

    /// One with a heap and limits.
    pub fn with(heap: Heap, limits: NumberLimits, stress: bool) -> TestContext {
        let store = Store::new(heap, Io::none(), Watch::unhurried(limits));
        TestContext { store, roots: Vec::new(), fuel: 1 << 40, paid: None, stress }
    }

    /// A str that stays alive only as far as it is held.
    pub fn str(&mut self, text: &str) -> Value {
        self.store.text(text.to_owned())
    }
}

impl Context for TestContext {
    fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    fn pay(&mut self, cost: Cost, held: &mut [Value]) -> Outcome<()> {
        if cost.fuel > self.fuel {
            return Err(Fault::Refused);
        }
        let TestContext { store, roots, stress, .. } = self;
        let mut visit_all =
            |visit: &mut dyn FnMut(&mut Value)| roots.iter_mut().chain(held.iter_mut()).for_each(visit);
        if *stress {
            store.heap.collect(&mut visit_all, &|| false).map_err(|_| Fault::Refused)?;
        }
        if !store.heap.covers(cost.request()) {
            let fits = store.heap.collect_at_limit(cost.request(), &mut visit_all, &|| false);
            if !matches!(fits, Ok(Ok(()))) {
                return Err(Fault::Refused);
            }
        }
        self.fuel -= cost.fuel;
        self.paid = Some(cost);
        Ok(())
    }

    fn fuel_left(&self) -> u64 {
        self.fuel
    }
}
