//! Consensus: listed keys seal blocks in turn, by signature and without work.

mod keys;
#[cfg(test)]
mod tests;

use plugcoin_sdk::hooks::{Consensus, NonceLength, Seal, SealSignature, SealVerdict, Slice};
use plugcoin_sdk::ledger::{
    Draft, FIELD_CHARACTERS_MAX, Hash, Header, Seed, Target, U256, Work, check_field,
};
use plugcoin_sdk::{Error, ErrorKind, Invalid};

pub use keys::Keys;

/// The longest turn, a leap year; its microseconds are far from overflowing.
const TURN_S_MAX: u64 = 366 * 86_400;

plugcoin_sdk::options! {
    /// The options of the plugin.
    pub struct AuthorityOptions {
        /// The public keys that may seal blocks, in the order of their turns, with commas between them.
        consensus keys: Keys as "a list of keys" = Keys::default(),
        /// How many seconds a turn lasts; in each turn one key may make one block.
        consensus turn_s: u64 = 10,
    }
}

/// The rule that time is cut into turns, and that in each turn one key may make one block.
///
/// * Turn number t = ⌊time / length of a turn⌋ is that of key t modulo the number of keys.
/// * A block lies in a later turn than its parent, in a turn of its creator, who signed it: the
///   signature is the nonce.
/// * Whoever misses a turn is passed over: the next turn comes all the same.
/// * Every block weighs the same, so the longest branch is the one with the most work.
///
/// Source: the proof of authority of OpenEthereum, "Aura" (authority round).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    keys: Vec<String>,
    turn_us: i64,
    /// Binds a signature to these keys and turns, so that it seals nothing in another network.
    rules: Hash,
}

impl Authority {
    /// The rule as the options have it.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] for no keys, a key twice, a key that no block can have as its
    /// creator, or a turn of no length.
    pub fn from_options(options: &AuthorityOptions) -> Result<Self, Error> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Configuration, message));
        let keys = &options.keys.0;
        if keys.is_empty() {
            return refuse(
                "authority.keys is empty, so that nobody could make a block; name the public keys \
                 that take turns: --set authority.keys=KEY,KEY"
                    .into(),
            );
        }
        for (n, key) in keys.iter().enumerate() {
            if let Err(invalid) = check_field("key", key, FIELD_CHARACTERS_MAX) {
                return refuse(format!(
                    "authority.keys has as number {} what is no key: {invalid}",
                    n + 1
                ));
            }
            if keys[..n].contains(key) {
                return refuse(format!(
                    "authority.keys has {key} twice; name every key once"
                ));
            }
        }
        if !(1..=TURN_S_MAX).contains(&options.turn_s) {
            return refuse(format!(
                "authority.turn_s is {}; a turn lasts 1 to {TURN_S_MAX} seconds",
                options.turn_s
            ));
        }
        Ok(Self {
            keys: keys.clone(),
            turn_us: options.turn_s as i64 * 1_000_000,
            rules: Hash::of(&format!("{} {}", options.turn_s, keys.join(","))),
        })
    }

    /// The number of the turn in which a moment lies.
    fn turn(&self, time_us: i64) -> i64 {
        time_us.div_euclid(self.turn_us)
    }

    /// Whose turn it is.
    fn key(&self, turn: i64) -> &str {
        // The list is short, and the remainder is not negative.
        &self.keys[turn.rem_euclid(self.keys.len() as i64) as usize]
    }

    /// The first turn of the key with this index, not before the given one.
    fn next_turn(&self, index: usize, from: i64) -> i64 {
        let ahead = (index as i64).saturating_sub(from);
        from.saturating_add(ahead.rem_euclid(self.keys.len() as i64))
    }

    /// What the creator signs: all of the block but the nonce, since the root and the count bind
    /// the transactions.
    fn text(&self, block: &Seed, count: u64) -> String {
        let previous = block.previous_hash.unwrap_or_default();
        format!(
            "block {} on {previous} at {} by {} with {count} of {} under {}",
            block.nr, block.timestamp, block.creator, block.merkle_root, self.rules
        )
    }
}

impl Consensus for Authority {
    fn seal(
        &self,
        draft: &Draft,
        parent: &Header,
        _target: &Target,
        slice: Slice,
    ) -> Result<Seal, Error> {
        let seed = draft.seed();
        let now = self.turn(slice.now_us);
        let Some(index) = self.keys.iter().position(|key| *key == seed.creator) else {
            // No turn will ever come, but the rules may be others at a later height.
            let until_us = slice.now_us.saturating_add(self.turn_us);
            return Ok(Seal::Wait { until_us });
        };
        let drafted = self.turn(seed.timestamp.us());
        let earliest = drafted.max(now).max(self.turn(parent.timestamp.us()) + 1);
        let turn = self.next_turn(index, earliest);
        if turn != drafted {
            let begins_us = turn.saturating_mul(self.turn_us);
            let until_us = begins_us.max(slice.now_us.saturating_add(1));
            return Ok(Seal::Wait { until_us });
        }
        Ok(Seal::Sign {
            text: self.text(seed, draft.count()),
        })
    }

    fn check_seal(
        &self,
        header: &Header,
        parent: Option<&Header>,
        _target: &Target,
    ) -> Result<SealVerdict, Error> {
        let creator = &header.creator;
        if !self.keys.contains(creator) {
            return Ok(SealVerdict::Invalid(
                Invalid::new(
                    "seal",
                    "the block's creator is not among the keys that take turns",
                )
                .observed(creator)
                .required(format_args!("one of {} keys", self.keys.len())),
            ));
        }
        let turn = self.turn(header.timestamp.us());
        if self.key(turn) != creator {
            return Ok(SealVerdict::Invalid(
                Invalid::new("turn", "the block's time lies in the turn of another key")
                    .observed(creator)
                    .required(self.key(turn)),
            ));
        }
        if let Some(parent) = parent.filter(|parent| turn <= self.turn(parent.timestamp.us())) {
            return Ok(SealVerdict::Invalid(
                Invalid::new("turn", "the block lies in no later turn than its parent")
                    .observed(header.timestamp)
                    .required(format_args!(
                        "a later turn than that of {}",
                        parent.timestamp
                    )),
            ));
        }
        let claims = Seed {
            nr: header.nr,
            previous_hash: header.previous_hash,
            timestamp: header.timestamp,
            creator: creator.clone(),
            merkle_root: header.merkle_root,
        };
        Ok(SealVerdict::Verify(Box::new(SealSignature {
            key: creator.clone(),
            text: self.text(&claims, header.count),
            signature: header.nonce.clone(),
        })))
    }

    fn work(&self, _target: &Target) -> Result<Work, Error> {
        Ok(Work(U256::ONE))
    }

    fn nonce_length(&self) -> NonceLength {
        NonceLength {
            min: 1,
            max: FIELD_CHARACTERS_MAX,
        }
    }
}

plugcoin_sdk::register!(Consensus, "authority", |options: AuthorityOptions| {
    Authority::from_options(&options)
});
