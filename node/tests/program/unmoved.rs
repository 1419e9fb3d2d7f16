//! A node that nothing bad may move.

use serde_json::Value;
use tempfile::TempDir;

use super::node;
use super::running::Running;
use super::world::{World, alice, bob, pay};

/// A node, and how it was before anybody sent it anything bad.
pub(crate) struct Unmoved {
    pub(crate) world: World,
    pub(crate) node: Running,
    dir: TempDir,
    before: State,
}

#[derive(PartialEq, Eq, Debug)]
struct State {
    status: Value,
    balances: Vec<String>,
    journal: String,
}

impl State {
    fn of(running: &Running, dir: &TempDir) -> Self {
        let mut status = running.status();
        status["uptime_s"] = Value::Null;
        // What waits for a parent is in memory alone, and in bounds.
        status["orphans"] = Value::Null;
        let balances = [&*alice().public, &*bob().public, "carol"]
            .iter()
            .map(|key| {
                let args = format!("wallet balance --of {key} --node {}", running.address);
                node(dir.path(), &args).text()
            })
            .collect();
        Self {
            status,
            balances,
            journal: String::from_utf8(running.file("blocks")).unwrap(),
        }
    }
}

impl Unmoved {
    /// Starts a node of the fixed world.
    pub(crate) fn start(args: &str) -> Self {
        let world = World::new();
        let (dir, node) = world.start(args);
        let before = State::of(&node, &dir);
        let amounts = ["2.2", "0.8", "0"].map(|amount| format!("exit 0\n--- out\n{amount}\n"));
        assert_eq!(before.balances, amounts);
        Self {
            world,
            node,
            dir,
            before,
        }
    }

    /// Posts a body that the path must refuse in the error form; the rule, if a rule refuses it.
    pub(crate) fn refused(&self, title: &str, path: &str, body: impl AsRef<[u8]>) -> String {
        let (status, text) = self.node.ask("POST", path, body);
        let error: Value =
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{title}: {status} {text}"));
        assert!((400..500).contains(&status), "{title}: {status} {text}");
        assert_eq!(error["errcode"], status, "{title}: {text}");
        assert!(error["errmsg"].is_string(), "{title}: {text}");
        error["rule"].as_str().unwrap_or_default().to_owned()
    }

    /// Checks that the node answers, and is as it was.
    pub(crate) fn check(&self) {
        assert_eq!(State::of(&self.node, &self.dir), self.before);
    }
}

impl Drop for Unmoved {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check();
        }
    }
}

/// What a good body is for each path that takes one.
pub(crate) fn good(world: &World) -> [(&'static str, String); 3] {
    [
        ("/block", world.next(Vec::new()).text().to_owned()),
        ("/inv", pay(&alice(), "carol", "0.1", 36).text().to_owned()),
        ("/money", "{\"to\": \"carol\",\"sum\": 0.1}".to_owned()),
    ]
}
