//! The gate before every route: who may ask, who asks, how long it may take, and what every
//! answer says of this node.

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

use crate::backend::Caller;
use crate::compression;
use crate::dialect::{Failure, read_contact, write_contact};
use crate::routes::App;

/// Lets a request through to its route, and puts this node's headers on whatever is answered.
pub(crate) async fn gate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let limit_ms = app.settings.request_ms;
    let answer = timeout(Duration::from_millis(limit_ms), pass(&app, request, next));
    let mut response = match answer.await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => failure.into_response(),
        Err(_) => Failure::TimedOut { limit_ms }.into_response(),
    };
    // Asked only now, so that the tip is the one after the request.
    write_contact(&app.backend.contact(), response.headers_mut());
    response
}

async fn pass(app: &App, mut request: Request, next: Next) -> Result<Response, Failure> {
    let advertised = app
        .settings
        .advertise
        .as_ref()
        .map(|address| address.host());
    check_site(request.headers(), request.uri(), advertised.as_deref())?;
    let Some(ConnectInfo(remote)) = request.extensions().get::<ConnectInfo<SocketAddr>>() else {
        tracing::error!("a request came without the address of its connection");
        return Err(Failure::Fault);
    };
    let caller = Caller {
        ip: remote.ip().to_canonical(),
        contact: read_contact(request.headers()),
    };
    if caller.contact.port.is_some() || caller.contact.address.is_some() {
        app.backend.introduced(&caller).await?;
    }
    request.extensions_mut().insert(caller);
    let asks_for_gzip = compression::is_asked_for(request.headers());
    let response = next.run(request).await;
    Ok(if asks_for_gzip {
        compression::compressed(response, &app.compressions)
    } else {
        response
    })
}

/// Refuses what a web page of another site makes a browser send.
///
/// * A `Host` is an IP address, `localhost` or the advertised name: another name that leads here
///   is somebody's trick to be of the same site. A browser always sends one.
/// * An `Origin` is this node itself, under one of its names and the same port.
fn check_site(headers: &HeaderMap, uri: &Uri, advertised: Option<&str>) -> Result<(), Failure> {
    const HOST_WORDS: &str = "the Host is neither an IP address, nor localhost, nor this node's \
                              advertised name; ask by address, or start the node with --advertise";
    const ORIGIN_WORDS: &str = "the Origin is another site; web pages may not drive a node";
    let mut host = uri.authority().cloned();
    for value in headers.get_all(HOST) {
        let named = Authority::try_from(value.as_bytes())
            .ok()
            .filter(|named| is_own(named, advertised))
            .ok_or(Failure::Foreign(HOST_WORDS))?;
        host = host.or(Some(named));
    }
    if host.as_ref().is_some_and(|host| !is_own(host, advertised)) {
        return Err(Failure::Foreign(HOST_WORDS));
    }
    for value in headers.get_all(ORIGIN) {
        let same = value
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"))
            .and_then(|(_, authority)| authority.parse::<Authority>().ok())
            .zip(host.as_ref())
            .is_some_and(|(origin, host)| is_same(&origin, host, advertised));
        if !same {
            return Err(Failure::Foreign(ORIGIN_WORDS));
        }
    }
    Ok(())
}

fn is_own(authority: &Authority, advertised: Option<&str>) -> bool {
    let host = authority.host();
    ip(host).is_some()
        || host.eq_ignore_ascii_case("localhost")
        || advertised.is_some_and(|name| host.eq_ignore_ascii_case(name))
}

fn is_same(origin: &Authority, host: &Authority, advertised: Option<&str>) -> bool {
    let same_host = origin.host().eq_ignore_ascii_case(host.host())
        || is_loopback(origin) && is_loopback(host)
        || advertised.is_some_and(|name| origin.host().eq_ignore_ascii_case(name));
    same_host && origin.port_u16() == host.port_u16()
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    host.eq_ignore_ascii_case("localhost") || ip(host).is_some_and(|ip| ip.is_loopback())
}

fn ip(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}
