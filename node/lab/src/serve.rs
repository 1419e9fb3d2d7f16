//! How a simulated node answers another: the protocol without its bytes.

use plugcoin_core::{Levels, Node, Reply};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{PeerAnswer, PeerRequest, Storage};

/// What a node answers to a question.
pub(crate) fn query(
    node: &Node,
    storage: &dyn Storage,
    now_us: i64,
    request: &PeerRequest,
) -> Result<PeerAnswer, Error> {
    Ok(match request {
        PeerRequest::Peers => {
            PeerAnswer::Peers(node.peers(now_us).iter().map(ToString::to_string).collect())
        }
        PeerRequest::Block(hash) => {
            let text = match node.serves(hash) {
                true => storage.read(hash)?,
                false => None,
            };
            let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
            PeerAnswer::Blocks(text.into_iter().collect())
        }
        PeerRequest::Page { nr, limit } => {
            let levels = node.levels(Levels::Best(*nr, *limit));
            let hashes = levels.unwrap_or_default().concat();
            let mut texts = Vec::with_capacity(hashes.len());
            storage.read_many(&hashes, &mut |text| {
                texts.push(String::from_utf8_lossy(text).into_owned());
                true
            })?;
            PeerAnswer::Blocks(texts)
        }
        PeerRequest::Plugins | PeerRequest::PostBlock(_) | PeerRequest::PostTransaction(_) => {
            PeerAnswer::Refused {
                status: 404,
                message: "not here".into(),
            }
        }
    })
}

/// What a node answers to an item that was brought.
pub(crate) fn posted(reply: &Reply) -> PeerAnswer {
    let refused = |message: String| PeerAnswer::Refused {
        status: 400,
        message,
    };
    match reply {
        Reply::Refused(invalid) => refused(invalid.to_string()),
        Reply::NoFunds => refused("no funds".into()),
        Reply::Nothing | Reply::Accepted(_) | Reply::WaitingFor(_) | Reply::Known(_) => {
            PeerAnswer::Taken
        }
    }
}
