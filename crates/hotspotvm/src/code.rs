//! Machine code that was installed, for tools outside of the engine: profilers and debuggers that should know its names
//! and lines.
//!
//! Told by *cache* in `profile -> detect -> compile -> cache -> execute -> deoptimise`. Invariant: it is a description;
//! nobody gets at the memory by it.

use crate::abi::vm::Vm;
use crate::event::Spot;
use crate::options::Tier;
use ir::Origin;

/// Code that has just been installed. It is taken out when an event says so:
/// [`Invalidate`](crate::Event::Invalidate) or [`Evict`](crate::Event::Evict).
#[derive(Clone, Debug)]
pub struct InstalledCode<'a> {
    /// The unit's number in the log.
    pub unit: u32,
    /// A name that tells it from other code, without spaces: `fib.optimizing`, or `main.line_7.optimizing` for a loop.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Where it lies.
    pub address: u64,
    /// The code, and the constants behind it.
    pub bytes: &'a [u8],
    /// Where code comes from, by offset in ascending order: up to the next one.
    pub places: Vec<(u32, Spot)>,
}

impl<'a> InstalledCode<'a> {
    /// A unit that is entered at this place.
    pub(crate) fn new(
        vm: &Vm,
        (unit, tier): (u32, Tier),
        entry: Origin,
        (address, bytes): (u64, &'a [u8]),
        places: impl Iterator<Item = (u32, Origin)>,
    ) -> InstalledCode<'a> {
        let spot = |at: Origin| Spot::of(vm, at.function, at.pc);
        let at = spot(entry);
        let plain = |c: char| if c.is_ascii_alphanumeric() || "_.<>".contains(c) { c } else { '_' };
        let function: String = at.function.chars().map(plain).collect();
        let place = match at.line {
            _ if entry.pc == 0 => String::new(),
            Some(line) => format!(".line_{line}"),
            None => format!(".pc_{}", entry.pc),
        };
        let name = format!("{function}{place}.{}", tier.name());
        let places = places.map(|(offset, origin)| (offset, spot(origin))).collect();
        InstalledCode { unit, name, tier, address, bytes, places }
    }
}
