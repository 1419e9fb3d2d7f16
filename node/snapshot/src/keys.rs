//! [`Keys`]: who makes the blocks and the payments of the fixed world.

use plugcoin_sdk::hooks::{KeyPair, Signer};
use plugcoin_sdk::ledger::{Payment, Sum, Timestamp, Transaction};
use plugcoin_sdk::{Error, ErrorKind, Invalid};

/// The keys of one person of the fixed world; of the active scheme if that makes any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keys {
    pair: KeyPair,
    /// Whether the scheme made them.
    signs: bool,
}

impl Keys {
    /// The keys that the scheme makes of 32 bytes of this value; the name where it only verifies.
    pub(crate) fn new(signer: &dyn Signer, byte: u8, name: &str) -> Result<Self, Error> {
        match signer.generate(&[byte; 32]) {
            Ok(pair) => Ok(Self { pair, signs: true }),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Self {
                pair: KeyPair {
                    public: name.to_owned(),
                    secret: String::new(),
                },
                signs: false,
            }),
            Err(error) => Err(error),
        }
    }

    /// The public key.
    pub(crate) fn public(&self) -> &str {
        &self.pair.public
    }

    /// The pair, if it can sign.
    pub(crate) fn pair(&self) -> Option<&KeyPair> {
        self.signs.then_some(&self.pair)
    }

    /// The signature of a text; what holds under no scheme where this one does not sign.
    pub(crate) fn sign(&self, signer: &dyn Signer, text: &str) -> String {
        let signed = signer.sign(&self.pair.secret, text);
        signed.unwrap_or_else(|_| "unsigned".to_owned())
    }

    /// A payment of these keys' owner.
    pub(crate) fn pay(
        &self,
        signer: &dyn Signer,
        to: &str,
        sum: &str,
        time_us: i64,
    ) -> Result<Transaction, Invalid> {
        let sum = Sum::parse(sum)?;
        let payment = Payment::new(self.public(), to, sum, Timestamp::from_us(time_us))?;
        let signature = self.sign(signer, payment.text());
        payment.signed(&signature)
    }
}
