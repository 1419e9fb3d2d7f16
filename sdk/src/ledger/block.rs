//! [`Block`]: a block with its exact text; [`Draft`]: a block that still lacks its nonce.

use serde::{Deserialize, Serialize};
use std::fmt::{self, Write as _};
use std::sync::{Arc, OnceLock};

use super::json::{self, Object, Plain};
use super::text::{FIELD_CHARACTERS_MAX, NONCE_CHARACTERS_MAX, check_field};
use super::timestamp::GENESIS_TIMESTAMP;
use super::transaction::RawTransaction;
use super::{Hash, Timestamp, Transaction, genesis};
use crate::Invalid;

/// The longest text of a block: 1 MiB.
pub const BLOCK_TEXT_BYTES_MAX: usize = 1 << 20;

/// The bytes of `"hash": "H",` in a block's text.
const HASH_FIELD_BYTES: usize = 75;

/// What a block says of itself, without its transactions.
///
/// * `hash`, `merkle_root` and `count` are the block's claims; the rules compare them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its height: the genesis block is 0.
    pub nr: u64,
    /// The parent's hash; none for the genesis block alone, which writes it as an empty text.
    pub previous_hash: Option<Hash>,
    /// When it was made.
    pub timestamp: Timestamp,
    /// What the consensus put there to seal the block.
    pub nonce: String,
    /// The hash that it claims.
    pub hash: Hash,
    /// Who made it, and is paid the reward.
    pub creator: String,
    /// The commitment to its transactions that it claims.
    pub merkle_root: Hash,
    /// The number of transactions that it claims.
    pub count: u64,
}

/// A block, structurally right and no more: nothing says yet that it is valid.
///
/// * Its text is the preimage with `"hash": "H",` after the nonce, byte for byte.
/// * Cheap to clone.
#[derive(Clone)]
pub struct Block(Arc<Inner>);

struct Inner {
    text: Box<str>,
    hash_at: usize,
    header: Header,
    transactions: Vec<Transaction>,
    /// Computed when it is first asked for.
    computed_hash: OnceLock<Hash>,
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        // All that it has was read from its text.
        Arc::ptr_eq(&self.0, &other.0) || self.0.text == other.0.text
    }
}

impl Eq for Block {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBlock<'a> {
    nr: u64,
    #[serde(borrow)]
    previous_hash: Plain<'a>,
    #[serde(borrow)]
    timestamp: Plain<'a>,
    #[serde(borrow)]
    nonce: Plain<'a>,
    #[serde(borrow)]
    hash: Plain<'a>,
    #[serde(borrow)]
    creator: Plain<'a>,
    #[serde(borrow)]
    merkle_root: Plain<'a>,
    count: u64,
    #[serde(borrow)]
    transactions: Vec<Object<RawTransaction<'a>>>,
}

impl Block {
    /// Reads a block from JSON in any key order and white space.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form` for what is not exactly a block, `size` if its text is over
    /// [`BLOCK_TEXT_BYTES_MAX`].
    pub fn parse(json: &str) -> Result<Self, Invalid> {
        let raw: RawBlock<'_> = json::read("block", json)?;
        let genesis = raw.nr == 0;
        let previous_hash = match raw.previous_hash.0 {
            "" if genesis => None,
            text => Some(
                text.parse::<Hash>()
                    .map_err(|invalid| named("previous_hash", invalid))?,
            ),
        };
        let timestamp = match raw.timestamp.0 {
            GENESIS_TIMESTAMP if genesis => Timestamp::GENESIS,
            text => Timestamp::parse(text)?,
        };
        let transactions = raw
            .transactions
            .iter()
            .map(|raw| Transaction::from_raw(&raw.0, genesis))
            .collect::<Result<Vec<_>, _>>()?;
        let seed = Seed {
            nr: raw.nr,
            previous_hash,
            timestamp,
            creator: raw.creator.0.to_owned(),
            merkle_root: raw
                .merkle_root
                .0
                .parse()
                .map_err(|invalid| named("merkle_root", invalid))?,
        };
        let hash = raw
            .hash
            .0
            .parse()
            .map_err(|invalid| named("hash", invalid))?;
        let block = Self::claimed(seed, raw.nonce.0, hash, raw.count, transactions)?;
        if block.text().len() > BLOCK_TEXT_BYTES_MAX {
            return Err(Invalid::new("size", "the block's text is too long")
                .observed(format_args!("{} bytes", block.text().len()))
                .required(format_args!("at most {BLOCK_TEXT_BYTES_MAX}")));
        }
        if genesis && block.text() != genesis::TEXT {
            return Err(Invalid::new(
                "form",
                "block 0 is the genesis block, and this is another",
            ));
        }
        Ok(block)
    }

