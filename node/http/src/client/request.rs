//! What a [`PeerRequest`] is on the wire.

use plugcoin_sdk::hooks::PeerRequest;

use crate::limits::{
    BLOCK_BODY_BYTES_MAX, PAGE_BYTES_MAX, PEERS_ANSWER_BYTES_MAX, PLUGINS_ANSWER_BYTES_MAX,
    POST_ANSWER_BYTES_MAX,
};

/// A request's path, its body if it is posted, and how much may be answered.
pub(super) struct Wire {
    pub(super) path_and_query: String,
    pub(super) body: Option<String>,
    pub(super) answer_bytes_max: usize,
    pub(super) is_page: bool,
}

impl Wire {
    /// A request as it is sent.
    pub(super) fn of(request: &PeerRequest) -> Self {
        let get = |path_and_query: String, answer_bytes_max| Self {
            path_and_query,
            body: None,
            answer_bytes_max,
            is_page: false,
        };
        let post = |path: &str, text: &str| Self {
            path_and_query: path.to_owned(),
            body: Some(text.to_owned()),
            answer_bytes_max: POST_ANSWER_BYTES_MAX,
            is_page: false,
        };
        match request {
            PeerRequest::Peers => get("/getpeers".into(), PEERS_ANSWER_BYTES_MAX),
            PeerRequest::Block(hash) => get(format!("/getdata?id={hash}"), BLOCK_BODY_BYTES_MAX),
            PeerRequest::Page { nr, limit } => Self {
                is_page: true,
                ..get(format!("/getblocks?nr={nr}&limit={limit}"), PAGE_BYTES_MAX)
            },
            PeerRequest::Plugins => get("/plugins".into(), PLUGINS_ANSWER_BYTES_MAX),
            PeerRequest::PostBlock(block) => post("/block", block.text()),
            PeerRequest::PostTransaction(transaction) => post("/inv", transaction.text()),
        }
    }
}
