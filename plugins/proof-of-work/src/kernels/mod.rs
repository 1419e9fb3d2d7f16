//! [`Kernel`]: how the nonces are tried, one way for every kind of machine.
//!
//! All kernels try the same nonces and give the same answer: the first of the slice that meets the
//! target.

mod avx512;
mod avx512_sha_ni;
mod fastest;
#[cfg(target_arch = "x86_64")]
mod lanes;
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
pub(crate) use fastest::run as auto;
pub(crate) use search::Search;

/// A kernel that this machine can run: the first nonce that meets the target, if one does.
pub(crate) type Run = fn(&Search) -> Option<Nonce>;

/// So many nonces the kernels with AVX-512 try at once.
const AVX512_NONCES: usize = 32;

/// How the nonces are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// The fastest of this machine, by a short measurement at the first search.
    #[default]
    Auto,
    /// Two times sixteen nonces at once, with AVX-512.
    Avx512,
    /// Sixteen nonces with AVX-512 beside sixteen with the instructions for SHA-256.
    Avx512ShaNi,
    /// Three nonces at once, with the instructions for SHA-256.
    ShaNi,
    /// One nonce after the other, on any machine.
    Portable,
}

impl Kernel {
    /// Every kernel; [`Auto`](Self::Auto) is none of them.
    pub const ALL: [Self; 4] = [Self::Avx512, Self::Avx512ShaNi, Self::ShaNi, Self::Portable];

    /// Whether this machine can run it.
    pub fn is_available(self) -> bool {
        self.run().is_some()
    }

    /// The one that [`Auto`](Self::Auto) takes: which is the fastest is measured once in a process.
    pub fn fastest() -> Self {
        fastest::fastest()
    }

    /// How many nonces it tries in the time of one.
    pub(crate) fn tries_at_once(self) -> usize {
        match self {
            Self::Auto => fastest::fastest().tries_at_once(),
            Self::Avx512 | Self::Avx512ShaNi => AVX512_NONCES,
            Self::ShaNi => sha_ni::NONCES,
            Self::Portable => 1,
        }
    }

    pub(crate) fn run(self) -> Option<Run> {
        match self {
            Self::Auto => Some(auto),
            Self::Avx512 => avx512::kernel(),
            Self::Avx512ShaNi => avx512_sha_ni::kernel(),
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
            Self::Avx512ShaNi => "avx512-sha-ni",
            Self::ShaNi => "sha-ni",
            Self::Portable => "portable",
        })
    }
}
