//! [`HttpTransport`]: the default [`Transport`], plain HTTP to the routes of another node.

mod answer;
mod request;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use plugcoin_sdk::hooks::{Contact, PeerReply, PeerRequest, Transport};
use plugcoin_sdk::ledger::Address;
use plugcoin_sdk::{Error, ErrorKind};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use std::time::Duration;

use crate::dialect::{CONTENT_TYPE_JSON, read_contact, write_contact, write_port};
use crate::limits::{POOL_IDLE_MS, POOL_IDLE_PER_PEER_MAX};
use request::Wire;

plugcoin_sdk::options! {
    /// The options of the transport `http`.
    pub struct HttpOptions {
        /// How long a connection to a peer may take to open, in milliseconds.
        local connect_timeout_ms: u64 = 3_000,
        /// How long a peer may take to answer in full, in milliseconds.
        local timeout_ms: u64 = 10_000,
        /// How long a peer may take to answer with a page of blocks in full, in milliseconds.
        local page_timeout_ms: u64 = 60_000,
    }
}

plugcoin_sdk::register!(
    Transport,
    "http",
    |options: HttpOptions| HttpTransport::new(&options)
);

/// Carries requests to peers over plain HTTP/1.1.
///
/// * It reads no more than the bound of the kind of request, and waits no longer than its options.
/// * It follows no redirect, uses no proxy and asks for no compression.
pub struct HttpTransport {
    client: Client,
    timeout: Duration,
    page_timeout: Duration,
}

impl HttpTransport {
    /// Makes the transport; connections are opened when they are needed.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if the HTTP client can't be made so.
    pub fn new(options: &HttpOptions) -> Result<Self, Error> {
        // Without `Accept-Encoding`: the bounds on answers are on what arrives, and who does not ask for
        // compression can't be sent a bomb by it.
        let client = Client::builder()
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .http1_only()
            .http1_title_case_headers()
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_millis(options.connect_timeout_ms))
            .pool_idle_timeout(Duration::from_millis(POOL_IDLE_MS))
            .pool_max_idle_per_host(POOL_IDLE_PER_PEER_MAX)
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Configuration, "the HTTP client can't be made").because(error)
            })?;
        Ok(Self {
            client,
            timeout: Duration::from_millis(options.timeout_ms),
            page_timeout: Duration::from_millis(options.page_timeout_ms),
        })
    }

    async fn exchange(
        &self,
        to: &Address,
        me: &Contact,
        wire: &Wire,
    ) -> Result<(StatusCode, Contact, Vec<u8>), Error> {
        let url = url(to, &wire.path_and_query)?;
        let mut headers = HeaderMap::new();
        write_port(me, &mut headers);
        write_contact(me, &mut headers);
        let timeout = if wire.is_page {
            self.page_timeout
        } else {
            self.timeout
        };
        let request = match &wire.body {
            None => self.client.get(url),
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_JSON));
                self.client.post(url).body(body.clone())
            }
        };
        let sent = request.headers(headers).timeout(timeout).send().await;
        let response = sent.map_err(|error| unanswered(to, error))?;
        let status = response.status();
        let contact = Contact {
            // Where it can be reached is known; what an answer says of it is not asked for.
            port: None,
            address: None,
            ..read_contact(response.headers())
        };
        let body = read(to, response, wire.answer_bytes_max).await?;
        Ok((status, contact, body))
    }
}

#[async_trait::async_trait]
impl Transport for HttpTransport {
    async fn call(
        &self,
        to: &Address,
        me: &Contact,
        request: PeerRequest,
    ) -> Result<PeerReply, Error> {
        let wire = Wire::of(&request);
        let (status, contact, body) = self.exchange(to, me, &wire).await?;
        let answer = answer::read(&request, status, &body)
            .map_err(|fault| fault.with("peer", to).with("path", &wire.path_and_query))?;
        Ok(PeerReply { contact, answer })
    }
}

/// The URL of a path at a peer.
///
/// URLs read more spellings as IP addresses (`0x7f.1`) than peers' addresses do, and such a name
/// would lead where its scope does not show.
fn url(to: &Address, path_and_query: &str) -> Result<Url, Error> {
    let wrong = || Error::new(ErrorKind::Peer, "the peer's address is none").with("peer", to);
    let url = Url::parse(&format!("http://{to}{path_and_query}")).map_err(|_| wrong())?;
    if to.ip().is_none() && url.domain().is_none() {
        return Err(wrong());
    }
    Ok(url)
}

async fn read(to: &Address, mut response: Response, bytes_max: usize) -> Result<Vec<u8>, Error> {
    let too_long = || {
        Error::new(ErrorKind::Peer, "the peer's answer is too long")
            .with("peer", to)
            .with("bytes at most", bytes_max)
    };
    let said = response.content_length().unwrap_or(0);
    let said = usize::try_from(said).unwrap_or(usize::MAX);
    if said > bytes_max {
        return Err(too_long());
    }
    // Room for all that is promised, or none if nothing is. Who promises much and sends little costs
    // nothing: the system gives memory when something is written to it.
    let mut body = Vec::with_capacity(said);
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| unanswered(to, error))?
    {
        if body.len() + chunk.len() > bytes_max {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn unanswered(to: &Address, error: reqwest::Error) -> Error {
    let words = if error.is_connect() {
        "the peer can't be reached"
    } else if error.is_timeout() {
        "the peer did not answer in time"
    } else {
        "the peer's answer broke off or is no HTTP"
    };
    Error::new(ErrorKind::Peer, words)
        .with("peer", to)
        .because(error.without_url())
}
