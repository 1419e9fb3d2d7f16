//! Every kernel of the machine against a loop that hashes the whole text for each nonce.

use std::io::{self, Write as _};

use plugcoin_sdk::ledger::{
    Amount, Draft, Hash, Payment, Seed, Sum, Target, Timestamp, Transaction, U256,
};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::{Kernel, Search};
use crate::nonce::Nonce;

/// More tries than any kernel makes at once, and no multiple of what one does.
const ATTEMPTS: u64 = 71;

/// What runs the kernel, if the machine has it; said where no test's output is captured, if not.
fn has(kernel: Kernel) -> bool {
    if !kernel.is_available() {
        let _ = writeln!(io::stderr(), "skipped: this machine has no kernel {kernel}");
    }
    kernel.is_available()
}

/// The nonces of a slice and the hashes that they give, by hand.
fn by_hand(before: &str, after: &str, start: u64, attempts: u64) -> Vec<(Nonce, U256)> {
    let mut nonce = Nonce::of_try(start);
    (0..attempts)
        .map(|_| {
            let hash = Hash::of_parts(&[before, &nonce.to_string(), after]);
            let tried = (nonce, U256::from_be_bytes(*hash.as_bytes()));
            nonce.advance();
            tried
        })
        .collect()
}

/// The kernel finds what trying by hand finds, at targets from the easiest to the last that is met
/// and the first that is not.
fn agrees(kernel: Kernel, before: &str, after: &str, start: u64, attempts: u64) {
    let run = kernel.run().unwrap();
    let tries = by_hand(before, after, start, attempts);
    let mut targets = vec![U256::MAX, U256::MAX >> 4, U256::MAX >> 8, U256::ZERO];
    if let Some(least) = tries.iter().map(|(_, hash)| *hash).min() {
        targets.extend([least, least - U256::ONE]);
        targets.extend(tries.iter().map(|(_, hash)| *hash).nth(tries.len() / 2));
    }
    for target in targets {
        let expected = tries.iter().find(|(_, hash)| *hash <= target);
        let search = Search::new(
            before,
            after,
            &Target(target),
            Nonce::of_try(start),
            attempts,
        );
        assert_eq!(
            run(&search),
            expected.map(|(nonce, _)| *nonce),
            "{kernel}, {} bytes before and {} after, {attempts} tries from {start}, {target:064x}",
            before.len(),
            after.len(),
        );
    }
}

fn finds_the_same_at_every_alignment(kernel: Kernel) {
    if !has(kernel) {
        return;
    }
    let text = "0123456789 abcdefghijklmnopqrstuvwxyz ".repeat(8);
    for before in 0..=130 {
        for after in (0..=66).chain([119, 120, 128, 250]) {
            let start = 62 * 62 * before as u64 + after as u64;
            agrees(kernel, &text[..before], &text[..after], start, 35);
        }
    }
}

/// The nonce of the least hash lies in another lane every time.
fn finds_the_same_whatever_the_slice(kernel: Kernel) {
    if !has(kernel) {
        return;
    }
    let text = "x".repeat(200);
    let carries = [0, 62, 62 * 62, 62 * 62 * 62, 62_u64.pow(10), u64::MAX];
    for carry in carries {
        for near in 0..100 {
            let start = carry.saturating_sub(near);
            agrees(kernel, &text[..145], &text, start, near);
            agrees(kernel, &text[..145], &text, start, ATTEMPTS);
        }
    }
}

fn transaction(n: usize, field: usize) -> Transaction {
    let at = Timestamp::from_us(1_589_447_950_000_000 + n as i64);
    let sum = Sum::parse("0.5").unwrap();
    let payment = Payment::new(&"f".repeat(field), &"t".repeat(field), sum, at).unwrap();
    payment.signed(&"5".repeat(2 * field)).unwrap()
}

/// A block's draft: so many transactions with the reward, fields of any length.
fn drafts() -> impl Strategy<Value = Draft> {
    let count = prop_oneof![1..=5_usize, 1..=300_usize];
    let nr = (1..=20_u32, any::<u64>()).prop_map(|(digits, seed)| {
        let least = 10_u64.pow(digits - 1);
        least + seed % least.saturating_mul(9).min(u64::MAX - least)
    });
    let time_us = prop_oneof![0..2_000_000_000_000_000_i64, Just(1_589_447_950_000_000)];
    let fields = (1..=200_usize, 1..=100_usize);
    (count, nr, time_us, any::<[u8; 32]>(), fields).prop_map(
        |(count, nr, time_us, hash, (creator, field))| {
            let timestamp = Timestamp::from_us(time_us);
            let creator = "c".repeat(creator);
            let reward = Transaction::reward(&creator, Amount::from_coins(1), timestamp).unwrap();
            let mut transactions: Vec<_> = (1..count).map(|n| transaction(n, field)).collect();
            transactions.push(reward);
            let seed = Seed {
                nr,
                previous_hash: Some(Hash::from_bytes(hash)),
                timestamp,
                creator,
                merkle_root: transactions[0].leaf(),
            };
            Draft::new(seed, transactions).unwrap()
        },
    )
}

fn finds_the_same_in_any_draft(kernel: Kernel) {
    if !has(kernel) {
        return;
    }
    let slices = (any::<u64>(), 0..=ATTEMPTS);
    let property = |(draft, (start, attempts)): (Draft, (u64, u64))| {
        agrees(kernel, draft.before(), draft.after(), start, attempts);
        Ok(())
    };
    TestRunner::default()
        .run(&(drafts(), slices), property)
        .unwrap();
}

macro_rules! tests_of {
    ($($name:ident: $kernel:expr;)*) => {
        $(mod $name {
            use super::Kernel;

            #[test]
            fn finds_the_same_at_every_alignment() {
                super::finds_the_same_at_every_alignment($kernel);
            }

            #[test]
            fn finds_the_same_whatever_the_slice() {
                super::finds_the_same_whatever_the_slice($kernel);
            }

            #[test]
            fn finds_the_same_in_any_draft() {
                super::finds_the_same_in_any_draft($kernel);
            }
        })*
    };
}
tests_of! {
    avx512: Kernel::Avx512;
    avx512_sha_ni: Kernel::Avx512ShaNi;
    sha_ni: Kernel::ShaNi;
    portable: Kernel::Portable;
    auto: Kernel::Auto;
}

#[test]
fn what_auto_takes_is_a_kernel_of_this_machine_and_stays_the_same() {
    let fastest = Kernel::fastest();
    assert!(fastest.is_available());
    assert!(
        Kernel::ALL.contains(&fastest),
        "{fastest} is another's choice"
    );
    assert_eq!(Kernel::fastest(), fastest);
    assert!(Kernel::Portable.is_available());
}
