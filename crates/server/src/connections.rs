//! Connections: how many there may be, and how long a client may hold one that it does not use.
//!
//! HTTP/1.1, and HTTP/2 for clients that begin with it. A client that is slow to ask is cut off here; one that is slow
//! to send the body of its request is refused by `tenantry_http`, in the words of the dialect.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Bytes of the header of a request, and of a connection's buffer.
const HEADER_BYTES: u32 = 64 * 1024;
/// Fields in the header of a request.
const HEADER_FIELDS: usize = 100;
/// Requests that one HTTP/2 connection may have at once.
const STREAMS: u32 = 100;

/// What a listener gives to those who connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Open connections at once; whoever comes when there are so many waits to be accepted.
    pub connections: usize,
    /// Until the whole header of a request must be there, from the connection's begin or the answer before it on.
    pub header: Duration,
    /// A connection on which nothing new was asked for so long, or for twice that, is cut. Longer than any request may
    /// take; bounds how slowly an answer may be read.
    pub idle: Duration,
    /// What requests get to end in when the listener stops.
    pub drain: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header: Duration::from_secs(30),
            idle: Duration::from_secs(90),
            drain: Duration::from_secs(25),
        }
    }
}

/// Answers everybody who connects, until `stop`; then takes no more connections, ends those that are idle, and cuts those
/// whose requests do not end in time.
pub async fn serve(
    mut listener: TcpListener,
    app: Router,
    limits: ConnectionLimits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let accept = async {
        loop {
            // The semaphore is never closed, so there is always a place in the end.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            // Waits a second and tries again when the process has no descriptor left.
            let client = Listener::accept(&mut listener).await;
            while connections.try_join_next().is_some() {}
            connections.spawn(attend(client, app.clone(), limits, stop.clone(), place));
        }
    };
    tokio::select! {
        () = accept => {}
        () = stop.cancelled() => {}
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, ended).await.is_err() && !limits.drain.is_zero() {
        tracing::warn!(connections = connections.len(), "some requests did not end in time");
    }
}

/// Answers one client until it leaves, is cut off, or the server stops.
async fn attend(
    (stream, address): (TcpStream, SocketAddr),
    app: Router,
    limits: ConnectionLimits,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
) {
    // Answers are written whole; to wait for more to send with them gains nothing.
    let _ = stream.set_nodelay(true);
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let told = app.map_request(move |mut request: Request<_>| {
        request.extensions_mut().insert(ConnectInfo(address));
        count.fetch_add(1, Ordering::Relaxed);
        request
    });
    let protocol = protocol(limits.header);
    let mut connection =
        pin!(protocol.serve_connection(TokioIo::new(stream), TowerToHyperService::new(told)));

    let mut known = 0;
    // The time for a header does not run while the first bytes tell which protocol it is.
    let mut patience = pin!(tokio::time::sleep(limits.header));
    let mut stopping = false;
    loop {
        tokio::select! {
            outcome = connection.as_mut() => {
                if let Err(error) = outcome {
                    tracing::debug!(error, "a connection failed");
                }
                return;
            }
            () = patience.as_mut() => {
                let asked = asked.load(Ordering::Relaxed);
                if asked == known {
                    return;
                }
                known = asked;
                patience.set(tokio::time::sleep(limits.idle));
            }
            () = stop.cancelled(), if !stopping => {
                connection.as_mut().graceful_shutdown();
                stopping = true;
            }
        }
    }
}

fn protocol(header: Duration) -> Builder<TokioExecutor> {
    let mut protocol = Builder::new(TokioExecutor::new());
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header)
        .max_headers(HEADER_FIELDS)
        .max_buf_size(HEADER_BYTES as usize);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(header)
        .keep_alive_timeout(header)
        .max_header_list_size(HEADER_BYTES)
        .max_concurrent_streams(STREAMS);
    protocol
}
