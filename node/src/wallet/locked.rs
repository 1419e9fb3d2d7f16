//! [`Locked`]: a secret key under a passphrase.
//!
//! The passphrase and a salt give a key by scrypt (RFC 7914), and under it XChaCha20-Poly1305 hides the
//! secret and binds the scheme and the public key to it: with any of them changed it does not open.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use plugcoin_sdk::{Error, ErrorKind};
use scrypt::Params;
use zeroize::Zeroizing;

/// The most memory that scrypt may take, in bytes: eight times what a new wallet takes. More is no
/// wallet's wish, but a file that would bring the machine down.
const MEMORY_BYTES_MAX: u64 = 1 << 30;

/// How often scrypt may go through its memory.
const PASSES_MAX: u32 = 4;

/// How dear a guess at the passphrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    /// How many blocks of memory; a power of two.
    pub(super) n: u64,
    /// How long a block is, in 128 bytes.
    pub(super) r: u32,
    /// How often.
    pub(super) p: u32,
}

impl Cost {
    /// That of a new wallet: 128 MiB, some tenths of a second.
    pub(super) const NEW: Self = Self {
        n: 1 << 17,
        r: 8,
        p: 1,
    };

    fn params(self) -> Option<Params> {
        let bytes = u64::from(self.r).checked_mul(128)?.checked_mul(self.n)?;
        let fits = self.n.is_power_of_two()
            && self.n > 1
            && bytes <= MEMORY_BYTES_MAX
            && (1..=PASSES_MAX).contains(&self.p);
        let log_n = u8::try_from(self.n.trailing_zeros()).ok()?;
        Params::new(log_n, self.r, self.p).ok().filter(|_| fits)
    }
}

/// A secret key under a passphrase, with all that opens it but that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Locked {
    pub(super) cost: Cost,
    pub(super) salt: [u8; 16],
    pub(super) nonce: [u8; 24],
    pub(super) hidden: Vec<u8>,
}

impl Locked {
    /// Hides a secret.
    pub(super) fn new(
        cost: Cost,
        salt: [u8; 16],
        nonce: [u8; 24],
        (scheme, public, secret): (&str, &str, &str),
        passphrase: &str,
    ) -> Result<Self, Error> {
        let key = key(cost, &salt, passphrase)?;
        let bound = bound(scheme, public);
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: bound.as_bytes(),
        };
        let hidden = cipher(&key)?.encrypt(&XNonce::from(nonce), payload);
        Ok(Self {
            cost,
            salt,
            nonce,
            hidden: hidden.map_err(|_| cannot())?,
        })
    }

    /// The secret.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if the cost is beyond all sense; [`ErrorKind::Configuration`] if the
    /// passphrase is another, or anything was changed.
    pub(super) fn open(
        &self,
        scheme: &str,
        public: &str,
        passphrase: &str,
    ) -> Result<Zeroizing<String>, Error> {
        let key = key(self.cost, &self.salt, passphrase)?;
        let bound = bound(scheme, public);
        let payload = Payload {
            msg: &self.hidden,
            aad: bound.as_bytes(),
        };
        let wrong = || {
            Error::new(
                ErrorKind::Configuration,
                "the passphrase is not this wallet's, or the wallet was changed",
            )
        };
        let opened = cipher(&key)?.decrypt(&XNonce::from(self.nonce), payload);
        let opened = Zeroizing::new(opened.map_err(|_| wrong())?);
        let secret = std::str::from_utf8(&opened).map_err(|_| wrong())?;
        Ok(Zeroizing::new(secret.to_owned()))
    }
}

/// What is not hidden, but can't be changed either.
fn bound(scheme: &str, public: &str) -> String {
    // Neither has a line feed.
    format!("{scheme}\n{public}")
}

fn key(cost: Cost, salt: &[u8], passphrase: &str) -> Result<Zeroizing<[u8; 32]>, Error> {
    let params = cost.params().ok_or_else(|| {
        Error::new(
            ErrorKind::Corrupt,
            format!(
                "the wallet asks scrypt for what none does: `n` is a power of two, 128·n·r at most \
                 {MEMORY_BYTES_MAX}, `p` 1 to {PASSES_MAX}"
            ),
        )
        .with("n", cost.n)
        .with("r", cost.r)
        .with("p", cost.p)
    })?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase.as_bytes(), salt, &params, &mut *key).map_err(|_| cannot())?;
    Ok(key)
}

