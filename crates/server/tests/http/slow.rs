//! Clients that are slow, silent or too many, on raw sockets: none holds the server up, or can keep it from stopping.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tenantry_api_aip::PageTokens;
use tenantry_http::{Limits, Observer, Served, TrustedProxies};
use tenantry_server::connections::{self, ConnectionLimits};
use tenantry_server::router::router;
use tenantry_server::world::{SystemClock, SystemIds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::harness::{Engine, TestServer};

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

fn short() -> ConnectionLimits {
    ConnectionLimits {
        connections: 10,
        header: Duration::from_millis(200),
        idle: Duration::from_millis(400),
        drain: LONG,
    }
}

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

async fn serve(app: Router, limits: ConnectionLimits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(connections::serve(listener, app, limits, stop.clone()));
    Running { address, stop, serving }
}

async fn quick() -> Running {
    serve(Router::new().route("/", get(async || "done")), short()).await
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        stream
    }
}

/// Everything that comes until the server ends the connection.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    // One that is cut with bytes unread is reset, which tells as much as an end.
    let _ = timeout(LONG, stream.read_to_end(&mut text)).await.expect("the server ends the connection");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn who_does_not_come_to_a_request_is_cut_off() {
    let server = quick().await;
    let half = rest(server.send(&GET[..20]).await);
    let silent = rest(server.connect().await);
    // Until the fourth byte it may be `POST`, until the last one of these it may be HTTP/2.
    let undecided = rest(server.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n").await);
    // HTTP/2 with its settings, and no request.
    let idle = rest(server.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await);
    let (half, silent, undecided, idle) = tokio::join!(half, silent, undecided, idle);
    assert_eq!((half.as_str(), silent.as_str(), undecided.as_str()), ("", "", ""));
    assert!(!idle.contains("done"));
}

#[tokio::test]
async fn a_connection_serves_requests_until_it_is_idle() {
    let server = quick().await;
    let mut stream = server.send(GET).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        stream.write_all(GET).await.unwrap();
    }
    let text = rest(stream).await;
    assert_eq!(text.matches("done").count(), 6, "{text}");
}

#[tokio::test]
async fn headers_are_bounded() {
    let server = quick().await;
    let fields = |count| "x: y\r\n".repeat(count);
    let bytes = |count| format!("x: {}\r\n", "y".repeat(count));
    for (fields, status) in
        [(fields(80), "200"), (fields(200), "431"), (bytes(20_000), "200"), (bytes(100_000), "431")]
    {
        let request = format!("GET / HTTP/1.1\r\nhost: x\r\n{fields}connection: close\r\n\r\n");
        let mut stream = server.connect().await;
        // The server may have said no before all is written.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut line = [0; 12];
        timeout(LONG, stream.read_exact(&mut line)).await.unwrap().unwrap();
        assert_eq!(std::str::from_utf8(&line).unwrap(), format!("HTTP/1.1 {status}"));
    }
}

