//! Whose block is taken, and when.

use super::*;
use plugcoin_sdk::hooks::Signer;
use plugcoin_sdk::ledger::{Block, Timestamp, genesis};
use plugcoin_sdk::plugin::{Setup, compiled_in};
use plugcoin_testkit::doubles::PlainSigner;
use plugcoin_testkit::fixtures::{SECOND_US, draft, key_pair, pay};

const TURN_US: i64 = 10 * SECOND_US;

/// The beginning of a turn of alice's; bob's and carol's follow.
const ALICE_US: i64 = 158_944_800 * TURN_US;

fn keys(names: &[&str]) -> Keys {
    Keys(names.iter().map(|name| (*name).to_owned()).collect())
}

fn rule() -> Authority {
    rule_of(&["alice", "bob", "carol"], 10).unwrap()
}

fn rule_of(names: &[&str], turn_s: u64) -> Result<Authority, Error> {
    Authority::from_options(&AuthorityOptions {
        keys: keys(names),
        turn_s,
    })
}

fn asked(draft: &Draft, parent: &Header, now_us: i64) -> Seal {
    let slice = Slice {
        start: 0,
        attempts: 1,
        now_us,
    };
    rule().seal(draft, parent, &Target::MAX, slice).unwrap()
}

/// A block that its creator made on this parent at this time, the way that a node goes.
fn made(parent: &Block, creator: &str, time_us: i64) -> Block {
    let draft = draft(parent, creator, vec![], time_us);
    match asked(&draft, parent.header(), time_us) {
        Seal::Sign { text } => {
            let nonce = PlainSigner.sign(&key_pair(creator).secret, &text).unwrap();
            draft.sealed(&nonce).unwrap()
        }
        other => panic!("it is not {creator}'s turn: {other:?}"),
    }
}

fn until(creator: &str, parent: &Header, draft_us: i64, now_us: i64) -> i64 {
    let draft = draft(&genesis(), creator, vec![], draft_us);
    match asked(&draft, parent, now_us) {
        Seal::Wait { until_us } => until_us,
        other => panic!("it is {creator}'s turn: {other:?}"),
    }
}

fn judged(rule: &Authority, header: &Header, parent: Option<&Header>) -> SealVerdict {
    rule.check_seal(header, parent, &Target::MAX).unwrap()
}

fn holds(rule: &Authority, header: &Header, parent: &Header) -> bool {
    match judged(rule, header, Some(parent)) {
        SealVerdict::Verify(seal) => PlainSigner
            .verify(&seal.key, &seal.text, &seal.signature)
            .unwrap(),
        _ => false,
    }
}

