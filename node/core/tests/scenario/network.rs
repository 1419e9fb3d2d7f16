use plugcoin_core::{Answered, Call, CallFailure, Config, Input, OtherRules, Output, Step};
use plugcoin_sdk::hooks::{Contact, Event, Origin, PeerAnswer, PeerReply, PeerRequest, Tip};
use plugcoin_sdk::ledger::{Address, Amount, Hash, genesis};
use plugcoin_testkit::fixtures::{self, START_US};

use crate::bench::{Bench, branch, events, requests};

pub(crate) fn calls(step: &Step) -> Vec<&Call> {
    step.outputs
        .iter()
        .filter_map(|output| match output {
            Output::Call(call) => Some(call),
            _ => None,
        })
        .collect()
}

pub(crate) fn reply(contact: &Contact, answer: PeerAnswer) -> Result<Answered, CallFailure> {
    let reply = PeerReply {
        contact: contact.clone(),
        answer,
    };
    Ok(reply.into())
}

pub(crate) fn asked(bench: &mut Bench) -> u64 {
    let step = bench.handle(Input::Ticked);
    calls(&step)
        .iter()
        .find(|call| call.request == PeerRequest::Peers)
        .unwrap()
        .id
}

#[test]
fn an_asking_node_is_added_and_a_client_is_not() {
    let mut bench = Bench::new();
    let ip = "127.0.0.1".parse().unwrap();
    bench.handle(Input::PeerIntroduced {
        ip,
        contact: Contact::default(),
    });
    assert_eq!(bench.node.peer_count(), 0);
    let contact = Contact {
        port: Some(6001),
        ..Contact::default()
    };
    let step = bench.handle(Input::PeerIntroduced {
        ip,
        contact: contact.clone(),
    });
    let address: Address = "127.0.0.1:6001".parse().unwrap();
    assert!(events(&step).contains(&&Event::PeerAdded {
        address: address.clone()
    }));
    assert_eq!(bench.node.peers(bench.now_us), [address]);
    assert!(matches!(bench.node.origin(ip, &contact), Origin::Peer(_)));
    assert_eq!(bench.node.origin(ip, &Contact::default()), Origin::Client);
}

#[test]
fn nobody_can_make_the_node_take_a_peer_for_itself() {
    let me = Contact {
        node: Some("ab".into()),
        ..Contact::default()
    };
    let mut bench = Bench::with_peer(Config {
        me: me.clone(),
        ..Config::default()
    });
    let peer: Address = "127.0.0.1:7001".parse().unwrap();
    let ip = "127.0.0.1".parse().unwrap();
    for contact in [
        Contact {
            port: Some(7001),
            ..me.clone()
        },
        Contact {
            address: Some(peer.clone()),
            ..me.clone()
        },
        Contact {
            port: Some(7002),
            ..me.clone()
        },
    ] {
        bench.handle(Input::PeerIntroduced { ip, contact });
        assert_eq!(bench.node.peers(bench.now_us), std::slice::from_ref(&peer));
    }
    // Only what answers there can be this node.
    bench.now_us += 15_000_000;
    let call = asked(&mut bench);
    bench.handle(Input::CallEnded {
        call,
        result: reply(&me, PeerAnswer::Peers(Vec::new())),
    });
    assert_eq!(bench.node.peer_count(), 0);
}

#[test]
fn a_banned_peer_that_calls_does_not_keep_the_node_awake() {
    let mut bench = Bench::with_peer(Config::default());
    let unanswered = asked(&mut bench);
    let contact = Contact {
        port: Some(7001),
        tip: Some(Tip {
            nr: 9,
            hash: Hash::of("9"),
        }),
        ..Contact::default()
    };
    let ip = "127.0.0.1".parse().unwrap();
    let introduced = Input::PeerIntroduced { ip, contact };
    bench.handle(introduced.clone());
    bench.now_us += 200_000;
    let seek = calls(&bench.handle(Input::Ticked))[0].id;
    let step = bench.handle(Input::CallEnded {
        call: seek,
        result: reply(&Contact::default(), PeerAnswer::Blocks(vec!["{}".into()])),
    });
    let banned = |event: &&Event| matches!(event, Event::PeerBanned { .. });
    assert!(events(&step).iter().any(banned));
    bench.handle(Input::CallEnded {
        call: unanswered,
        result: Err("gone".into()),
    });
    bench.handle(introduced);
    let wake_us = bench.node.wake_us().unwrap();
    assert!(wake_us > bench.now_us + 1_000_000, "it wakes at {wake_us}");
}