fn cipher(key: &[u8; 32]) -> Result<XChaCha20Poly1305, Error> {
    XChaCha20Poly1305::new_from_slice(key).map_err(|_| cannot())
}

fn cannot() -> Error {
    Error::new(ErrorKind::Unsupported, "the wallet can't be encrypted")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { n: 16, r: 1, p: 1 };

    fn locked() -> Locked {
        Locked::new(
            CHEAP,
            [1; 16],
            [2; 24],
            ("toy", "key", "secret"),
            "open sesame",
        )
        .unwrap()
    }

    #[test]
    fn scrypt_is_that_of_rfc_7914() {
        let cost = Cost {
            n: 16_384,
            r: 8,
            p: 1,
        };
        let key = key(cost, b"SodiumChloride", "pleaseletmein").unwrap();
        assert_eq!(
            const_hex::encode(*key),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        );
    }

    #[test]
    fn the_cipher_is_that_of_the_draft() {
        let key: [u8; 32] = std::array::from_fn(|n| 0x80 + n as u8);
        let nonce: [u8; 24] = std::array::from_fn(|n| 0x40 + n as u8);
        let text =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
                     the future, sunscreen would be it.";
        let aad = const_hex::decode("50515253c0c1c2c3c4c5c6c7").unwrap();
        let payload = Payload {
            msg: text,
            aad: &aad,
        };
        let hidden = cipher(&key).unwrap().encrypt(&XNonce::from(nonce), payload);
        let hex = const_hex::encode(hidden.unwrap());
        assert!(hex.starts_with("bd6d179d3e83d43b9576579493c0e939"), "{hex}");
        assert!(hex.ends_with("c0875924c1c7987947deafd8780acf49"), "{hex}");
    }

    #[test]
    fn it_opens_by_its_passphrase_alone() {
        let locked = locked();
        assert_eq!(*locked.open("toy", "key", "open sesame").unwrap(), "secret");
        for other in ["", "open", "Open sesame", "open sesame "] {
            let error = locked.open("toy", "key", other).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains("passphrase"), "{error}");
        }
    }

    #[test]
    fn with_anything_changed_it_does_not_open() {
        let good = locked();
        let open = |locked: &Locked| locked.open("toy", "key", "open sesame");
        assert!(good.open("toys", "key", "open sesame").is_err());
        assert!(good.open("toy", "kez", "open sesame").is_err());
        let change: [fn(&mut Locked); 7] = [
            |locked| locked.cost.n = 32,
            |locked| locked.cost.r = 2,
            |locked| locked.cost.p = 2,
            |locked| locked.salt[15] ^= 1,
            |locked| locked.nonce[0] ^= 1,
            |locked| locked.hidden.truncate(21),
            |locked| locked.hidden.clear(),
        ];
        for (nth, change) in change.into_iter().enumerate() {
            let mut locked = good.clone();
            change(&mut locked);
            assert!(open(&locked).is_err(), "{nth}");
        }
        for nth in 0..good.hidden.len() {
            let mut locked = good.clone();
            locked.hidden[nth] ^= 1;
            assert!(open(&locked).is_err(), "byte {nth}");
        }
    }

    #[test]
    fn a_cost_beyond_all_sense_is_refused_before_any_memory_is_taken() {
        for (n, r, p) in [
            (1 << 33, 1, 1),
            (1 << 20, 9, 1),
            (1 << 63, u32::MAX, 1),
            (u64::MAX, 8, 1),
            (2, u32::MAX, 1),
            (16, 1, 5),
            (16, 1, u32::MAX),
            (16, 0, 1),
            (16, 1, 0),
            (0, 8, 1),
            (1, 8, 1),
            (15, 8, 1),
        ] {
            let mut locked = locked();
            locked.cost = Cost { n, r, p };
            let error = locked.open("toy", "key", "open sesame").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        }
        assert!(
            Cost {
                n: 1 << 20,
                r: 8,
                p: 4
            }
            .params()
            .is_some()
        );
    }
}
