//! Clients that pay and read all the time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ed25519::Ed25519;
use plugcoin_sdk::hooks::{KeyPair, Signer as _};
use plugcoin_testkit::fixtures;
use serde_json::Value;

use super::client;
use super::pauses::until;
use super::run::World;
use super::samples::Kind;

/// How many clients there are, each with keys of its own.
pub(crate) const CLIENTS: u8 = 4;

/// How long a client takes for each of its requests, if the answer comes before.
const PACE: Duration = Duration::from_millis(40);

/// After how many requests one asks for the whole chain.
const WHOLE_EVERY: usize = 250;

fn keys(client: u8) -> KeyPair {
    Ed25519.generate(&[client + 101; 32]).unwrap()
}

/// The time now, in microseconds since 1970, later each time.
pub(crate) fn now_us() -> i64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    let now = u64::try_from(since.as_micros()).unwrap();
    let last = LAST
        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| {
            Some(now.max(last + 1))
        })
        .unwrap();
    i64::try_from(now.max(last + 1)).unwrap()
}

/// Gives every client coins, in two blocks of the first node, and waits until everybody has them.
pub(crate) fn give_coins(world: &World) {
    until("the first coin", || {
        world.members[0]
            .status()
            .filter(|status| status["height"] == 1)
    });
    for _ in 0..5 {
        for client in 0..CLIENTS {
            let body = format!("{{\"to\": \"{}\",\"sum\": 0.03}}", keys(client).public);
            let (status, text) =
                client::ask(&world.members[0].address, "POST", "/money", body.as_bytes()).unwrap();
            assert_eq!(status, 200, "{text}");
            world.account.acknowledged(&accepted(&text), 0);
        }
    }
    until("two blocks", || {
        world.members[0]
            .status()
            .filter(|status| status["pool"] == 0)
    });
    super::nodes::agree(&world.members);
}

fn accepted(text: &str) -> String {
    let answer: Value = serde_json::from_str(text).unwrap();
    answer["accepted"].as_str().unwrap().to_owned()
}

/// One client, until all is over.
pub(crate) fn client(world: &World, client: u8) {
    let (mut number, mut last) = (usize::from(client), String::new());
    let mine = keys(client);
    let to = keys((client + 1) % CLIENTS).public.clone();
    while !world.is_over() {
        let begun = Instant::now();
        let by = (number / 8) % world.members.len();
        if let Some(turns) = world.members[by].is_here() {
            let (kind, method, path, body) = request(number, &mine, &to, &last);
            let answer = client::ask(&world.members[by].address, method, &path, body.as_bytes());
            let was_here = world.members[by].is_here() == Some(turns);
            if let Ok((200, text)) = &answer
                && kind == Kind::Payment
            {
                last = accepted(text);
                world.account.acknowledged(&last, by);
            }
            if was_here {
                let name = format!("node {by}: {method} {path}");
                world.samples.answered(kind, begun, &name, answer);
            }
        }
        number += 1;
        std::thread::sleep(PACE.saturating_sub(begun.elapsed()));
    }
}

/// What a client asks for, in turn.
fn request(
    number: usize,
    mine: &KeyPair,
    to: &str,
    last: &str,
) -> (Kind, &'static str, String, String) {
    if number.is_multiple_of(WHOLE_EVERY) {
        return (Kind::Whole, "GET", "/getblocks".into(), String::new());
    }
    let genesis = plugcoin_sdk::ledger::genesis().hash();
    let get = |path: &str| (Kind::Read, "GET", path.to_owned(), String::new());
    match number % 8 {
        0 => {
            let paid = fixtures::signed(&Ed25519, mine, to, "0.00001", now_us());
            (Kind::Payment, "POST", "/inv".into(), paid.text().into())
        }
        4 => {
            let body = format!("{{\"to\": \"{to}\",\"sum\": 0.001}}");
            (Kind::Payment, "POST", "/money".into(), body)
        }
        1 => get("/getpeers"),
        2 => get("/getblocks?nr=1&limit=10"),
        3 => get(&format!("/getdata?id={genesis}")),
        5 => get("/status"),
        6 if !last.is_empty() => get(&format!("/explain?id={last}")),
        6 => get(&format!("/getblocks?id={genesis}&limit=3")),
        _ => get("/plugins"),
    }
}