    /// The block that says this of itself.
    fn claimed(
        seed: Seed,
        nonce: &str,
        hash: Hash,
        count: u64,
        transactions: Vec<Transaction>,
    ) -> Result<Self, Invalid> {
        check_field("creator", &seed.creator, FIELD_CHARACTERS_MAX)?;
        check_field("nonce", nonce, NONCE_CHARACTERS_MAX)?;
        let fields = nonce.len() + seed.creator.len();
        let bytes = FRAME_BYTES_MAX + fields + bodies_bytes(&transactions);
        let mut text = String::with_capacity(bytes);
        write_before(&mut text, &seed);
        text.push_str(nonce);
        text.push_str(NONCE_END);
        let hash_at = text.len();
        write_hash(&mut text, hash);
        write_after(&mut text, &seed, count, &transactions);
        Ok(Self(Arc::new(Inner {
            text: text.into(),
            hash_at,
            header: seed.header(nonce, hash, count),
            transactions,
            computed_hash: OnceLock::new(),
        })))
    }

    /// The exact text, as it is sent and stored.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text that is hashed, in two parts: before and after the hash field.
    pub fn preimage(&self) -> [&str; 2] {
        [
            &self.0.text[..self.0.hash_at],
            &self.0.text[self.0.hash_at + HASH_FIELD_BYTES..],
        ]
    }

    /// What the block says of itself.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// Its height.
    pub fn nr(&self) -> u64 {
        self.0.header.nr
    }

    /// The hash that it claims.
    pub fn hash(&self) -> Hash {
        self.0.header.hash
    }

    /// The hash that it really has.
    ///
    /// * It is computed once, for all clones.
    pub fn computed_hash(&self) -> Hash {
        let compute = || Hash::of_parts(&self.preimage());
        *self.0.computed_hash.get_or_init(compute)
    }

    /// Its transactions in order; the last one of a valid block is the reward.
    pub fn transactions(&self) -> &[Transaction] {
        &self.0.transactions
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

fn named(field: &str, mut invalid: Invalid) -> Invalid {
    invalid.message = format!("`{field}`: {}", invalid.message).into();
    invalid
}

/// What a new block will say of itself before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed {
    /// Its height.
    pub nr: u64,
    /// The parent's hash.
    pub previous_hash: Option<Hash>,
    /// When it is made.
    pub timestamp: Timestamp,
    /// Who makes it.
    pub creator: String,
    /// The commitment to its transactions.
    pub merkle_root: Hash,
}

impl Seed {
    /// The header of the block with this nonce, hash and count.
    fn header(self, nonce: &str, hash: Hash, count: u64) -> Header {
        Header {
            nr: self.nr,
            previous_hash: self.previous_hash,
            timestamp: self.timestamp,
            nonce: nonce.to_owned(),
            hash,
            creator: self.creator,
            merkle_root: self.merkle_root,
            count,
        }
    }
}

/// A block that still lacks its nonce: the preimage is `before() + nonce + after()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    seed: Seed,
    count: u64,
    before: String,
    after: String,
    transactions: Vec<Transaction>,
}

impl Draft {
    /// Lays out a block around a nonce to come.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form` if the creator is no field of a block.
    pub fn new(seed: Seed, transactions: Vec<Transaction>) -> Result<Self, Invalid> {
        check_field("creator", &seed.creator, FIELD_CHARACTERS_MAX)?;
        let count = transactions.len() as u64;
        let mut before = String::with_capacity(FRAME_BYTES_MAX);
        write_before(&mut before, &seed);
        let mut after = String::with_capacity(
            FRAME_BYTES_MAX + seed.creator.len() + bodies_bytes(&transactions),
        );
        after.push_str(NONCE_END);
        write_after(&mut after, &seed, count, &transactions);
        Ok(Self {
            seed,
            count,
            before,
            after,
            transactions,
        })
    }

    /// The block's height.
    pub fn nr(&self) -> u64 {
        self.seed.nr
    }

    /// The number of its transactions, the reward with them.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What the block will say of itself.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Its transactions, the reward last.
    pub fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    /// The preimage up to the nonce.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The preimage after the nonce.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// The hash that the block would have with this nonce.
    pub fn hash_with(&self, nonce: &str) -> Hash {
        Hash::of_parts(&[&self.before, nonce, &self.after])
    }

    /// The length of the block's text with a nonce of this many characters.
    pub fn block_text_bytes(&self, nonce_characters: usize) -> usize {
        self.before.len() + nonce_characters + self.after.len() + HASH_FIELD_BYTES
    }

