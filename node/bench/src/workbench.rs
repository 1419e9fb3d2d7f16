//! [`Workbench`]: what every measure is given.

use std::path::PathBuf;

use plugcoin_host::Loader;

use crate::rounds::Effort;

/// What every measure is given.
pub struct Workbench {
    /// How long is measured.
    pub effort: Effort,
    /// An own folder for files, on the disk that is measured.
    pub dir: PathBuf,
    /// What opens the libraries of plugins; its program is `node`, which a measure of a whole node runs
    /// in a process of its own.
    pub loader: Loader,
}
