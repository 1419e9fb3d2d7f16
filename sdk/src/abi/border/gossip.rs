//! `gossip.*`

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Answer, Remote, read};
use crate::Error;
use crate::hooks::{Gossip, GossipAction, GossipEvent, Item, Origin, PeerId, PeerView, Spread};

#[derive(Serialize, Deserialize)]
struct Targets<'a> {
    item: Item,
    origin: Cow<'a, Origin>,
    peers: Cow<'a, [PeerView]>,
    seed: u64,
}

#[derive(Serialize, Deserialize)]
struct OnEvent<'a> {
    what: Cow<'a, GossipEvent>,
    peers: Cow<'a, [PeerView]>,
}

#[derive(Serialize, Deserialize)]
struct Ask<'a> {
    peers: Cow<'a, [PeerView]>,
    now_us: i64,
}

pub(super) fn answer(
    hook: &dyn Gossip,
    method: &str,
    input: &[u8],
    to: &mut Answer<'_>,
) -> Result<bool, Error> {
    match method {
        "targets" => {
            let asked: Targets<'_> = read(input)?;
            to.send(&hook.targets(&asked.item, &asked.origin, &asked.peers, asked.seed)?)
        }
        "on_event" => {
            let asked: OnEvent<'_> = read(input)?;
            to.send(&hook.on_event(&asked.what, &asked.peers)?)
        }
        "ask" => {
            let asked: Ask<'_> = read(input)?;
            to.send(&hook.ask(&asked.peers, asked.now_us)?)
        }
        _ => Ok(false),
    }
}

pub(super) fn remote(remote: Remote) -> Arc<dyn Gossip> {
    Arc::new(There(Required(remote)))
}

/// What every plugin answers; the rest as it is by default.
struct Required(Remote);

impl Gossip for Required {
    fn targets(
        &self,
        item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        seed: u64,
    ) -> Result<Spread, Error> {
        let asked = Targets {
            item: *item,
            origin: Cow::Borrowed(origin),
            peers: peers.into(),
            seed,
        };
        self.0.ask("gossip.targets", &asked)
    }
}

struct There(Required);

impl Gossip for There {
    fn targets(
        &self,
        item: &Item,
        origin: &Origin,
        peers: &[PeerView],
        seed: u64,
    ) -> Result<Spread, Error> {
        self.0.targets(item, origin, peers, seed)
    }

    fn on_event(
        &self,
        event: &GossipEvent,
        peers: &[PeerView],
    ) -> Result<Vec<GossipAction>, Error> {
        let asked = OnEvent {
            what: Cow::Borrowed(event),
            peers: peers.into(),
        };
        match self.0.0.ask_if_there("gossip.on_event", &asked)? {
            Some(actions) => Ok(actions),
            None => self.0.on_event(event, peers),
        }
    }

    fn ask(&self, peers: &[PeerView], now_us: i64) -> Result<Vec<PeerId>, Error> {
        let asked = Ask {
            peers: peers.into(),
            now_us,
        };
        match self.0.0.ask_if_there("gossip.ask", &asked)? {
            Some(peers) => Ok(peers),
            None => self.0.ask(peers, now_us),
        }
    }
}
