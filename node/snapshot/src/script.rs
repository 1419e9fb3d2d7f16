//! The fixed requests: every endpoint's answers and refusals.

use plugcoin_sdk::Error;
use plugcoin_sdk::ledger::{Block, Hash};

use crate::exchange::{Exchange, Request};
use crate::node::TestNode;
use crate::world::CAROL;

/// The endpoints that have a file each; whatever else is asked is in `other`.
const ENDPOINTS: [&str; 9] = [
    "block",
    "explain",
    "getblocks",
    "getdata",
    "getpeers",
    "inv",
    "money",
    "plugins",
    "status",
];

/// Asks a node that was asked nothing yet, and writes down what it answers.
pub(crate) fn run(node: &TestNode) -> Result<Vec<Exchange>, Error> {
    let mut script = Script {
        node,
        exchanges: Vec::new(),
    };
    script.as_it_begins()?;
    script.payments()?;
    script.own_payments()?;
    script.blocks()?;
    script.explanations()?;
    script.own_block()?;
    script.nonsense()?;
    Ok(script.exchanges)
}

struct Script<'a> {
    node: &'a TestNode,
    exchanges: Vec<Exchange>,
}

impl Script<'_> {
    fn ask(&mut self, title: &str, request: Request) -> Result<(), Error> {
        let path = request.path.split('?').next().unwrap_or_default();
        let known = ENDPOINTS
            .into_iter()
            .find(|name| path.strip_prefix('/') == Some(name));
        let answer = self.node.ask(&request)?;
        self.exchanges.push(Exchange {
            endpoint: known.unwrap_or("other").to_owned(),
            title: title.to_owned(),
            request,
            answer,
        });
        Ok(())
    }

    fn get(&mut self, title: &str, path: impl Into<String>) -> Result<(), Error> {
        self.ask(title, Request::get(path))
    }

    fn post(&mut self, title: &str, path: &str, body: impl Into<String>) -> Result<(), Error> {
        self.ask(title, Request::post(path, body))
    }

    fn as_it_begins(&mut self) -> Result<(), Error> {
        let world = self.node.world();
        let [genesis, _, second, tip] = [0, 1, 2, 3].map(|nr| world.chain[nr].hash());
        let side = world.side.hash();
        self.get("as it begins", "/status")?;
        self.get("the plugins", "/plugins")?;
        self.get("as it begins", "/getpeers")?;
        let peer = Request::get("/getpeers").with("Peer-Port", "6001");
        self.ask("a node asks", peer)?;
        self.get("after that", "/getpeers")?;
        for (title, query) in [
            ("all blocks", String::new()),
            ("the first two levels", format!("?id={genesis}&limit=2")),
            ("a block and what stands on it", format!("?id={second}")),
            ("a block beside the best chain", format!("?id={side}")),
            ("a page of the best chain", "?nr=1&limit=2".into()),
            ("above the tip", "?nr=9".into()),
            (
                "a block that nobody knows",
                format!("?id={}", Hash::default()),
            ),
            ("what is no hash", "?id=0".into()),
            ("what is no height", "?nr=-1".into()),
        ] {
            self.get(title, format!("/getblocks{query}"))?;
        }
        for (title, id) in [
            ("the genesis block", genesis),
            ("the tip", tip),
            ("a block beside the best chain", side),
            ("a transaction is no block", world.paid.id()),
        ] {
            self.get(title, format!("/getdata?id={id}"))?;
        }
        self.get("no hash", "/getdata")
    }

    fn payments(&mut self) -> Result<(), Error> {
        let world = self.node.world();
        let now_us = self.node.now_us();
        let from = |keys, to: &str, sum, n| self.node.payment(keys, to, sum, now_us + n);
        let good = from(&world.alice, CAROL, "0.1", 0)?;
        let small = from(&world.alice, CAROL, "0.00000001", 1)?;
        let poor = from(&world.bob, CAROL, "1000000", 2)?;
        let forged = from(&world.alice, CAROL, "0.2", 3)?;
        let forged = forged.text().replace("\"sum\": 0.2,", "\"sum\": 0.3,");
        let reward = world.chain[3].transactions().last();
        let reward = reward.map(|reward| reward.text().to_owned());
        for (title, body) in [
            ("a payment", good.text()),
            ("the same again", good.text()),
            ("what waits already", world.waiting.text()),
            ("what is in a block", world.paid.text()),
            ("a very small payment", small.text()),
            ("a payer who has not so much", poor.text()),
            ("a forged payment", &forged),
            ("a block's reward", &reward.unwrap_or_default()),
            ("no JSON", "hello"),
        ] {
            self.post(title, "/inv", body)?;
        }
        self.get("when some payments wait", "/status")
    }

    fn own_payments(&mut self) -> Result<(), Error> {
        let bob = self.node.world().bob.public().to_owned();
        for (title, body) in [
            ("a payment", format!(r#"{{"to": "{bob}","sum": 0.25}}"#)),
            (
                "more than the wallet has",
                format!(r#"{{"to": "{bob}","sum": 1000000000}}"#),
            ),
            ("a payment to System", r#"{"to": "System","sum": 1}"#.into()),
            ("no sum", format!(r#"{{"to": "{bob}"}}"#)),
        ] {
            self.post(title, "/money", body)?;
        }
        Ok(())
    }

    fn blocks(&mut self) -> Result<(), Error> {
        let world = self.node.world();
        for (title, text) in &world.wrong {
            self.post(title, "/block", text)?;
        }
        let [next, after]: [&Block; 2] = [&world.next[0], &world.next[1]];
        for (title, text) in [
            ("a block whose parent is not here", after.text()),
            ("its parent", next.text()),
            ("the same again", next.text()),
            ("what waited for it", after.text()),
            ("the genesis block", world.chain[0].text()),
            ("no JSON", "hello"),
        ] {
            self.post(title, "/block", text)?;
        }
        self.get("when two blocks came", "/status")
    }

    fn explanations(&mut self) -> Result<(), Error> {
        let world = self.node.world();
        let mut asked = vec![
            ("the genesis block".to_owned(), world.chain[0].hash()),
            ("a block".to_owned(), world.chain[3].hash()),
            (
                "a block beside the best chain".to_owned(),
                world.side.hash(),
            ),
            ("a payment in a block".to_owned(), world.paid.id()),
            ("what nobody knows".to_owned(), Hash::default()),
        ];
        for (title, text) in world.wrong.iter().skip(1) {
            // The first one says another's hash.
            let hash = Block::parse(text).map_or_else(|_| Hash::default(), |block| block.hash());
            asked.push(((*title).to_owned(), hash));
        }
        for (title, id) in asked {
            self.get(&title, format!("/explain?id={id}"))?;
        }
        self.get("no hash", "/explain")
    }

    /// What the node mines, if its pool says that a block is due.
    fn own_block(&mut self) -> Result<(), Error> {
        let mined = self.node.mine()?;
        let title = match mined {
            Some(_) => "when the node has mined what waited",
            None => "when the node had nothing to mine",
        };
        self.get(title, "/status")?;
        let tip = self.node.tip();
        self.get(title, format!("/getdata?id={tip}"))
    }

    fn nonsense(&mut self) -> Result<(), Error> {
        for path in ["getblocks", "block", "inv", "money", "status"] {
            let path = format!("/{path}");
            self.ask("a wrong method", Request::new("DELETE", path, ""))?;
        }
        let page = Request::get("/status").with("Origin", "http://example.org");
        self.ask("a web page asks", page)?;
        self.get("an unknown option", "/status?x=1")?;
        self.get("no endpoint", "/")
    }
}
