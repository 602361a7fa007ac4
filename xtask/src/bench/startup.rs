//! Starting: what a process costs that does nothing, or says hello.
//!
//! It stands outside of `profile -> detect -> compile -> cache -> execute -> deoptimise` and measures it. The programs
//! are in `benches/startup`. Invariant: all columns take turns, and each must print the same.

use super::kernels::{Kernel, Sizes};
use super::peers::Column;
use super::process::{Runner, Usage, same_output};
use super::stats::median;
use std::path::Path;

/// The programs, with what they print.
pub const PROGRAMS: [(&str, &str); 2] = [("empty", ""), ("hello", "Hello, world!\n")];

/// What starting one column with one program costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The program.
    pub program: String,
    /// The column's id.
    pub column: String,
    /// The median of each cost.
    pub usage: Usage,
}

/// Measures all programs in all columns; what can't run is left out.
pub fn measure(root: &Path, columns: &[&Column], runner: &Runner, build: &Path, rounds: usize) -> Vec<Start> {
    let mut starts = Vec::new();
    for (name, expected) in PROGRAMS {
        let kernel = Kernel {
            name: name.to_owned(),
            folder: root.join("benches/startup"),
            about: String::new(),
            sizes: Sizes::default(),
            chain: None,
        };
        let mut entrants = Vec::new();
        for column in columns {
            if let Ok(Some(command)) = column.prepare(&kernel, build)
                && runner.run(&command).is_ok_and(|run| same_output(expected, &run.output))
            {
                entrants.push((column.id.clone(), command, Vec::new()));
            }
        }
        for _ in 0..rounds {
            for (_, command, usages) in &mut entrants {
                usages.extend(runner.run(command).map(|run| run.usage));
            }
        }
        for (column, _, usages) in entrants {
            if let Some(usage) = middle(&usages) {
                starts.push(Start { program: name.to_owned(), column, usage });
            }
        }
    }
    starts
}

/// The median of each cost by itself.
fn middle(usages: &[Usage]) -> Option<Usage> {
    let of = |cost: fn(&Usage) -> f64| median(&usages.iter().map(cost).collect::<Vec<_>>());
    Some(Usage { wall: of(|u| u.wall)?, cpu: of(|u| u.cpu)?, memory: of(|u| u.memory as f64)? as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cost_has_its_own_median() {
        let usages: Vec<Usage> = [(1.0, 9.0, 5), (2.0, 7.0, 6), (3.0, 8.0, 4)]
            .map(|(wall, cpu, memory)| Usage { wall, cpu, memory })
            .to_vec();
        assert_eq!(middle(&usages), Some(Usage { wall: 2.0, cpu: 8.0, memory: 5 }));
        assert_eq!(middle(&[]), None);
    }
}
