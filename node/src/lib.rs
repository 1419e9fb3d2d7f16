//! The program `node`: command line → configuration → hooks → core → tasks.
//!
//! * [`cli`]: what was typed, what it means, and everything that is printed.
//! * [`config`]: command line and `plugcoin.toml` made into one [`config::Config`].
//! * [`check`]: a plugin, judged by the laws of its hooks.
//! * [`wallet`]: the node's keys in their file.
//! * [`run`]: the tasks of a running node.

pub mod check;
pub mod cli;
pub mod config;
mod plugins;
pub mod run;
mod secret_file;
pub mod wallet;
