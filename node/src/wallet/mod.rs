//! [`Wallet`]: the node's keys, in a file that nobody else may read.

mod file;
mod locked;
mod passphrase;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plugcoin_sdk::hooks::{KeyPair, Signer};
use plugcoin_sdk::ledger::{Payment, Transaction};
use plugcoin_sdk::{Error, ErrorKind};
use zeroize::Zeroizing;

use file::Stored;
pub use passphrase::Passphrase;

/// A pair of keys with the file that keeps it and the scheme that signs with it.
///
/// * The secret key is written to the file and nowhere else, and wiped from memory at the end.
#[derive(Clone)]
pub struct Wallet {
    path: PathBuf,
    keys: KeyPair,
    signer: Arc<dyn Signer>,
}

impl Wallet {
    /// Makes new keys and the file for them, under a passphrase if there is one; returns when it is durable.
    ///
    /// # Errors
    /// [`ErrorKind::InUse`] if there is such a file, which is left as it is;
    /// [`ErrorKind::Unsupported`] if the scheme only verifies; [`ErrorKind::Io`].
    pub fn create(
        path: &Path,
        signer: Arc<dyn Signer>,
        passphrase: Option<&str>,
    ) -> Result<Self, Error> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|error| {
            Error::new(ErrorKind::Io, "the system gives no random bytes for a key").because(error)
        })?;
        let keys = signer.generate(&seed)?;
        file::create(path, signer.scheme(), &keys, passphrase)?;
        Ok(Self {
            path: path.to_owned(),
            keys,
            signer,
        })
    }

    /// Refuses a path at which there is a file already, before anything is asked or derived for it.
    ///
    /// # Errors
    /// [`ErrorKind::InUse`].
    pub fn must_be_free(path: &Path) -> Result<(), Error> {
        file::must_be_free(path)
    }

    /// Puts the keys under another passphrase, or under none; returns when the file is durable.
    ///
    /// * The old file stays until the new one is on the disk.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub fn put_under(&self, passphrase: Option<&str>) -> Result<(), Error> {
        file::replace(&self.path, self.scheme(), &self.keys, passphrase)
    }

    /// Reads the keys.
    ///
    /// * A file that others may read is made private again, with a warning.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if there is no such file or it is of another scheme;
    /// [`ErrorKind::Corrupt`] if it is no wallet, or its keys don't belong together;
    /// [`ErrorKind::Io`].
    pub fn read(
        path: &Path,
        signer: Arc<dyn Signer>,
        passphrase: &Passphrase,
    ) -> Result<Self, Error> {
        let stored = file::read(path, signer.scheme())?.ok_or_else(|| no_file(path))?;
        Self::unlocked(path, stored, signer, passphrase)
    }

    /// Reads the public key, without the passphrase if there is one; whether there is.
    ///
    /// # Errors
    /// As [`Wallet::read`].
    pub fn public_of(path: &Path, signer: Arc<dyn Signer>) -> Result<(String, bool), Error> {
        match file::read(path, signer.scheme())?.ok_or_else(|| no_file(path))? {
            Stored::Locked(public, _) => Ok((public, true)),
            Stored::Open(keys) => {
                Self::checked(path, keys, signer).map(|wallet| (wallet.keys.public.clone(), false))
            }
        }
    }

    fn unlocked(
        path: &Path,
        stored: Stored,
        signer: Arc<dyn Signer>,
        passphrase: &Passphrase,
    ) -> Result<Self, Error> {
        let keys = match stored {
            Stored::Open(keys) => keys,
            Stored::Locked(public, locked) => {
                let passphrase = passphrase.known(path)?;
                let secret = locked
                    .open(signer.scheme(), &public, &passphrase)
                    .map_err(|error| error.with("file", path.display()))?;
                KeyPair {
                    public,
                    secret: secret.to_string(),
                }
            }
        };
        Self::checked(path, keys, signer)
    }

    /// Reads the keys, or makes them if there is no file yet.
    ///
    /// * A new one is under the passphrase of the file that was named, if one was.
    /// * None if there is none and the scheme only verifies.
    ///
    /// # Errors
    /// As [`Wallet::read`] and [`Wallet::create`].
    pub fn open(
        path: &Path,
        signer: Arc<dyn Signer>,
        passphrase: &Passphrase,
    ) -> Result<Option<Self>, Error> {
        if let Some(stored) = file::read(path, signer.scheme())? {
            return Self::unlocked(path, stored, signer, passphrase).map(Some);
        }
        let chosen = passphrase.file.is_some().then(|| passphrase.chosen());
        let chosen = chosen.transpose()?;
        match Self::create(path, signer, chosen.as_deref().map(String::as_str)) {
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            made => made.map(Some),
        }
    }

    fn checked(path: &Path, keys: KeyPair, signer: Arc<dyn Signer>) -> Result<Self, Error> {
        let corrupt =
            |message: &str| Error::new(ErrorKind::Corrupt, message).with("file", path.display());
        let public = signer.public_key(&keys.secret).map_err(|error| {
            // The scheme's own words might quote the secret.
            match error.kind() {
                ErrorKind::Configuration => {
                    corrupt("the wallet's secret key is none; restore the file from a copy")
                }
                _ => error,
            }
        })?;
        if public != keys.public {
            return Err(corrupt(
                "the wallet's public key does not belong to its secret key; restore the file from a copy",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            keys,
            signer,
        })
    }

    /// The public key: where it can be paid to.
    pub fn public(&self) -> &str {
        &self.keys.public
    }

    /// The signature scheme.
    pub fn scheme(&self) -> &str {
        self.signer.scheme()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &KeyPair {
        &self.keys
    }

    /// Signs a text.
    ///
    /// # Errors
    /// Whatever the scheme says.
    pub fn sign(&self, text: &str) -> Result<String, Error> {
        self.signer.sign(&self.keys.secret, text)
    }

    /// Signs a payment.
    ///
    /// # Errors
    /// Whatever the scheme says; [`ErrorKind::Plugin`] if what it made is no signature.
    pub fn pay(&self, payment: Payment) -> Result<Transaction, Error> {
        let signature = self.sign(payment.text())?;
        payment.signed(&signature).map_err(|invalid| {
            Error::new(
                ErrorKind::Plugin,
                "the signer made what is no signature of the ledger",
            )
            .because(invalid.to_string())
        })
    }
}

fn no_file(path: &Path) -> Error {
    Error::new(
        ErrorKind::Configuration,
        "there is no wallet; make one with `node wallet new`",
    )
    .with("file", path.display())
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet")
            .field("path", &self.path)
            .field("public", &self.keys.public)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
