//! How a simulated node answers another: the protocol without its bytes.

use plugcoin_core::{Input, Levels, Node, Reply, Step};
use plugcoin_sdk::Error;
use plugcoin_sdk::hooks::{Contact, PeerAnswer, PeerReply, PeerRequest, Storage};
use std::net::IpAddr;

/// What a node answers to a request, with the steps that it took on the way.
pub(crate) fn serve(
    node: &mut Node,
    storage: &dyn Storage,
    now_us: i64,
    ip: IpAddr,
    caller: &Contact,
    request: PeerRequest,
    commit: &mut dyn FnMut(&mut Node, &Step) -> Result<(), Error>,
) -> Result<(PeerReply, Vec<Step>), Error> {
    let mut steps = Vec::new();
    let mut handle = |node: &mut Node, input: Input| -> Result<Reply, Error> {
        let step = node.handle(now_us, input)?;
        commit(node, &step)?;
        let reply = step.reply.clone();
        steps.push(step);
        Ok(reply)
    };
    handle(
        node,
        Input::PeerIntroduced {
            ip,
            contact: caller.clone(),
        },
    )?;
    let origin = node.origin(ip, caller);
    let answer = match request {
        PeerRequest::Peers => {
            PeerAnswer::Peers(node.peers(now_us).iter().map(ToString::to_string).collect())
        }
        PeerRequest::Block(hash) => {
            let text = if node.serves(&hash) {
                storage.read(&hash)?
            } else {
                None
            };
            let text = text.map(|text| String::from_utf8_lossy(&text).into_owned());
            PeerAnswer::Blocks(text.into_iter().collect())
        }
        PeerRequest::Page { nr, limit } => {
            let mut texts = Vec::new();
            for hash in node
                .levels(Levels::Best(nr, limit))
                .unwrap_or_default()
                .concat()
            {
                let text = storage.read(&hash)?.unwrap_or_default();
                texts.push(String::from_utf8_lossy(&text).into_owned());
            }
            PeerAnswer::Blocks(texts)
        }
        PeerRequest::Plugins => PeerAnswer::Refused {
            status: 404,
            message: "not here".into(),
        },
        PeerRequest::PostBlock(block) => {
            answer(handle(node, Input::BlockReceived { block, origin })?)
        }
        PeerRequest::PostTransaction(transaction) => answer(handle(
            node,
            Input::TransactionReceived {
                transaction,
                origin,
            },
        )?),
    };
    Ok((
        PeerReply {
            contact: node.contact(),
            answer,
        },
        steps,
    ))
}

fn answer(reply: Reply) -> PeerAnswer {
    match reply {
        Reply::Refused(invalid) => PeerAnswer::Refused {
            status: 400,
            message: invalid.to_string(),
        },
        Reply::NoFunds => PeerAnswer::Refused {
            status: 400,
            message: "no funds".into(),
        },
        Reply::Nothing | Reply::Accepted(_) | Reply::WaitingFor(_) | Reply::Known(_) => {
            PeerAnswer::Taken
        }
    }
}
