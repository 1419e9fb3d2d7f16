//! Many calls of a hook, the same on every run from one seed: for checks of determinism, of memory
//! and of time.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use plugcoin_sdk::hooks::{
    BlockContext, Consensus, Difficulty, ForkChoice, Gossip, GossipEvent, HookKind, Item, ItemKind,
    Mempool, Merkle, Observer, Origin, PeerId, PoolSummary, Record, Reward, Seal, Signed, Signer,
    Slice, Storage, TransactionContext, Validity,
};
use plugcoin_sdk::ledger::{Amount, Block, Hash, Target, Transaction, genesis};
use plugcoin_sdk::plugin::Provided;

use crate::fixtures::{SECOND_US, START_US, block, chain, draft, nonce, pay, peers, pool};
use crate::suite::{Numbers, difficulty, fork_choice, observer, words};

/// One call of a hook.
pub struct Call {
    method: &'static str,
    input: String,
    ask: Box<dyn Fn() -> Answer>,
}

/// What a call came to, as a thing that can be written down.
pub type Answer = Box<dyn fmt::Debug>;

impl Call {
    fn new<T: fmt::Debug + 'static>(
        method: &'static str,
        input: impl fmt::Display,
        ask: impl Fn() -> T + 'static,
    ) -> Self {
        Self {
            method,
            input: input.to_string(),
            ask: Box::new(move || Box::new(ask())),
        }
    }

    /// The method that is called.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// What it is asked, for people.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// Calls it; a panic is an answer.
    pub fn ask(&self) -> Answer {
        match catch_unwind(AssertUnwindSafe(|| (self.ask)())) {
            Ok(answer) => answer,
            Err(panic) => Box::new(format!("it panicked: {}", words(&*panic))),
        }
    }
}

/// Whether a hook's answers must be the same in whichever order it is asked.
///
/// * A gossip may keep account of what it saw, and a transport asks others.
pub fn in_any_order(hook: HookKind) -> bool {
    !matches!(hook, HookKind::Gossip | HookKind::Transport)
}

/// Some hundred calls of a hook, in an order of no meaning; none of a transport, whose answers are
/// its peers'.
///
/// * The same plugin and seed, the same calls.
/// * Into a storage it appends what is asked for.
pub fn of(plugin: &Provided, hook: HookKind, seed: u64) -> Vec<Call> {
    let numbers = &mut Numbers(seed);
    let calls = match hook {
        HookKind::Storage => plugin.storage.as_ref().map(storage),
        HookKind::Consensus => plugin
            .consensus
            .as_ref()
            .map(|hook| consensus(hook, numbers)),
        HookKind::Signer => plugin.signer.as_ref().map(|hook| signer(hook, numbers)),
        HookKind::Gossip => plugin.gossip.as_ref().map(|hook| gossip(hook, numbers)),
        HookKind::Transport => None,
        HookKind::Difficulty => plugin.difficulty.as_ref().map(|hook| target(hook, numbers)),
        HookKind::ForkChoice => plugin.fork_choice.as_ref().map(prefer),
        HookKind::Reward => plugin.reward.as_ref().map(|hook| reward(hook, numbers)),
        HookKind::Merkle => plugin.merkle.as_ref().map(|hook| root(hook, numbers)),
        HookKind::Mempool => plugin.mempool.as_ref().map(|hook| mempool(hook, numbers)),
        HookKind::Validity => plugin.validity.as_ref().map(|hook| validity(hook, numbers)),
        HookKind::Observer => plugin.observer.as_ref().map(events),
    };
    let mut calls = calls.unwrap_or_default();
    for last in (1..calls.len()).rev() {
        let other = numbers.below(last as u64 + 1) as usize;
        calls.swap(last, other);
    }
    calls
}

fn storage(hook: &Arc<dyn Storage>) -> Vec<Call> {
    let blocks = chain(20);
    let records: Vec<Record> = blocks.iter().cloned().map(Record::Block).collect();
    // A storage that fails here fails the calls too, and breaks the laws that say so.
    let _ = hook.replay(&mut |_| Ok(()));
    let _ = hook.append(&records);
    let mut hashes: Vec<Hash> = blocks.iter().map(Block::hash).collect();
    hashes.push(Hash::of("no block"));
    let mut calls = Vec::new();
    for (at, hash) in hashes.iter().copied().enumerate() {
        let read = hook.clone();
        calls.push(Call::new("read", hash, move || read.read(&hash)));
        let (many, hashes) = (hook.clone(), hashes[..at].to_vec());
        let input = format!("{at} blocks");
        calls.push(Call::new("read_many", input, move || {
            let mut bytes = 0;
            let read = many.read_many(&hashes, &mut |text| {
                bytes += text.len();
                true
            });
            (read, bytes)
        }));
    }
    calls
}

