//! Keys, transactions, blocks and chains for tests: the same on every run.
//!
//! Keys are names ("alice") of the scheme of [`PlainSigner`] unless a signer is given.

use plugcoin_sdk::hooks::{Consensus, KeyPair, PeerId, PeerView, PoolSummary, Seal, Signer, Slice};
use plugcoin_sdk::ledger::{
    Address, Amount, Block, Draft, Hash, Header, Payment, Seed, Sum, Target, Timestamp,
    Transaction, genesis, merkle,
};

use crate::doubles::PlainSigner;

/// The moment around which tests happen: 2020-05-14T09:19:10, in microseconds since 1970.
pub const START_US: i64 = 1_589_447_950_000_000;

/// One second, in microseconds.
pub const SECOND_US: i64 = 1_000_000;

/// Who makes the blocks of [`chain`].
pub const MINER: &str = "miner";

/// A pair of keys of the scheme of [`PlainSigner`]: the public key is the name itself.
pub fn key_pair(name: &str) -> KeyPair {
    KeyPair {
        public: name.to_owned(),
        secret: name.chars().rev().collect(),
    }
}

/// A payment that the owner of these keys signed with this scheme.
pub fn signed(
    signer: &dyn Signer,
    from: &KeyPair,
    to: &str,
    sum: &str,
    time_us: i64,
) -> Transaction {
    let sum = Sum::parse(sum).expect("the sum is a plain decimal");
    let payment = Payment::new(&from.public, to, sum, Timestamp::from_us(time_us))
        .expect("the payment has the right form");
    let signature = signer
        .sign(&from.secret, payment.text())
        .expect("the scheme signs with this key");
    payment
        .signed(&signature)
        .expect("the signature has the right form")
}

/// A payment between two names, signed by [`PlainSigner`].
pub fn pay(from: &str, to: &str, sum: &str, time_us: i64) -> Transaction {
    signed(&PlainSigner, &key_pair(from), to, sum, time_us)
}

/// The reward of a block.
pub fn reward(creator: &str, amount: Amount, time_us: i64) -> Transaction {
    Transaction::reward(creator, amount, Timestamp::from_us(time_us))
        .expect("the creator is a field of a transaction")
}

/// A block on this parent that lacks its nonce: these transactions, then a reward of one coin, under
/// the default merkle root.
pub fn draft(
    parent: &Block,
    creator: &str,
    mut transactions: Vec<Transaction>,
    time_us: i64,
) -> Draft {
    transactions.push(reward(creator, Amount::from_coins(1), time_us));
    draft_of(parent, creator, transactions, time_us)
}

/// A block on this parent that lacks its nonce: exactly these transactions, under the default merkle
/// root.
pub fn draft_of(
    parent: &Block,
    creator: &str,
    transactions: Vec<Transaction>,
    time_us: i64,
) -> Draft {
    let leaves: Vec<Hash> = transactions.iter().map(Transaction::leaf).collect();
    let seed = Seed {
        nr: parent.nr() + 1,
        previous_hash: Some(parent.hash()),
        timestamp: Timestamp::from_us(time_us),
        creator: creator.to_owned(),
        merkle_root: merkle::root(&leaves),
    };
    Draft::new(seed, transactions).expect("the creator is a field of a block")
}

/// A nonce of the default form, one for each number: 20 digits.
pub fn nonce(number: u64) -> String {
    format!("{number:020}")
}

/// A block on this parent: these transactions, a reward of one coin, this nonce whatever its hash.
pub fn block(
    parent: &Block,
    creator: &str,
    transactions: Vec<Transaction>,
    time_us: i64,
    nonce: &str,
) -> Block {
    draft(parent, creator, transactions, time_us)
        .sealed(nonce)
        .expect("the nonce is a field of a block")
}

/// A block on this parent that meets the target, found by the consensus plugin.
pub fn mine(consensus: &dyn Consensus, draft: Draft, parent: &Header, target: &Target) -> Block {
    let mut slice = Slice {
        start: 0,
        attempts: 10_000,
        now_us: draft.seed().timestamp.us(),
    };
    loop {
        match consensus
            .seal(&draft, parent, target, slice)
            .expect("the consensus seals")
        {
            Seal::Found { nonce } => {
                return draft
                    .sealed(&nonce)
                    .expect("the nonce is a field of a block");
            }
            Seal::Exhausted => slice.start += slice.attempts,
            Seal::Wait { until_us } => slice.now_us = until_us,
            Seal::Sign { .. } => panic!("this consensus needs a wallet, which a fixture has not"),
        }
    }
}

