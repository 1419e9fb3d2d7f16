//! [`Client`]: the few things that a command asks a node, over HTTP.

use std::time::Duration;

use plugcoin_sdk::ledger::{Block, Transaction};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::node_url::NodeUrl;
use super::{ExitCode, Failure};

/// How long a node has to take a connection, in milliseconds.
const CONNECT_MS: u64 = 3_000;

/// How long a node has to answer, in milliseconds.
const ANSWER_MS: u64 = 30_000;

/// The longest answer that is read: a page of blocks is 4 MiB, and one block more.
const ANSWER_BYTES_MAX: usize = 6 << 20;

/// How many levels are asked for at once; the node cuts a page at 4 MiB by itself.
const PAGE_LEVELS: u64 = 1_000;

/// Asks one node.
pub(super) struct Client {
    node: NodeUrl,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    chain: Vec<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Accepted {
    accepted: String,
}

#[derive(Deserialize)]
struct Refused {
    errmsg: String,
    observed: Option<String>,
    required: Option<String>,
}

impl Refused {
    fn words(&self) -> String {
        let part = |name: &str, value: &Option<String>| {
            let value = value.as_ref()?;
            Some(format!("; {name} {value}"))
        };
        let observed = part("observed", &self.observed).unwrap_or_default();
        let required = part("required", &self.required).unwrap_or_default();
        printable(&format!("{}{observed}{required}", self.errmsg))
    }
}

impl Client {
    pub(super) fn new(node: NodeUrl) -> Result<Self, Failure> {
        let fault = |error: &dyn std::fmt::Display| {
            Failure::new(ExitCode::Fault, format!("no HTTP client: {error}"))
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| fault(&error))?;
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_millis(CONNECT_MS))
            .timeout(Duration::from_millis(ANSWER_MS))
            .build()
            .map_err(|error| fault(&error))?;
        Ok(Self {
            node,
            http,
            runtime,
        })
    }

    /// The node.
    pub(super) fn node(&self) -> &NodeUrl {
        &self.node
    }

    /// Posts a transaction; its id as the node gives it.
    pub(super) fn post(&self, transaction: &Transaction) -> Result<String, Failure> {
        let request = self
            .http
            .post(format!("{}/inv", self.node))
            .header("content-type", "application/json")
            .body(transaction.text().to_owned());
        let text = self.answer(request)?;
        let accepted: Accepted =
            serde_json::from_str(&text).map_err(|error| self.strange(&error))?;
        Ok(accepted.accepted)
    }

    /// A page of the best chain from this height on; empty above the tip.
    pub(super) fn page(&self, nr: u64) -> Result<Vec<Block>, Failure> {
        let url = format!("{}/getblocks?nr={nr}&limit={PAGE_LEVELS}", self.node);
        let text = self.answer(self.http.get(url))?;
        let page: Page<'_> = serde_json::from_str(&text).map_err(|error| self.strange(&error))?;
        page.chain
            .iter()
            .filter_map(|level| level.first())
            .map(|block| Block::parse(block.get()).map_err(|invalid| self.strange(&invalid)))
            .collect()
    }

    /// The body of a good answer.
    fn answer(&self, request: reqwest::RequestBuilder) -> Result<String, Failure> {
        let (status, body) = self.runtime.block_on(exchange(request)).map_err(|why| {
            Failure::new(
                ExitCode::Fault,
                format!(
                    "no node answers at {} ({why}); start one, or name another with --node",
                    self.node
                ),
            )
        })?;
        if status.is_success() {
            return Ok(body);
        }
        let words = match serde_json::from_str::<Refused>(&body) {
            Ok(refused) => refused.words(),
            Err(_) => "it gave no reason".to_owned(),
        };
        // The node judged the request, or was not able to.
        let code = match status.is_client_error() && status.as_u16() != 429 {
            true => ExitCode::Refused,
            false => ExitCode::Fault,
        };
        Err(Failure::new(
            code,
            format!(
                "the node at {} refused ({}): {words}",
                self.node,
                status.as_u16()
            ),
        ))
    }

    fn strange(&self, why: &dyn std::fmt::Display) -> Failure {
        Failure::new(
            ExitCode::Fault,
            format!(
                "what answers at {} is no node, or of another version: {}",
                self.node,
                printable(&why.to_string())
            ),
        )
    }
}

/// Sends a request and reads the answer, but not more than is sane.
async fn exchange(
    request: reqwest::RequestBuilder,
) -> Result<(reqwest::StatusCode, String), String> {
    let mut response = request.send().await.map_err(|error| reason(&error))?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reason(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err("its answer is too long".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8(body).map_err(|_| "its answer is no text".to_owned())?;
    Ok((response.status(), body))
}

/// The innermost cause, which is the one that says something.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// A stranger's words, fit for a terminal.
fn printable(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().take(500).map(plain).collect()
}
