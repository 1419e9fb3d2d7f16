//! `mempool-limits` and `priority`: what may wait, and what is mined first.

use plugcoin_sdk::hooks::KeyPair;
use plugcoin_sdk::ledger::{Block, Transaction};

use crate::live::{Live, acquainted, agreed, coins, live_with, sums};
use crate::program::running::until;
use crate::program::world::{alice, bob, pay};

const ZEROS: &str = "--set zeros.zeros=0";

/// Blocks that pay alice and bob three coins each.
fn both_rich() -> Vec<Block> {
    let (alice, bob) = (alice().public.clone(), bob().public.clone());
    coins(
        &[&alice, &bob]
            .repeat(3)
            .into_iter()
            .map(|key| &**key)
            .collect::<Vec<_>>(),
    )
}

fn payment(from: &KeyPair, sum: &str) -> Transaction {
    pay(from, "carol", sum, 100)
}

fn post(node: &Live, payments: &[(KeyPair, &str)]) {
    for (from, sum) in payments {
        node.takes("/inv", payment(from, sum).text());
    }
}

#[test]
fn a_sender_has_its_share_of_the_pool_and_senders_take_turns() {
    let blocks = both_rich();
    let limits = format!(
        "{ZEROS} --plugin mempool-limits --set mempool-limits.n_transactions=4 \
         --set mempool-limits.sender_transactions_max=2"
    );
    let a = live_with(limits, &alice(), &blocks);
    let plain = format!("{ZEROS} --set fifo.n_transactions=5");
    let plain = live_with(plain, &alice(), &blocks);
    let third = payment(&alice(), "0.3");
    for node in [&a, &plain] {
        post(node, &[(alice(), "0.1"), (alice(), "0.2")]);
    }
    let refused = a.refuses("/inv", third.text());
    for (key, value) in [
        ("errmsg", "the sender has enough waiting already"),
        ("rule", "sender-limit"),
        ("plugin", "mempool-limits"),
        ("observed", "2 waiting"),
        ("required", "at most 2 with this one"),
    ] {
        assert_eq!(refused[key], value, "{refused}");
    }
    plain.takes("/inv", third.text());
    for node in [&a, &plain] {
        post(node, &[(bob(), "0.4"), (bob(), "0.5")]);
        node.reach(7);
    }
    assert_eq!(sums(&a.tip_block()), ["0.1", "0.4", "0.2", "0.5"]);
    let in_order = ["0.1", "0.2", "0.3", "0.4", "0.5"];
    assert_eq!(sums(&plain.tip_block()), in_order);
}

#[test]
fn the_last_of_a_crowd_is_dropped_and_so_is_what_waits_too_long() {
    let blocks = both_rich();
    // Nobody can make block 7: its key is somebody else's.
    let idle = format!(
        "{ZEROS} --plugin authority@7 --set authority.keys=somebody --plugin mempool-limits"
    );
    let crowded = format!("{idle} --set mempool-limits.transactions_max=3");
    let a = live_with(crowded, &alice(), &blocks);
    post(
        &a,
        &[
            (alice(), "0.1"),
            (alice(), "0.2"),
            (alice(), "0.3"),
            (bob(), "0.4"),
        ],
    );
    assert_eq!(a.status()["pool"], 3);
    let hasty = format!("{idle} --set mempool-limits.age_max_s=1");
    let b = live_with(hasty, &alice(), &blocks);
    post(&b, &[(alice(), "0.3")]);
    b.wait("an empty pool", |status| status["pool"] == 0);
    let dropped = payment(&alice(), "0.3").id().to_string();
    for node in [&a, &b] {
        let log = until("the log", || {
            Some(node.log()).filter(|log| log.contains("transaction dropped"))
        });
        let mut lines = log
            .lines()
            .filter(|line| line.contains("transaction dropped"));
        assert!(lines.all(|line| line.contains(&dropped)), "{log}");
    }
}

#[test]
fn large_payments_go_first() {
    let blocks = both_rich();
    let payments = [(alice(), "0.1"), (bob(), "0.5"), (alice(), "0.3")];
    let first = format!("{ZEROS} --plugin priority --set priority.n_transactions=3");
    let a = live_with(&first, &alice(), &blocks);
    let b = live_with(format!("{first} --peer {}", a.address), &bob(), &blocks);
    let plain = format!("{ZEROS} --set fifo.n_transactions=3");
    let plain = live_with(plain, &alice(), &blocks);
    acquainted(&[&a, &b]);
    for node in [&a, &plain] {
        post(node, &payments);
    }
    agreed(&[&a, &b], 7);
    plain.reach(7);
    assert_eq!(sums(&b.tip_block()), ["0.5", "0.3", "0.1"]);
    assert_eq!(sums(&plain.tip_block()), ["0.1", "0.5", "0.3"]);
}
