//! How optimized code finds the code that it calls.

use ir::Type;
use std::collections::HashMap;

/// What a method takes and returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The types of its parameters.
    pub params: Vec<Type>,
    /// The type of its result.
    pub result: Type,
}

/// What a unit is to those who call it.
#[derive(Clone, Debug)]
pub struct Method {
    /// What it takes and returns.
    pub signature: Signature,
    /// Its link.
    pub link: u32,
    /// Where calls enter, in its code.
    pub direct_entry: u32,
}

/// The links of a run: for each pair of function and signature a place in a table, through which calls go. Taking a method out is
/// writing 0 there; no code is changed.
#[derive(Debug, Default)]
pub struct Links {
    known: HashMap<(u32, Signature), u32>,
    /// For each link, where its method is entered; 0 if it has no code.
    addresses: Vec<u64>,
    /// For each function, its method.
    methods: HashMap<u32, Method>,
}

impl Links {
    /// The link of a function's methods with this signature.
    pub fn link(&mut self, function: u32, signature: &Signature) -> u32 {
        let next = self.addresses.len() as u32;
        let link = *self.known.entry((function, signature.clone())).or_insert(next);
        if link == next {
            self.addresses.push(0);
        }
        link
    }

    /// The method that answers calls of a function, if one is installed.
    pub fn method(&self, function: u32) -> Option<&Method> {
        self.methods.get(&function)
    }

    /// Where the method of each link is entered; 0 where there is none.
    pub fn addresses(&self) -> &[u64] {
        &self.addresses
    }

    /// From now on, calls of this function go to this method, whose code is at this address.
    pub fn install(&mut self, function: u32, method: &Method, address: u64) {
        self.addresses[method.link as usize] = address + u64::from(method.direct_entry);
        self.methods.insert(function, method.clone());
    }

    /// From now on, no call goes to this method.
    pub fn remove(&mut self, function: u32, method: &Method) {
        self.addresses[method.link as usize] = 0;
        self.methods.remove(&function);
    }
}