#[tokio::test]
async fn who_comes_when_it_is_full_waits_for_a_place() {
    let answer = Arc::new(Notify::new());
    let may = Arc::clone(&answer);
    let app = Router::new()
        .route("/", get(async || "done"))
        .route("/hold", get(async move || may.notified().await));
    let server = serve(app, ConnectionLimits { connections: 1, ..short() }).await;
    let first = server.send(b"GET /hold HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let mut second = server.send(GET).await;
    let mut byte = [0];
    timeout(Duration::from_millis(300), second.read(&mut byte)).await.expect_err("it has to wait");
    answer.notify_one();
    assert!(rest(first).await.starts_with("HTTP/1.1 200"));
    assert!(rest(second).await.contains("done"));
}

#[tokio::test]
async fn stopping_lets_requests_end_and_nobody_else_in() {
    let (asked, answer) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, may) = (Arc::clone(&asked), Arc::clone(&answer));
    let work = async move || {
        told.notify_one();
        may.notified().await;
        "done"
    };
    let app = Router::new().route("/", get(work));
    let long = ConnectionLimits { header: LONG, idle: LONG, ..short() };
    let server = serve(app, long).await;
    let silent = server.connect().await;
    let busy = server.send(GET).await;
    timeout(LONG, asked.notified()).await.unwrap();
    server.stop.cancel();
    assert_eq!(rest(silent).await, "");
    assert!(TcpStream::connect(server.address).await.is_err());
    assert!(!server.serving.is_finished());
    answer.notify_one();
    assert!(rest(busy).await.contains("done"));
    timeout(LONG, server.serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let app = Router::new().route("/", get(std::future::pending::<()>));
    let server = serve(app, ConnectionLimits { drain: Duration::from_millis(200), ..short() }).await;
    let busy = server.send(GET).await;
    server.stop.cancel();
    timeout(LONG, server.serving).await.unwrap().unwrap();
    assert_eq!(rest(busy).await, "");
}

/// A server that waits little for bodies.
async fn impatient(world: &TestServer) -> Running {
    waiting_for_bodies(world, Duration::from_millis(200)).await
}

async fn waiting_for_bodies(world: &TestServer, body: Duration) -> Running {
    let limits = Limits { body, ..Limits::default() };
    let with_limits = Served::new(Arc::clone(&world.core), &world.url, limits);
    let observer = Observer {
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        core: Arc::clone(&world.core),
        proxies: TrustedProxies::default(),
    };
    let long = ConnectionLimits { header: LONG, idle: LONG, ..short() };
    serve(
        router(with_limits, PageTokens::new([7; 32]), observer, tenantry_server::router::Beside::default()),
        long,
    )
    .await
}

/// Each in its dialect's words, and on a connection that ends.
#[tokio::test]
async fn a_body_that_does_not_come_is_refused() {
    let world = TestServer::shared(Engine::Sqlite);
    let server = impatient(world).await;
    let create = format!("/api/v1/organizations/{}/workspaces", world.organization("northwind"));
    for (path, media_type, told) in [
        (create.as_str(), "application/json", r#""reason":"BODY_TIMEOUT""#),
        ("/connect/token", "application/x-www-form-urlencoded", r#"{"error":"invalid_request""#),
        ("/auth/login", "application/x-www-form-urlencoded", r#"{"detail":"the body did not come in time"}"#),
    ] {
        let token = world.token("ada");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: {media_type}\r\ncontent-length: 100\r\n\r\n{{"
        );
        let text = rest(server.send(head.as_bytes()).await).await;
        assert!(text.starts_with("HTTP/1.1 408 ") && text.contains(told), "{path}: {text}");
        assert!(text.contains("connection: close"), "{path}: {text}");
    }
}

/// A program that writes its body after the head, and signs in again when its token is refused.
#[tokio::test]
async fn who_is_refused_by_the_head_alone_is_served_again() {
    let world = TestServer::shared(Engine::Sqlite);
    let server = waiting_for_bodies(world, LONG).await;
    let head = |path: &str, more: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer nope\r\ncontent-type: application/json\r\n{more}\r\n"
        )
    };
    let paths = ["/workspaces", "/api/v1/organizations/northwind/workspaces", "/nowhere", "/oauth2/token"];
    for path in paths {
        let mut stream = server.send(head(path, "content-length: 9\r\n").as_bytes()).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        let next = "{\"a\": 12}GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(next.as_bytes()).await.unwrap();
        let text = rest(stream).await;
        assert!(text.starts_with("HTTP/1.1 4"), "{path}: {text}");
        assert!(text.contains("HTTP/1.1 200 "), "{path}: {text}");
    }
    let server = impatient(world).await;
    // Where the body does not come, or is not written before somebody asks for it, the connection ends and says so.
    for more in [
        "content-length: 9\r\n",
        "content-length: 9\r\nexpect: 100-continue\r\n",
        "transfer-encoding: chunked\r\n",
    ] {
        let text = rest(server.send(head("/workspaces", more).as_bytes()).await).await;
        assert!(text.starts_with("HTTP/1.1 401 ") && text.contains("connection: close"), "{more}: {text}");
    }
}
