//! [`Kernel`]: how the nonces are tried, one way for every kind of machine.
//!
//! All kernels try the same nonces and give the same answer: the first of the slice that meets the
//! target.

mod avx512;
mod portable;
#[cfg(target_arch = "x86_64")]
mod schedule;
mod search;
mod sha_ni;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::nonce::Nonce;
pub(crate) use search::Search;

/// A kernel that this machine can run: the first nonce that meets the target, if one does.
pub(crate) type Run = fn(&Search) -> Option<Nonce>;

/// How the nonces are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// The fastest that the machine has.
    #[default]
    Auto,
    /// Two times sixteen nonces at once, with AVX-512.
    Avx512,
    /// Two nonces at once, with the instructions for SHA-256.
    ShaNi,
    /// One nonce after the other, on any machine.
    Portable,
}

impl Kernel {
    /// Every kernel, the fastest first; [`Auto`](Self::Auto) is none of them.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::ShaNi, Self::Portable];

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        self.run().is_some()
    }

    pub(crate) fn fastest() -> Run {
        let detected = [avx512::kernel, sha_ni::kernel].into_iter();
        detected
            .filter_map(|kernel| kernel())
            .next()
            .unwrap_or(portable::run)
    }

    pub(crate) fn run(self) -> Option<Run> {
        match self {
            Self::Auto => Some(Self::fastest()),
            Self::Avx512 => avx512::kernel(),
            Self::ShaNi => sha_ni::kernel(),
            Self::Portable => Some(portable::run),
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Avx512 => "avx512",
            Self::ShaNi => "sha-ni",
            Self::Portable => "portable",
        })
    }
}
