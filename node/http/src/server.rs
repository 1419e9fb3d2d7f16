//! [`serve`]: carries the routes on a listener.

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use plugcoin_sdk::{Error, ErrorKind};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::Service;

use crate::connection::Guarded;
use crate::limits::{ACCEPT_FAILED_LINE_MS, ACCEPT_FAILURES_MAX, ACCEPT_RETRY_MS, HEAD_BYTES_MAX};
use crate::places::{Place, Places};
use crate::settings::Settings;

/// Serves the routes on a listener until `shutdown` is ready.
///
/// * At the end it accepts nothing more, and lets running answers finish for at most
///   [`Settings::shutdown_ms`].
/// * With as many connections as it may have, the one that has waited longest for its client makes room
///   for the next; while all are being answered, the next waits.
///
/// # Errors
/// [`ErrorKind::Io`] if the operating system gives no connections any more.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut shutdown = pin!(shutdown);
    let (stop, stopping) = watch::channel(false);
    let places = Places::new(
        settings.connections_max,
        settings.connections_per_source_max,
    );
    let mut connections = JoinSet::new();
    let mut failures = Failures::default();
    let result = loop {
        let accepted = tokio::select! {
            biased;
            () = &mut shutdown => break Ok(()),
            accepted = accept(&listener, &places) => accepted,
        };
        while let Some(ended) = connections.try_join_next() {
            if ended.is_err() {
                tracing::error!("the task of a connection panicked");
            }
        }
        match accepted {
            Ok((stream, remote, place)) => {
                failures.in_a_row = 0;
                let Some(place) = place else {
                    tracing::debug!(%remote, "one connection too many from there; closed");
                    continue;
                };
                let connection =
                    connection(stream, remote, &place, &router, &settings, stopping.clone());
                connections.spawn(async move {
                    tokio::select! {
                        () = connection => {}
                        () = place.lost() => {
                            tracing::debug!(%remote, "a connection made room for another");
                        }
                    }
                });
            }
            Err(error) => {
                if failures.add(Instant::now()) {
                    tracing::warn!(%error, "no connection can be accepted; trying on");
                }
                if failures.in_a_row > ACCEPT_FAILURES_MAX {
                    break Err(accept_failed(&listener, error));
                }
                tokio::select! {
                    () = &mut shutdown => break Ok(()),
                    () = sleep(Duration::from_millis(ACCEPT_RETRY_MS)) => {}
                }
            }
        }
    };
    drop(listener);
    // Nobody listens any more if there is no connection.
    let _ = stop.send(true);
    let finish = async { while connections.join_next().await.is_some() {} };
    if timeout(Duration::from_millis(settings.shutdown_ms), finish)
        .await
        .is_err()
    {
        tracing::debug!(open = connections.len(), "connections are cut off");
        connections.shutdown().await;
    }
    result
}

/// The accepts that failed.
#[derive(Default)]
struct Failures {
    in_a_row: u32,
    /// When the log said so.
    told: Option<Instant>,
}

impl Failures {
    /// Counts one more; whether the log has a line for it.
    fn add(&mut self, now: Instant) -> bool {
        self.in_a_row += 1;
        let pause = Duration::from_millis(ACCEPT_FAILED_LINE_MS);
        let tells = self.told.is_none_or(|told| now >= told + pause);
        if tells {
            self.told = Some(now);
        }
        tells
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Places,
) -> io::Result<(TcpStream, SocketAddr, Option<Place>)> {
    let (stream, remote) = listener.accept().await?;
    let place = places.take(remote.ip()).await;
    Ok((stream, remote, place))
}

fn accept_failed(listener: &TcpListener, error: io::Error) -> Error {
    let address = listener.local_addr();
    let address = address.map_or_else(|_| "unknown".to_owned(), |address| address.to_string());
    Error::new(ErrorKind::Io, "no connection can be accepted any more")
        .with("address", address)
        .because(error)
}

fn connection(
    stream: TcpStream,
    remote: SocketAddr,
    place: &Place,
    router: &Router,
    settings: &Settings,
    mut stopping: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    // An answer is written at once or in large pieces; waiting for more only costs time.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Guarded::new(
        stream,
        Duration::from_millis(settings.stall_ms),
        place.waiting(),
    ));
    let router = router.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(remote));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Who has said all that it has to say may close its side and still wants the answer.
        .half_close(true)
        .header_read_timeout(Duration::from_millis(settings.header_ms))
        .max_buf_size(HEAD_BYTES_MAX)
        .title_case_headers(true)
        .serve_connection(io, service);
    async move {
        let mut connection = pin!(connection);
        let stopped = async {
            if stopping.wait_for(|stop| *stop).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopped => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%remote, %error, "a connection broke off");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_with_successes_between_them_have_a_line_now_and_then() {
        let (mut failures, start) = (Failures::default(), Instant::now());
        let told = |ms: &u64| {
            failures.in_a_row = 0;
            failures.add(start + Duration::from_millis(*ms))
        };
        let told: Vec<u64> = (0..=25_000).step_by(100).filter(told).collect();
        assert_eq!(told, [0, ACCEPT_FAILED_LINE_MS, 2 * ACCEPT_FAILED_LINE_MS]);
    }
}