fn consensus(hook: &Arc<dyn Consensus>, numbers: &mut Numbers) -> Vec<Call> {
    let mut calls = Vec::new();
    for n in 0..40 {
        let payments = (0..n % 4).map(|n| pay("alice", "bob", "0.5", START_US + n));
        let draft = draft(&genesis(), "miner", payments.collect(), START_US + n);
        let target = Target::from_leading_zeros(numbers.below(3) as u32);
        let slice = Slice {
            start: numbers.next(),
            attempts: 20,
            now_us: START_US + n * SECOND_US,
        };
        let sealed = match hook.seal(&draft, genesis().header(), &Target::MAX, slice) {
            Ok(Seal::Found { nonce }) => draft.clone().sealed(&nonce),
            _ => draft.clone().sealed(&format!("{n:020}")),
        };
        if let Ok(block) = sealed {
            let input = format!("{} for {target}", block.hash());
            for parent in [None, Some(genesis())] {
                let (hook, block) = (hook.clone(), block.clone());
                calls.push(Call::new("check_seal", &input, move || {
                    let parent = parent.as_ref().map(|parent| parent.header());
                    hook.check_seal(block.header(), parent, &target)
                }));
            }
        }
        let (work, seal) = (hook.clone(), hook.clone());
        calls.push(Call::new("work", target, move || work.work(&target)));
        let input = format!("draft {n} for {target} from {}", slice.start);
        calls.push(Call::new("seal", input, move || {
            seal.seal(&draft, genesis().header(), &target, slice)
        }));
    }
    calls
}

fn signer(hook: &Arc<dyn Signer>, numbers: &mut Numbers) -> Vec<Call> {
    let mut calls = Vec::new();
    for n in 0..12_u8 {
        let mut seed = [n; 32];
        seed[..8].copy_from_slice(&numbers.next().to_le_bytes());
        let made = hook.clone();
        // A key pair hides its secret when it is shown; it is no secret here.
        calls.push(Call::new("generate", n, move || {
            made.generate(&seed)
                .map(|pair| (pair.public.clone(), pair.secret.clone()))
        }));
        let text = format!("text {n}");
        let pair = hook.generate(&seed).ok();
        let signature = pair
            .as_ref()
            .and_then(|pair| hook.sign(&pair.secret, &text).ok())
            .unwrap_or_else(|| format!("{:064x}", numbers.next()));
        let public = pair.map_or_else(|| Hash::of(&text).to_string(), |pair| pair.public.clone());
        for text in [text, "another text".to_owned()] {
            let (one, batch) = (hook.clone(), hook.clone());
            let signed = [public.clone(), text.clone(), signature.clone()];
            let item = signed.clone();
            calls.push(Call::new("verify", format!("{text} ({n})"), move || {
                one.verify(&item[0], &item[1], &item[2])
            }));
            calls.push(Call::new(
                "verify_batch",
                format!("8 of {text} ({n})"),
                move || {
                    let signed = Signed {
                        key: &signed[0],
                        text: &signed[1],
                        signature: &signed[2],
                    };
                    batch.verify_batch(&[signed; 8])
                },
            ));
        }
    }
    calls
}

fn gossip(hook: &Arc<dyn Gossip>, numbers: &mut Numbers) -> Vec<Call> {
    let mut calls = Vec::new();
    for n in 0..60 {
        let peers = peers(numbers.below(40) as u16);
        let input = format!("{} peers, seed {n}", peers.len());
        let hash = Hash::of(&n.to_string());
        let item = Item {
            kind: match n % 2 {
                0 => ItemKind::Block,
                _ => ItemKind::Transaction,
            },
            hash,
        };
        let origin = match numbers.below(3) {
            0 => Origin::Own,
            1 => Origin::Client,
            _ => Origin::Peer(PeerId(1)),
        };
        let (targets, ask, on_event) = (hook.clone(), hook.clone(), hook.clone());
        let (targeted, asked) = (peers.clone(), peers.clone());
        calls.push(Call::new("targets", &input, move || {
            targets.targets(&item, &origin, &targeted, n)
        }));
        calls.push(Call::new("ask", &input, move || ask.ask(&asked, START_US)));
        calls.push(Call::new("on_event", &input, move || {
            on_event.on_event(&GossipEvent::TipChanged { hash, nr: n }, &peers)
        }));
    }
    calls
}

fn target(hook: &Arc<dyn Difficulty>, numbers: &mut Numbers) -> Vec<Call> {
    let mut pace = Numbers(numbers.next());
    let grown = difficulty::grow(&**hook, 200, || 1 + pace.below(60_000_000) as i64);
    let mut calls = Vec::new();
    for nr in 1..=200 {
        let ancestors = difficulty::wanted(&**hook, nr, &grown);
        let (target, wants) = (hook.clone(), hook.clone());
        calls.push(Call::new("target", format!("block {nr}"), move || {
            target.target(nr, &ancestors)
        }));
        calls.push(Call::new("wants", format!("block {nr}"), move || {
            wants.wants(nr)
        }));
    }
    calls
}