    /// Puts the nonce in: the block, with the hash that it then has.
    ///
    /// # Errors
    /// [`Invalid`] with the rule `form` if the nonce is outside the alphabet or the length.
    pub fn sealed(self, nonce: &str) -> Result<Block, Invalid> {
        check_field("nonce", nonce, NONCE_CHARACTERS_MAX)?;
        let hash = self.hash_with(nonce);
        let mut text = String::with_capacity(self.block_text_bytes(nonce.len()));
        text.push_str(&self.before);
        text.push_str(nonce);
        text.push_str(NONCE_END);
        let hash_at = text.len();
        write_hash(&mut text, hash);
        text.push_str(&self.after[NONCE_END.len()..]);
        Ok(Block(Arc::new(Inner {
            text: text.into(),
            hash_at,
            header: self.seed.header(nonce, hash, self.count),
            transactions: self.transactions,
            computed_hash: OnceLock::from(hash),
        })))
    }
}

/// What stands after the nonce in a block's text.
const NONCE_END: &str = r#"","#;

/// The bytes of a block's text without its nonce, creator and transactions are fewer.
const FRAME_BYTES_MAX: usize = 400;

/// The bytes of the transactions in a block's text.
fn bodies_bytes(transactions: &[Transaction]) -> usize {
    transactions.iter().map(|one| one.text().len() + 1).sum()
}

// Writing to a text can't fail.

/// Writes a block's text up to the nonce.
fn write_before(text: &mut String, seed: &Seed) {
    let _ = write!(text, r#"{{"nr": {},"previous_hash": ""#, seed.nr);
    if let Some(hash) = seed.previous_hash {
        let _ = write!(text, "{hash}");
    }
    let _ = write!(text, r#"","timestamp": "{}","nonce": ""#, seed.timestamp);
}

/// Writes the field that the hash is not over.
fn write_hash(text: &mut String, hash: Hash) {
    let _ = write!(text, r#""hash": "{hash}","#);
}

/// Writes a block's text from the creator on.
fn write_after(text: &mut String, seed: &Seed, count: u64, transactions: &[Transaction]) {
    let (creator, root) = (&seed.creator, seed.merkle_root);
    let _ = write!(
        text,
        r#""creator": "{creator}","merkle_root": "{root}","count": {count},"transactions": ["#
    );
    for (n, transaction) in transactions.iter().enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(transaction.text());
    }
    text.push_str("]}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Amount, genesis};

    fn block() -> Block {
        let at = Timestamp::parse("2020-05-14T09:19:10").unwrap();
        let reward = Transaction::reward("C", Amount::from_coins(1), at).unwrap();
        let seed = Seed {
            nr: 1,
            previous_hash: Some(genesis().hash()),
            timestamp: at,
            creator: "C".into(),
            merkle_root: reward.leaf(),
        };
        Draft::new(seed, vec![reward])
            .unwrap()
            .sealed("abc")
            .unwrap()
    }

    #[test]
    fn a_draft_becomes_a_block_whose_text_reads_back() {
        let block = block();
        assert_eq!(block.hash(), block.computed_hash());
        assert_eq!(Block::parse(block.text()).unwrap(), block);
        let preimage = block.preimage().concat();
        assert_eq!(
            preimage,
            block
                .text()
                .replace(&format!("\"hash\": \"{}\",", block.hash()), "")
        );
        let spaced = block
            .text()
            .replace("\":", "\" : ")
            .replace(',', " ,\n")
            .replace("09 : 19 : 10", "09:19:10");
        assert_eq!(Block::parse(&spaced).unwrap(), block);
    }

    #[test]
    fn its_claims_are_kept_as_they_came() {
        let block = block();
        let lie = block
            .text()
            .replace("\"count\": 1", "\"count\": 7")
            .replace(&block.hash().to_string(), &"0".repeat(64));
        let parsed = Block::parse(&lie).unwrap();
        assert_eq!(parsed.header().count, 7);
        assert_ne!(parsed.computed_hash(), parsed.hash());
        assert_eq!(parsed.text(), lie);
    }

    #[test]
    fn what_is_not_exactly_a_block_is_refused() {
        let text = block().text().to_owned();
        for (from, to) in [
            ("\"nr\": 1", "\"nr\": 1.0"),
            ("\"nr\": 1", "\"nr\": -1"),
            ("\"nr\": 1", "\"nr\": \"1\""),
            ("\"nr\": 1", "\"nr\": 0"),
            ("\"nr\": 1", "\"nr\": 18446744073709551616"),
            ("\"count\": 1", "\"count\": 1,\"count\": 1"),
            ("\"count\": 1", "\"size\": 1"),
            ("\"abc\"", "\"\""),
            ("\"abc\"", "\"a\\tc\""),
            ("\"hash\": \"", "\"hash\": \"A"),
            ("\"previous_hash\": \"0", "\"previous_hash\": \""),
            ("[{", "{\"a\":{"),
        ] {
            let json = text.replacen(from, to, 1);
            assert_ne!(json, text, "{from}");
            assert!(Block::parse(&json).is_err(), "{to}");
        }
    }
}