/// So many empty blocks on the genesis block, which is not among them.
///
/// * Block n is made at [`START_US`] + n seconds by [`MINER`], with the nonce [`nonce`]`(n)`: it
///   meets a target of no difficulty.
pub fn chain(length: u64) -> Vec<Block> {
    chain_on(&genesis(), MINER, length)
}

/// So many empty blocks on this parent, which is not among them; another creator, another branch.
pub fn chain_on(parent: &Block, creator: &str, length: u64) -> Vec<Block> {
    let mut tip = parent.clone();
    (0..length)
        .map(|_| {
            let nr = tip.nr() + 1;
            let time_us = START_US + SECOND_US * i64::try_from(nr).unwrap_or(i64::MAX / SECOND_US);
            tip = block(&tip, creator, Vec::new(), time_us, &nonce(nr));
            tip.clone()
        })
        .collect()
}

/// So many peers on this machine, numbered from 1.
pub fn peers(count: u16) -> Vec<PeerView> {
    (1..=count)
        .map(|n| PeerView {
            id: PeerId(n.into()),
            address: Address::new([127, 0, 0, 1].into(), 6000 + n),
            tip_nr: Some(u64::from(n)),
            score: 0,
            answered_us: Some(START_US),
        })
        .collect()
}

/// A pool in which so many transactions wait, none of them of the sender in question.
pub fn pool(transactions: u64) -> PoolSummary {
    PoolSummary {
        transactions,
        bytes: transactions * 300,
        sender_transactions: 0,
        sender_sum: Amount::ZERO,
        oldest_us: (transactions > 0).then_some(START_US),
        now_us: START_US + SECOND_US,
    }
}

/// Some leaves and the root that the default rule gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleVector {
    /// The texts.
    pub leaf_texts: Vec<String>,
    /// Their hashes.
    pub leaf_hashes: Vec<Hash>,
    /// The root over them.
    pub root: Hash,
}

/// The roots that the protocol's pages give for the default merkle rule.
pub fn merkle_vectors() -> Vec<MerkleVector> {
    let file: serde_json::Value = serde_json::from_str(include_str!("../data/merkle.json"))
        .expect("the vectors' file is JSON");
    let texts = |value: &serde_json::Value| -> Vec<String> {
        let list = value.as_array().expect("a vector has a list of leaves");
        list.iter()
            .map(|text| text.as_str().expect("a leaf is a text").to_owned())
            .collect()
    };
    let hash = |text: &str| -> Hash { text.parse().expect("a vector's hash is a hash") };
    let vectors = file["vectors"].as_array().expect("there are vectors");
    vectors
        .iter()
        .map(|vector| MerkleVector {
            leaf_texts: texts(&vector["leaf_texts"]),
            leaf_hashes: texts(&vector["leaf_hashes"])
                .iter()
                .map(|text| hash(text))
                .collect(),
            root: hash(vector["root"].as_str().expect("a vector has a root")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_linked_and_the_same_on_every_run() {
        let blocks = chain(3);
        assert_eq!(blocks[0].header().previous_hash, Some(genesis().hash()));
        for pair in blocks.windows(2) {
            assert_eq!(pair[1].header().previous_hash, Some(pair[0].hash()));
            assert_eq!(pair[1].nr(), pair[0].nr() + 1);
            assert!(pair[1].header().timestamp.us() > pair[0].header().timestamp.us());
        }
        for block in &blocks {
            assert_eq!(block.computed_hash(), block.hash());
            assert_eq!(block.header().count, 1);
            assert!(block.transactions()[0].is_reward());
        }
        assert_eq!(blocks, chain(3));
        assert_ne!(blocks, chain_on(&genesis(), "other", 3));
    }

    #[test]
    fn a_payment_between_names_is_signed() {
        let transaction = pay("alice", "bob", "0.5", START_US);
        assert_eq!(transaction.from(), "alice");
        let holds = PlainSigner
            .verify(
                transaction.from(),
                transaction.unsigned_text(),
                transaction.signature(),
            )
            .unwrap();
        assert!(holds);
    }

    #[test]
    fn the_merkle_vectors_are_leaves_by_the_leaf_rule() {
        let vectors = merkle_vectors();
        assert!(vectors.len() >= 5);
        for vector in vectors {
            let leaves: Vec<Hash> = vector
                .leaf_texts
                .iter()
                .map(|text| Hash::of(text))
                .collect();
            assert_eq!(leaves, vector.leaf_hashes);
        }
    }
}