#[test]
fn named_addresses_are_tried_one_a_second_and_of_the_introducers_scope_or_wider() {
    let mut bench = Bench::with_peer(Config::default());
    let call = asked(&mut bench);
    let named = [
        "127.0.0.1:8001",
        "127.0.0.1:8002",
        "10.0.0.1:80",
        "x:1",
        "",
        "127.0.0.1:0",
        "a.example:80",
    ];
    let answer = PeerAnswer::Peers(named.map(str::to_owned).to_vec());
    let step = bench.handle(Input::CallEnded {
        call,
        result: reply(&Contact::default(), answer),
    });
    let dialled = |step: &Step| {
        calls(step)
            .iter()
            .map(|call| call.address.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(dialled(&step), ["127.0.0.1:8001"]);
    assert_eq!(bench.node.peer_count(), 1, "tried before they are believed");
    assert!(
        dialled(&bench.handle(Input::Ticked)).is_empty(),
        "not at once"
    );
    bench.now_us += 1_000_000;
    assert_eq!(dialled(&bench.handle(Input::Ticked)), ["127.0.0.1:8002"]);
    bench.now_us += 1_000_000;
    assert_eq!(
        dialled(&bench.handle(Input::Ticked)),
        ["10.0.0.1:80"],
        "wider than loopback"
    );
    bench.now_us += 1_000_000;
    assert!(
        dialled(&bench.handle(Input::Ticked)).is_empty(),
        "names and nonsense are never tried"
    );
}

#[test]
fn a_node_of_the_world_can_not_make_this_one_call_the_machine_or_its_network() {
    let config = Config {
        pinned: vec!["8.8.8.8:6000".parse().unwrap()],
        ..Config::default()
    };
    let mut bench = Bench::with(config);
    let call = asked(&mut bench);
    let named = [
        "127.0.0.1:22",
        "10.0.0.1:80",
        "192.168.1.1:80",
        "[::1]:80",
        "localhost:80",
    ];
    let answer = PeerAnswer::Peers(named.map(str::to_owned).to_vec());
    let step = bench.handle(Input::CallEnded {
        call,
        result: reply(&Contact::default(), answer),
    });
    assert!(calls(&step).is_empty());
}

#[test]
fn a_node_that_meets_itself_forgets_the_address() {
    let me = Contact {
        node: Some("ab".into()),
        ..Contact::default()
    };
    let mut bench = Bench::with_peer(Config {
        me: me.clone(),
        ..Config::default()
    });
    let call = asked(&mut bench);
    bench.handle(Input::CallEnded {
        call,
        result: reply(&me, PeerAnswer::Peers(vec![])),
    });
    assert_eq!(bench.node.peer_count(), 0);
}

#[test]
fn an_item_goes_to_a_peer_once_and_never_back() {
    let mut bench = Bench::with_peer(Config::default());
    bench.handle(Input::Ticked);
    let contact = Contact {
        port: Some(7001),
        ..Contact::default()
    };
    let origin = bench.node.origin("127.0.0.1".parse().unwrap(), &contact);
    let chain = branch("A", 3);
    let input = |block: usize, origin: &Origin| Input::BlockReceived {
        block: chain[block].clone(),
        origin: origin.clone(),
    };
    assert!(
        requests(&bench.handle(input(0, &origin))).is_empty(),
        "it came from there"
    );
    let step = bench.handle(input(1, &Origin::Client));
    assert_eq!(requests(&step), [&PeerRequest::PostBlock(chain[1].clone())]);
    assert!(requests(&bench.handle(input(1, &Origin::Client))).is_empty());
}

#[test]
fn a_better_tip_is_sought_down_and_fetched_upward() {
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    let (ours, theirs) = (branch("A", 5), branch("B", 9));
    let call = asked(&mut bench);
    bench.take(&ours);
    let tip = Tip {
        nr: 9,
        hash: theirs[8].hash(),
    };
    let contact = Contact {
        tip: Some(tip),
        ..Contact::default()
    };
    let mut step = bench.handle(Input::CallEnded {
        call,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    let mut sought = Vec::new();
    while bench.node.tip() != tip {
        let (call, nr, limit) = calls(&step)
            .iter()
            .find_map(|call| match call.request {
                PeerRequest::Page { nr, limit } => Some((call.id, nr, limit)),
                _ => None,
            })
            .unwrap();
        sought.push(nr);
        let genesis = plugcoin_sdk::ledger::genesis();
        let all = std::iter::once(&genesis).chain(&theirs);
        let texts = all
            .skip(nr as usize)
            .take(limit as usize)
            .map(|b| b.text().to_owned());
        let answer = PeerAnswer::Blocks(texts.collect());
        step = bench.handle(Input::CallEnded {
            call,
            result: reply(&contact, answer),
        });
    }
    assert_eq!(sought, [5, 4, 2, 0, 1], "down in growing steps, then up");
    assert!(!bench.node.is_syncing());
}

#[test]
fn a_peer_whose_blocks_break_a_rule_is_banned_and_one_that_pushes_them_is_not() {
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    let chain = branch("A", 1);
    let bad = chain[0]
        .text()
        .replace("\"creator\": \"A\"", "\"creator\": \"B\"");
    let pushed = plugcoin_sdk::ledger::Block::parse(&bad).unwrap();
    let call = asked(&mut bench);
    let contact = Contact {
        port: Some(7001),
        ..Contact::default()
    };
    let origin = bench.node.origin("127.0.0.1".parse().unwrap(), &contact);
    bench.handle(Input::BlockReceived {
        block: pushed,
        origin,
    });
    assert_eq!(
        bench.node.peers(bench.now_us).len(),
        1,
        "a relay is not to blame"
    );
    let contact = Contact {
        tip: Some(Tip {
            nr: 1,
            hash: chain[0].hash(),
        }),
        ..Contact::default()
    };
    let mut step = bench.handle(Input::CallEnded {
        call,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    for texts in [
        vec![plugcoin_sdk::ledger::genesis().text().to_owned()],
        vec![bad],
    ] {
        let page = calls(&step)
            .iter()
            .find(|c| matches!(c.request, PeerRequest::Page { .. }))
            .unwrap()
            .id;
        let answer = PeerAnswer::Blocks(texts);
        step = bench.handle(Input::CallEnded {
            call: page,
            result: reply(&contact, answer),
        });
    }
    assert!(
        events(&step)
            .iter()
            .any(|event| matches!(event, Event::PeerBanned { .. }))
    );
    assert!(bench.node.peers(bench.now_us).is_empty());
    assert!(!bench.node.is_syncing());
}

/// A peer says it has this tip, and answers for its blocks with what a function makes of the first
/// level and the number of levels asked for; for so many answers at most.
fn follow(
    nr: u64,
    hash: Hash,
    answers_max: usize,
    page: impl Fn(u64, u64) -> Vec<String>,
) -> Bench {
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    let contact = Contact {
        tip: Some(Tip { nr, hash }),
        ..Contact::default()
    };
    let call = asked(&mut bench);
    let step = bench.handle(Input::CallEnded {
        call,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    let mut open: std::collections::VecDeque<Call> = calls(&step).into_iter().cloned().collect();
    for _ in 0..answers_max {
        let Some(call) = open.pop_front() else { break };
        let PeerRequest::Page { nr, limit } = call.request else {
            continue;
        };
        let step = bench.handle(Input::CallEnded {
            call: call.id,
            result: reply(&contact, PeerAnswer::Blocks(page(nr, limit))),
        });
        open.extend(calls(&step).into_iter().cloned());
    }
    bench
}

fn texts(chain: &[plugcoin_sdk::ledger::Block], nr: u64, levels: u64) -> Vec<String> {
    let levels = chain.iter().skip(nr as usize).take(levels as usize);
    levels.map(|block| block.text().to_owned()).collect()
}

fn whole_chain(length: u64) -> Vec<plugcoin_sdk::ledger::Block> {
    let mut chain = vec![plugcoin_sdk::ledger::genesis()];
    chain.extend(branch("A", length));
    chain
}

#[test]
fn a_peer_that_says_its_tip_is_the_greatest_number_is_followed_as_far_as_it_goes() {
    let chain = whole_chain(3);
    let bench = follow(u64::MAX, Hash::of("tip"), 20, |nr, limit| {
        texts(&chain, nr, limit)
    });
    assert_eq!(bench.node.tip().nr, 3);
    assert!(!bench.node.is_syncing());
}

#[test]
fn a_peer_that_gives_the_same_block_for_every_height_is_soon_given_up() {
    let chain = whole_chain(1);
    let bench = follow(u64::MAX >> 1, Hash::of("tip"), 20, |_, _| {
        texts(&chain, 0, 1)
    });
    assert_eq!(bench.node.tip().nr, 0);
    assert!(!bench.node.is_syncing());
}

/// A node that asked its peer, which meanwhile seems to ask it something and say its tip; then the peer's
/// answer comes, with another tip.
fn overtaken(claims: Option<&str>, meanwhile: u64, answered: u64) -> Bench {
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    let chain = whole_chain(3);
    let says = |nr: u64| Contact {
        port: Some(7001),
        tip: Some(Tip {
            nr,
            hash: chain[nr as usize].hash(),
        }),
        ..Contact::default()
    };
    let call = asked(&mut bench);
    bench.handle(Input::PeerIntroduced {
        ip: "127.0.0.1".parse().unwrap(),
        contact: Contact {
            address: claims.map(|address| address.parse().unwrap()),
            ..says(meanwhile)
        },
    });
    bench.handle(Input::CallEnded {
        call,
        result: reply(&says(answered), PeerAnswer::Peers(vec![])),
    });
    bench.now_us += 1_000_000;
    bench.handle(Input::Ticked);
    bench
}

#[test]
fn an_answer_that_was_overtaken_says_nothing_new_of_a_tip() {
    let bench = overtaken(None, 3, 0);
    assert!(bench.node.is_syncing(), "towards what it said last");
}

#[test]
fn who_claims_to_be_a_peer_silences_none_of_its_answers() {
    let bench = overtaken(Some("127.0.0.1:7001"), 0, 3);
    assert!(bench.node.is_syncing(), "towards what the peer itself said");
}

#[test]
fn a_peer_that_trickles_out_known_blocks_does_not_hold_up_the_sync_for_ever() {
    let chain = whole_chain(9);
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    bench.take(&chain[1..]);
    let contact = Contact {
        tip: Some(Tip {
            nr: 100_000,
            hash: Hash::of("tip"),
        }),
        ..Contact::default()
    };
    bench.now_us += 15_000_000;
    let call = asked(&mut bench);
    let mut step = bench.handle(Input::CallEnded {
        call,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    // It says that it knows nothing but the genesis block, and then sends one block a minute.
    for minute in 0..20 {
        let page = calls(&step)
            .into_iter()
            .find_map(|call| match call.request {
                PeerRequest::Page { nr, limit } => Some((call.id, nr, limit)),
                _ => None,
            });
        let Some((call, nr, limit)) = page else { break };
        let blocks = match limit {
            1 if nr > 0 => Vec::new(),
            _ => texts(&chain, nr, 1),
        };
        assert!(minute < 10, "still at it");
        bench.now_us += if limit == 1 { 0 } else { 60_000_000 };
        step = bench.handle(Input::CallEnded {
            call,
            result: reply(&contact, PeerAnswer::Blocks(blocks)),
        });
    }
    let given_up = |event: &&Event| matches!(event, Event::SyncEnded { reason: Some(reason), .. } if reason.contains("nothing new"));
    assert!(events(&step).iter().any(given_up), "{:?}", events(&step));
    assert!(!bench.node.is_syncing());
}

#[test]
fn pages_that_are_longer_than_asked_for_hold_up_nothing() {
    let chain = whole_chain(1_500);
    let tip = chain.last().unwrap().hash();
    let bench = follow(1_500, tip, 50, |nr, limit| {
        let more = if limit == 1 { 0 } else { 50 };
        texts(&chain, nr, limit + more)
    });
    assert_eq!(bench.node.tip().hash, tip);
    assert!(!bench.node.is_syncing());
}

#[test]
fn a_peer_of_other_rules_is_asked_how_they_differ() {
    let me = Contact {
        rules: Some(Hash::of("ours")),
        ..Contact::default()
    };
    let mut bench = Bench::with_peer(Config {
        me,
        ..Config::default()
    });
    let call = asked(&mut bench);
    let contact = Contact {
        rules: Some(Hash::of("theirs")),
        ..Contact::default()
    };
    let step = bench.handle(Input::CallEnded {
        call,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    let call = calls(&step)
        .iter()
        .find(|call| call.request == PeerRequest::Plugins)
        .unwrap()
        .id;
    let theirs = serde_json::json!({ "plugins": [] });
    let answer = PeerAnswer::Plugins(theirs.clone());
    let step = bench.handle(Input::CallEnded {
        call,
        result: reply(&contact, answer),
    });
    assert!(step.outputs.iter().any(|output| matches!(
        output,
        Output::Compare { rules, theirs: told, .. } if *rules == Hash::of("theirs") && *told == theirs
    )));
    let again = asked_again(&mut bench);
    let step = bench.handle(Input::CallEnded {
        call: again,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    assert!(requests(&step).is_empty(), "once");
}

#[test]
fn a_peer_of_other_rules_is_not_banned_for_them_and_its_chain_is_left_alone_for_a_while() {
    let rules = |name: &str| Contact {
        rules: Some(Hash::of(name)),
        ..Contact::default()
    };
    let mut bench = Bench::with_peer(Config {
        me: rules("ours"),
        first_coin: false,
        ..Config::default()
    });
    let call = asked(&mut bench);
    // A block that pays its miner more than our rule allows, on the genesis block.
    let reward = fixtures::reward("A", Amount::from_coins(7), START_US);
    let draft = fixtures::draft_of(&genesis(), "A", vec![reward], START_US);
    let theirs = draft.sealed(&fixtures::nonce(1)).unwrap();
    let contact = Contact {
        tip: Some(Tip {
            nr: 1,
            hash: theirs.hash(),
        }),
        ..rules("theirs")
    };
    let mut step = bench.handle(Input::CallEnded {
        call,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    for text in [genesis().text(), theirs.text()] {
        let page = calls(&step)
            .iter()
            .find(|call| matches!(call.request, PeerRequest::Page { .. }))
            .unwrap()
            .id;
        let answer = PeerAnswer::Blocks(vec![text.to_owned()]);
        step = bench.handle(Input::CallEnded {
            call: page,
            result: reply(&contact, answer),
        });
    }
    assert!(
        events(&step)
            .iter()
            .any(|event| matches!(event, Event::BlockRefused { .. }))
    );
    assert!(
        !events(&step)
            .iter()
            .any(|event| matches!(event, Event::PeerBanned { .. }))
    );
    assert_eq!(bench.node.peers(bench.now_us).len(), 1);
    let again = asked_again(&mut bench);
    let step = bench.handle(Input::CallEnded {
        call: again,
        result: reply(&contact, PeerAnswer::Peers(vec![])),
    });
    let sought = |step: &Step| {
        let mut requests = requests(step).into_iter();
        requests.any(|request| matches!(request, PeerRequest::Page { .. }))
    };
    assert!(!sought(&step), "not again at once");
    let differing = bench.node.differing_peers();
    assert_eq!(differing[0].rules, Hash::of("theirs"));
}

#[test]
fn a_node_may_keep_to_its_own_kind_or_say_nothing() {
    let rules = |name: &str| Contact {
        rules: Some(Hash::of(name)),
        ..Contact::default()
    };
    for other_rules in [OtherRules::Refuse, OtherRules::Allow] {
        let mut bench = Bench::with_peer(Config {
            me: rules("ours"),
            first_coin: false,
            other_rules,
            ..Config::default()
        });
        let call = asked(&mut bench);
        let chain = branch("A", 3);
        let told = |bench: &mut Bench, block| {
            requests(&bench.block(block))
                .iter()
                .any(|request| matches!(request, PeerRequest::PostBlock(_)))
        };
        // What is not known to be of its own kind may be of another.
        let allows = other_rules == OtherRules::Allow;
        assert_eq!(told(&mut bench, &chain[0]), allows);
        let step = bench.handle(Input::CallEnded {
            call,
            result: reply(&rules("theirs"), PeerAnswer::Peers(vec![])),
        });
        let compares = requests(&step).contains(&&PeerRequest::Plugins);
        assert_eq!(compares, !allows);
        assert_eq!(told(&mut bench, &chain[1]), allows);
        let call = asked_again(&mut bench);
        bench.handle(Input::CallEnded {
            call,
            result: reply(&rules("ours"), PeerAnswer::Peers(vec![])),
        });
        assert!(told(&mut bench, &chain[2]), "it has changed its rules");
    }
}

fn asked_again(bench: &mut Bench) -> u64 {
    bench.now_us += 15_000_000;
    asked(bench)
}

#[test]
fn a_peer_that_does_not_answer_is_asked_ever_more_rarely() {
    let mut bench = Bench::with_peer(Config {
        first_coin: false,
        ..Config::default()
    });
    let mut waited = Vec::new();
    for _ in 0..9 {
        let call = asked(&mut bench);
        bench.handle(Input::CallEnded {
            call,
            result: Err("refused".into()),
        });
        let wake_us = bench.node.wake_us().unwrap();
        waited.push((wake_us - bench.now_us) / 1_000_000);
        bench.now_us = wake_us;
    }
    assert_eq!(waited, [15, 30, 60, 120, 240, 480, 960, 960, 960]);
}