fn prefer(hook: &Arc<dyn ForkChoice>) -> Vec<Call> {
    let siblings = fork_choice::siblings();
    let mut calls = Vec::new();
    for (at, a) in siblings.iter().enumerate() {
        for (with, b) in siblings.iter().enumerate().filter(|(with, _)| *with != at) {
            let (hook, a, b) = (hook.clone(), a.clone(), b.clone());
            let input = format!("siblings {at} and {with}");
            calls.push(Call::new("prefer", input, move || hook.prefer(&a, &b)));
        }
    }
    calls
}

fn reward(hook: &Arc<dyn Reward>, numbers: &mut Numbers) -> Vec<Call> {
    let heights = (1..200).chain((0..200).map(|n| (numbers.next() >> (n % 60)).max(1)));
    let call = |nr| {
        let hook = hook.clone();
        Call::new("reward", format!("block {nr}"), move || hook.reward(nr))
    };
    heights.map(call).collect()
}

fn root(hook: &Arc<dyn Merkle>, numbers: &mut Numbers) -> Vec<Call> {
    let mut call = |_| {
        let count = 1 + numbers.below(64);
        let leaves: Vec<Hash> = (0..count)
            .map(|_| Hash::of(&numbers.next().to_string()))
            .collect();
        let hook = hook.clone();
        Call::new("root", format!("{count} leaves"), move || {
            hook.root(&leaves)
        })
    };
    (0..200).map(&mut call).collect()
}

fn some_payment(numbers: &mut Numbers) -> Transaction {
    let sum = Amount::from_units(1 + u128::from(numbers.next() >> (numbers.below(30) + 4)));
    let time_us = START_US + numbers.below(1_000_000_000) as i64;
    pay("alice", "bob", &sum.to_string(), time_us)
}

fn mempool(hook: &Arc<dyn Mempool>, numbers: &mut Numbers) -> Vec<Call> {
    let mut calls = Vec::new();
    for _ in 0..100 {
        let now_us = START_US + numbers.below(10_000 * SECOND_US as u64) as i64;
        let pool = PoolSummary {
            sender_transactions: numbers.below(100),
            sender_sum: Amount::from_units(u128::from(numbers.next() >> 20)),
            now_us,
            ..pool(numbers.below(1_000))
        };
        let payment = some_payment(numbers);
        let input = format!("{} of {pool:?}", payment.sum_text());
        let (admit, due, summary) = (hook.clone(), hook.clone(), pool.clone());
        calls.push(Call::new("admit", &input, move || {
            admit.admit(&payment, &summary)
        }));
        calls.push(Call::new("due", &input, move || due.due(&pool, now_us)));
    }
    calls
}

fn validity(hook: &Arc<dyn Validity>, numbers: &mut Numbers) -> Vec<Call> {
    let line = chain(3);
    let mut calls = Vec::new();
    for n in 0..100 {
        let parent = line[n % line.len()].clone();
        let after_us = numbers.below(20_000 * SECOND_US as u64) as i64 - 5_000 * SECOND_US;
        let time_us = parent.header().timestamp.us() + after_us;
        let child = block(&parent, "miner", Vec::new(), time_us, &nonce(n as u64));
        let now_us = START_US + numbers.below(10_000 * SECOND_US as u64) as i64;
        let input = format!("a block {after_us} us after its parent, at {now_us}");
        let (on_block, earliest, of) = (hook.clone(), hook.clone(), parent.clone());
        calls.push(Call::new("check_block", input, move || {
            let context = BlockContext {
                parent: parent.header(),
                now_us,
            };
            on_block.check_block(&child, &context)
        }));
        calls.push(Call::new("earliest_us", of.hash(), move || {
            earliest.earliest_us(of.header())
        }));
        let context = TransactionContext {
            nr: 1 + numbers.below(1 << 20),
            balance: Amount::from_coins(10_000_000_000),
            time_us: now_us,
        };
        let (on_payment, payment) = (hook.clone(), some_payment(numbers));
        let input = format!("{} in block {}", payment.sum_text(), context.nr);
        calls.push(Call::new("check_transaction", input, move || {
            on_payment.check_transaction(&payment, &context)
        }));
    }
    calls
}

fn events(hook: &Arc<dyn Observer>) -> Vec<Call> {
    let mut calls = Vec::new();
    for n in 0..10 {
        for event in observer::events() {
            let hook = hook.clone();
            let now_us = START_US + n * SECOND_US;
            calls.push(Call::new("on_event", format!("{event:?}"), move || {
                hook.on_event(&event, now_us)
            }));
        }
    }
    calls
}