fn refusal(header: &Header, parent: Option<&Header>) -> Invalid {
    match judged(&rule(), header, parent) {
        SealVerdict::Invalid(invalid) => invalid,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[test]
fn the_keys_take_turns_and_whoever_is_away_is_passed_over() {
    let mut parent = genesis();
    for (turn, creator) in [(0, "alice"), (1, "bob"), (3, "alice"), (5, "carol")] {
        let block = made(&parent, creator, ALICE_US + turn * TURN_US + 3);
        assert!(
            holds(&rule(), block.header(), parent.header()),
            "turn {turn}"
        );
        parent = block;
    }
}

#[test]
fn who_is_not_on_waits_for_the_beginning_of_its_next_turn() {
    let genesis = genesis();
    let bob_us = ALICE_US + TURN_US;
    assert_eq!(until("bob", genesis.header(), ALICE_US, ALICE_US), bob_us);
    assert_eq!(
        until("alice", genesis.header(), bob_us, bob_us + 5),
        ALICE_US + 3 * TURN_US
    );
    // One block a turn: after its own, alice waits for all the others.
    let first = made(&genesis, "alice", ALICE_US);
    let after_us = ALICE_US + SECOND_US;
    assert_eq!(
        until("alice", first.header(), after_us, after_us),
        ALICE_US + 3 * TURN_US
    );
    // A draft from before the turn is made anew at once.
    assert_eq!(
        until("bob", genesis.header(), ALICE_US, bob_us + 5),
        bob_us + 6
    );
}

#[test]
fn who_is_not_listed_waits_and_its_blocks_are_refused() {
    let genesis = genesis();
    assert!(until("mallory", genesis.header(), ALICE_US, ALICE_US) > ALICE_US);
    let mut header = made(&genesis, "alice", ALICE_US).header().clone();
    header.creator = "mallory".into();
    for parent in [None, Some(genesis.header())] {
        assert_eq!(
            refusal(&header, parent).to_string(),
            "seal: the block's creator is not among the keys that take turns; observed mallory; \
             required one of 3 keys"
        );
    }
}

#[test]
fn a_block_in_anothers_turn_is_refused() {
    let mut header = made(&genesis(), "alice", ALICE_US).header().clone();
    header.timestamp = Timestamp::from_us(ALICE_US + TURN_US);
    assert_eq!(
        refusal(&header, None).to_string(),
        "turn: the block's time lies in the turn of another key; observed alice; required bob"
    );
    header.timestamp = Timestamp::from_us(ALICE_US - 1);
    assert_eq!(refusal(&header, None).required.as_deref(), Some("carol"));
}

#[test]
fn a_second_block_in_a_turn_is_refused_once_its_parent_is_known() {
    let first = made(&genesis(), "alice", ALICE_US);
    let mut second = first.header().clone();
    second.timestamp = Timestamp::from_us(ALICE_US + 1);
    assert!(matches!(
        judged(&rule(), &second, None),
        SealVerdict::Verify(_)
    ));
    assert_eq!(
        refusal(&second, Some(first.header())).message.as_ref(),
        "the block lies in no later turn than its parent"
    );
}

#[test]
fn a_signature_seals_its_own_block_and_no_other() {
    let genesis = genesis();
    let block = made(&genesis, "alice", ALICE_US);
    let header = block.header();
    assert!(holds(&rule(), header, genesis.header()));

    let other_transactions = draft(
        &genesis,
        "alice",
        vec![pay("bob", "carol", "1", ALICE_US)],
        ALICE_US,
    );
    let other_transactions = other_transactions.sealed(&header.nonce).unwrap();
    assert!(!holds(
        &rule(),
        other_transactions.header(),
        genesis.header()
    ));

    type Change = fn(&mut Header);
    let changes: [Change; 5] = [
        |header| header.nr += 1,
        |header| header.previous_hash = None,
        |header| header.timestamp = Timestamp::from_us(ALICE_US + 1),
        |header| header.merkle_root = header.hash,
        |header| header.count += 1,
    ];
    for (n, change) in changes.iter().enumerate() {
        let mut changed = header.clone();
        change(&mut changed);
        assert!(!holds(&rule(), &changed, genesis.header()), "change {n}");
    }

    // Nor in a network of other authorities, whose genesis block is the same.
    for (names, turn_s) in [(&["alice"][..], 10), (&["alice", "bob", "carol"], 5)] {
        let other = rule_of(names, turn_s).unwrap();
        assert!(
            !holds(&other, header, genesis.header()),
            "{names:?} {turn_s}"
        );
    }
}

#[test]
fn every_block_weighs_the_same() {
    let rule = rule();
    let work = rule.work(&Target::MAX).unwrap();
    assert_eq!(work, rule.work(&Target::from_leading_zeros(64)).unwrap());
}

fn made_with(name: &str, value: serde_json::Value) -> Result<(), Error> {
    let registration = compiled_in()[0];
    let setup = Setup {
        plugin: registration.name.into(),
        values: vec![(name.into(), value)],
        ..Setup::default()
    };
    (registration.create)(&setup).map(drop)
}

#[test]
fn keys_are_a_list_or_a_text_with_commas() {
    let read = |json: serde_json::Value| serde_json::from_value::<Keys>(json).unwrap();
    assert_eq!(read("alice, bob".into()), keys(&["alice", "bob"]));
    assert_eq!(read(vec!["alice", "bob"].into()), keys(&["alice", "bob"]));
    assert_eq!(read("".into()), Keys::default());
    let written = serde_json::to_value(keys(&["alice", "bob"])).unwrap();
    assert_eq!(written, serde_json::json!(["alice", "bob"]));
    assert!(made_with("keys", "alice,bob".into()).is_ok());
}

#[test]
fn what_can_not_work_is_refused_with_a_way_out() {
    let long = "k".repeat(201);
    for (names, turn_s, said) in [
        (&[][..], 10, "authority.keys is empty"),
        (&["a", "b", "a"], 10, "authority.keys has a twice"),
        (
            &["a", ""],
            10,
            "authority.keys has as number 2 what is no key",
        ),
        (
            &[&long],
            10,
            "authority.keys has as number 1 what is no key",
        ),
        (&["a"], 0, "authority.turn_s is 0; a turn lasts 1 to"),
        (&["a"], u64::MAX, "authority.turn_s is 18446744073709551615"),
    ] {
        let error = rule_of(names, turn_s).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().starts_with(said), "{error}");
    }
    let error = made_with("keys", 7.into()).unwrap_err().to_string();
    assert!(error.contains("a text with commas between them"), "{error}");
}
