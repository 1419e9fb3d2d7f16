//! `node snapshot`: records what a node answers under some rules, and shows what changes.

use std::path::Path;

use plugcoin_sdk::Error;
use plugcoin_snapshot::{Asked, Recording, TestNode};

use super::output;
use super::{ExitCode, Failure};
use crate::config::Config;

/// Records the answers under these rules.
pub(super) fn record(dir: &Path, config: Config) -> Result<(), Failure> {
    let recording = answers(&config, asked(&config))?;
    let folder = recording.write(dir)?;
    let endpoints = recording.files().len();
    output::answer(format_args!(
        "the answers of {endpoints} endpoints are in {}",
        folder.display()
    ));
    Ok(())
}

/// Asks again for everything that is recorded, and prints what changed.
pub(super) fn check(dir: &Path, config: Config) -> Result<(), Failure> {
    let folders = Recording::folders(dir)?;
    let (mut all, mut changed) = (0, 0);
    for folder in &folders {
        let before = Recording::read(folder)?;
        let other = asked(&config);
        let asked = before.asked().clone().changed(other.plugins, other.set);
        let now = answers(&config, asked).map_err(|error| {
            let message = "what is recorded can't be asked again";
            Error::new(error.kind(), message)
                .with("folder", folder.display())
                .because(error)
        })?;
        all += before.files().len();
        for change in before.changes(&now, folder) {
            changed += 1;
            output::answer(change.diff.trim_end());
        }
    }
    if changed > 0 {
        let message = format!(
            "{changed} of {all} endpoints do not answer as they were recorded; if that is meant, record \
             them again"
        );
        return Err(Failure::new(ExitCode::Fault, message));
    }
    output::answer(format_args!(
        "all {all} endpoints answer as they were recorded"
    ));
    Ok(())
}

fn asked(config: &Config) -> Asked {
    Asked {
        plugins: config.plugins.clone(),
        set: config.set.clone(),
    }
}

fn answers(config: &Config, asked: Asked) -> Result<Recording, Error> {
    let node = TestNode::builder().asked(asked).loader(config.loader()?);
    Recording::of(node.start()?)
}
