//! The behaviour suites: one file a hook, one check a law.
//!
//! * [`check`](signer::check) of a suite runs all its laws and panics with those that are broken; a
//!   plugin's test is one line.
//! * [`broken`](signer::broken) gives their names instead.
//! * [`by_name`] has the laws of every hook by their names.
//!
//! ```
//! use plugcoin_testkit::{doubles::PlainSigner, suite};
//!
//! suite::signer::check(&PlainSigner);
//! ```

pub mod by_name;
pub mod consensus;
pub mod difficulty;
pub mod fork_choice;
pub mod gossip;
pub mod mempool;
pub mod merkle;
pub mod observer;
pub mod reward;
pub mod signer;
pub mod storage;
pub mod transport;
pub mod validity;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A law of a hook with the check of it.
pub struct Law<H: ?Sized + 'static> {
    /// The law in words, as the check's function has it.
    pub name: &'static str,
    /// Panics if the hook breaks the law.
    pub check: fn(&H),
}

impl<H: ?Sized> Law<H> {
    /// How the hook breaks the law, if it does.
    pub fn broken(&self, hook: &H) -> Option<String> {
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.check)(hook)));
        outcome.err().map(|panic| words(&*panic))
    }
}

/// The broken ones of these laws, with what the check said.
fn broken_laws<H: ?Sized>(laws: &[Law<H>], hook: &H) -> Vec<(&'static str, String)> {
    let broken = |law: &Law<H>| law.broken(hook).map(|words| (law.name, words));
    laws.iter().filter_map(broken).collect()
}

/// What a panic said.
pub(crate) fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
        .to_owned()
}

/// Panics with the broken ones of these laws, if there are any.
fn check_laws<H: ?Sized>(laws: &[Law<H>], hook: &H) {
    let broken: Vec<String> = broken_laws(laws, hook)
        .into_iter()
        .map(|(name, words)| format!("{name}: {words}"))
        .collect();
    assert!(
        broken.is_empty(),
        "{} of {} laws are broken:\n{}",
        broken.len(),
        laws.len(),
        broken.join("\n")
    );
}

/// Lists a hook's laws, and makes the functions that check them all.
macro_rules! laws {
    ($hook:ty: $($check:ident),+ $(,)?) => {
        // As an alias it is an owned hook's type, and not one that borrows.
        type Hook = $hook;

        /// The laws of the hook.
        pub const LAWS: &[$crate::suite::Law<Hook>] = &[
            $($crate::suite::Law { name: stringify!($check), check: $check }),+
        ];

        /// Checks all laws.
        ///
        /// # Panics
        /// With the names of the broken ones, if there are any.
        pub fn check(hook: &Hook) {
            $crate::suite::check_laws(LAWS, hook);
        }

        /// The names of the laws that are broken.
        pub fn broken(hook: &Hook) -> Vec<&'static str> {
            let broken = $crate::suite::broken_laws(LAWS, hook);
            broken.into_iter().map(|(name, _)| name).collect()
        }
    };
}
use laws;

/// Numbers that look random and are the same on every run: SplitMix64.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
