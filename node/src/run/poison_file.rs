//! `faults-PORT.json`: what made a plugin fail, so that it is refused when the node runs again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use plugcoin_core::batches;
use plugcoin_host::Resolved;
use plugcoin_sdk::ledger::Hash;
use plugcoin_sdk::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

use super::atomic_write::atomic_write;
use super::limits::{FAULTS_MAX, FILE_BYTES_MAX};
use super::peers_file::read_text;

/// One thing that made a plugin fail.
#[derive(Debug, Serialize, Deserialize)]
struct Fault {
    /// A block's hash, a transaction's leaf hash, or what stands for an own block on its parent or for
    /// signatures that are verified together.
    hash: Hash,
    /// What the plugin said.
    reason: String,
    /// The plugins that ran, by [`identity`].
    #[serde(default)]
    plugins: Hash,
}

/// The file of what made plugins fail.
///
/// * A fault counts under the plugins that ran then, to the version and to the library's bytes: what
///   a plugin failed over may be good under one that was mended, and who goes on refusing it would
///   leave the network.
#[derive(Clone, Debug)]
pub(super) struct Poison {
    path: PathBuf,
    plugins: Hash,
}

/// Tells one set of plugins from another, also if only the code of one was changed.
fn identity(resolved: &Resolved) -> Hash {
    let mut plugins: Vec<String> = resolved
        .manifests
        .iter()
        .map(|plugin| {
            let digest = plugin
                .digest
                .as_deref()
                .unwrap_or(env!("CARGO_PKG_VERSION"));
            format!("{} {} {digest}\n", plugin.name, plugin.version)
        })
        .collect();
    plugins.sort();
    Hash::of(&format!("{}\n{}", resolved.fingerprint, plugins.concat()))
}

impl Poison {
    /// The file of a node with these plugins.
    pub(super) fn new(path: PathBuf, resolved: &Resolved) -> Self {
        Self {
            path,
            plugins: identity(resolved),
        }
    }

    /// Reads what is to be refused.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if the file is not what was written.
    pub(super) fn read(&self) -> Result<HashSet<Hash>, Error> {
        let faults = faults(&self.path)?;
        let (refused, others): (Vec<&Fault>, Vec<&Fault>) = { &faults }
            .iter()
            .partition(|fault| fault.plugins == self.plugins);
        let file = self.path.display();
        let items = refused.iter().filter(|fault| fault.hash != batches());
        let count = items.count();
        if count < refused.len() {
            tracing::warn!(
                %file,
                "the signer failed over signatures that were verified together, so each is verified by \
                 itself, which is slower; without the file they are verified together again"
            );
        }
        if count > 0 {
            tracing::warn!(
                count,
                %file,
                "what made a plugin fail before is refused; without the file it is tried again"
            );
        }
        if !others.is_empty() {
            tracing::info!(
                count = others.len(),
                %file,
                "what made a plugin fail before is tried again, since other plugins run now"
            );
        }
        Ok(refused.iter().map(|fault| fault.hash).collect())
    }

    /// Adds one thing, and says so in the log; the oldest goes when there are too many.
    pub(super) fn add(&self, hash: Hash, reason: impl ToString) {
        match self.write(hash, reason.to_string()) {
            Ok(()) if hash == batches() => tracing::error!(
                "it was over signatures that were verified together; when the node runs again, each \
                 is verified by itself, so that what did it is found"
            ),
            Ok(()) => tracing::error!(%hash, "what made the plugin fail will be refused"),
            Err(error) => tracing::error!(%error, "what made the plugin fail is not remembered"),
        }
    }

    fn write(&self, hash: Hash, reason: String) -> Result<(), Error> {
        let mut faults = faults(&self.path)?;
        faults.retain(|fault| fault.hash != hash || fault.plugins != self.plugins);
        faults.push(Fault {
            hash,
            reason,
            plugins: self.plugins,
        });
        let surplus = faults.len().saturating_sub(FAULTS_MAX);
        faults.drain(..surplus);
        let text = serde_json::to_string_pretty(&faults).map_err(|error| {
            Error::new(ErrorKind::Io, "what made a plugin fail can't be written").because(error)
        })?;
        atomic_write(&self.path, &format!("{text}\n"))
    }
}

fn faults(path: &Path) -> Result<Vec<Fault>, Error> {
    let Some(text) = read_text(path, FILE_BYTES_MAX)? else {
        return Ok(Vec::new());
    };
    serde_json::from_str(&text).map_err(|error| {
        let message = "the file of what made plugins fail is damaged; delete it to go on without";
        Error::new(ErrorKind::Corrupt, message)
            .with("file", path.display())
            .because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_made_a_plugin_fail_is_read_back_and_the_oldest_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("faults-6000.json");
        let hash = |n: usize| Hash::of(&n.to_string());
        let poison = |plugins: &str| Poison {
            path: path.clone(),
            plugins: Hash::of(plugins),
        };
        let ours = poison("ours");
        assert!(ours.read().unwrap().is_empty());
        for n in 0..=FAULTS_MAX {
            ours.write(hash(n), "it panicked".to_owned()).unwrap();
        }
        let known = ours.read().unwrap();
        assert_eq!(known.len(), FAULTS_MAX);
        assert!(!known.contains(&hash(0)) && known.contains(&hash(FAULTS_MAX)));
        let mended = poison("mended");
        assert!(mended.read().unwrap().is_empty(), "it is tried again");
        mended.write(hash(2), "it panicked".to_owned()).unwrap();
        assert_eq!(mended.read().unwrap(), HashSet::from([hash(2)]));
        assert!(ours.read().unwrap().contains(&hash(2)), "as before");
        std::fs::write(&path, "[{}]").unwrap();
        assert_eq!(ours.read().unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
