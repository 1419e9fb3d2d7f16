//! Nodes with folders of their own, and what is asked of them again and again.

use std::fmt::Display;
use std::io::Write as _;
use std::ops::Deref;

use plugcoin_sdk::hooks::KeyPair;
use plugcoin_sdk::ledger::{Block, genesis};
use plugcoin_testkit::fixtures;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::program::running::{Running, request, until};
use crate::program::world::{at, write_journal, write_wallet};

/// The exit code of a node that a plugin's failure stopped.
pub(crate) const PLUGIN: i32 = 5;

/// A running node and its folder.
pub(crate) struct Live {
    running: Running,
    pub(crate) dir: TempDir,
}

impl Deref for Live {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

/// Starts a node on a free port.
pub(crate) fn live(args: impl Display) -> Live {
    let dir = tempdir().unwrap();
    let running = Running::start(dir.path(), &format!("--port 0 {args}"));
    Live { running, dir }
}

/// Starts a node that has these keys and these blocks on the genesis block.
pub(crate) fn live_with(args: impl Display, keys: &KeyPair, blocks: &[Block]) -> Live {
    let dir = tempdir().unwrap();
    let genesis = genesis();
    let mut records = vec![genesis.text()];
    records.extend(blocks.iter().map(Block::text));
    let running = Running::start_with(dir.path(), &args.to_string(), |dir, port| {
        let scheme = match keys.public.len() {
            96 => "p192",
            _ => "ed25519",
        };
        write_journal(dir, port, &records);
        write_wallet(dir, port, scheme, keys);
    });
    Live { running, dir }
}

impl Live {
    /// Starts a node in a folder that is there.
    pub(crate) fn start_in(dir: TempDir, args: &str) -> Self {
        let running = Running::start(dir.path(), args);
        Self { running, dir }
    }

    /// A node that was started in this folder.
    pub(crate) fn of(running: Running, dir: TempDir) -> Self {
        Self { running, dir }
    }

    /// Ends it by a signal, and starts it again on its port.
    pub(crate) fn restart(self, signal: Signal, args: impl Display) -> Self {
        let port = self.port().to_owned();
        self.running.stop(signal);
        Self::start_in(self.dir, &format!("--port {port} {args}"))
    }

    /// Ends it; its exit code, and its folder.
    pub(crate) fn stop(self, signal: Signal) -> (i32, TempDir) {
        (self.running.stop(signal).0, self.dir)
    }

    /// Waits until it has ended by itself: its exit code, what it logged last, and its folder.
    pub(crate) fn ended(self) -> (i32, String, TempDir) {
        let code = self.running.ended();
        let log = std::fs::read_to_string(self.dir.path().join("node.log")).unwrap();
        (code, log, self.dir)
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let (status, text) = self.ask("GET", path, "");
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn tip(&self) -> String {
        self.status()["tip"].as_str().unwrap().to_owned()
    }

    /// Waits until its chain is that high.
    pub(crate) fn reach(&self, height: u64) {
        self.wait(&format!("height {height}"), |status| {
            status["height"].as_u64().unwrap() >= height
        });
    }

    /// The blocks of its best chain.
    pub(crate) fn chain(&self) -> Vec<Block> {
        let page = self.json("/getblocks?nr=0&limit=10000");
        let levels = page["chain"].as_array().unwrap().iter();
        levels
            .map(|level| Block::parse(&level[0].to_string()).unwrap())
            .collect()
    }

    /// The block at its tip, word by word.
    pub(crate) fn tip_block(&self) -> Block {
        let (status, text) = self.ask("GET", &format!("/getdata?id={}", self.tip()), "");
        assert_eq!(status, 200, "{text}");
        Block::parse(&text).unwrap()
    }

    /// Posts something that it must take.
    pub(crate) fn takes(&self, path: &str, text: &str) {
        let (status, answer) = self.ask("POST", path, text);
        assert_eq!(status, 200, "{answer}");
    }

    /// Posts something that it must refuse; the answer.
    pub(crate) fn refuses(&self, path: &str, text: &str) -> Value {
        let (status, answer) = self.ask("POST", path, text);
        assert_eq!(status, 400, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Posts something over which it may end without an answer.
    pub(crate) fn posts(&self, path: &str, text: &str) {
        let request = request("POST", path, "", text.as_bytes());
        self.connect().write_all(&request).unwrap();
    }

    /// Posts something over which a plugin fails, so that it ends with these words; its folder.
    pub(crate) fn posts_and_ends(self, path: &str, text: &str, words: &str) -> TempDir {
        self.posts(path, text);
        let (code, log, dir) = self.ended();
        assert_eq!(code, PLUGIN, "{log}");
        assert!(log.contains(words), "{words}: {log}");
        dir
    }

    /// What it said when this rule was asked about an item.
    pub(crate) fn asked(&self, id: impl Display, rule: &str) -> Value {
        let explained = self.json(&format!("/explain?id={id}"));
        let asked = explained["asked"].as_array().unwrap().iter();
        let said = { asked }.find(|asked| asked["rule"] == rule);
        said.unwrap_or_else(|| panic!("{rule}: {explained}"))
            .clone()
    }

    /// Whether it knows anything of an item.
    pub(crate) fn knows(&self, id: impl Display) -> bool {
        self.ask("GET", &format!("/explain?id={id}"), "").0 == 200
    }

    /// What it says of one of its plugins.
    pub(crate) fn plugin(&self, name: &str) -> Value {
        let said = self.json("/plugins");
        let plugins = said["plugins"].as_array().unwrap().iter();
        let plugin = { plugins }.find(|plugin| plugin["name"] == name);
        plugin.unwrap_or_else(|| panic!("{name}: {said}")).clone()
    }
}

/// Waits until each of them knows all the others.
pub(crate) fn acquainted(nodes: &[&Live]) {
    for node in nodes {
        for other in nodes.iter().filter(|other| other.address != node.address) {
            until("a peer", || {
                let known = node.ask("GET", "/getpeers", "").1;
                known.contains(&other.address).then_some(())
            });
        }
    }
}

/// Waits until all have the same tip at this height.
pub(crate) fn agreed(nodes: &[&Live], height: u64) {
    until("all to agree", || {
        let tips: Vec<_> = nodes.iter().map(|node| node.status()).collect();
        let same = |status: &Value| status["tip"] == tips[0]["tip"] && status["height"] == height;
        tips.iter().all(same).then_some(())
    });
}

/// Blocks on the genesis block, one for each of these creators, who so have a coin for each.
pub(crate) fn coins(creators: &[&str]) -> Vec<Block> {
    let mut blocks = vec![genesis()];
    for (second, creator) in (10..).step_by(10).zip(creators) {
        blocks.push(on(blocks.last().unwrap(), creator, second));
    }
    blocks.split_off(1)
}

/// An empty block on this parent, so many seconds after the beginning; no zeros are sought.
pub(crate) fn on(parent: &Block, creator: &str, second: i64) -> Block {
    fixtures::block(parent, creator, Vec::new(), at(second), &fixtures::nonce(1))
}

/// The sums of a block's payments in their order, without the reward.
pub(crate) fn sums(block: &Block) -> Vec<String> {
    let payments = block.transactions().iter();
    payments
        .filter(|transaction| !transaction.is_reward())
        .map(|transaction| transaction.amount().to_string())
        .collect()
}
