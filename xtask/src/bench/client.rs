//! The load generator: connections that are kept alive and requests that were written beforehand. It shares the machine
//! with the server, so it does as little as it can: it checks the status and counts the bytes of the body.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Digits of the number in a numbered request.
const DIGITS: usize = 10;

/// Where the number of a numbered request stands.
const MARK: &str = "{number}";

/// A request as it goes over the wire.
#[derive(Clone)]
pub(super) struct Request {
    bytes: Vec<u8>,
    numbers_at: Vec<usize>,
}

impl Request {
    /// A `GET`, or a `POST` where there is a body of JSON. At each mark `{number}` in path and body another number of ten
    /// digits stands each time the request is sent.
    pub(super) fn new(path: &str, token: &str, body: Option<&str>) -> Self {
        let credential = format!("authorization: Bearer {token}\r\n");
        match body {
            None => Self::written(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{credential}\r\n")),
            Some(body) => Self::post(path, &credential, "application/json", body),
        }
    }

    /// A `POST` of a form, by nobody.
    pub(super) fn form(path: &str, body: &str) -> Self {
        Self::post(path, "", "application/x-www-form-urlencoded", body)
    }

    fn post(path: &str, credential: &str, media_type: &str, body: &str) -> Self {
        let length = body.replace(MARK, &"0".repeat(DIGITS)).len();
        Self::written(format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\n{credential}content-type: {media_type}\r\n\
             content-length: {length}\r\n\r\n{body}"
        ))
    }

    fn written(mut text: String) -> Self {
        let mut numbers_at = Vec::new();
        while let Some(at) = text.find(MARK) {
            text.replace_range(at..at + MARK.len(), &"0".repeat(DIGITS));
            numbers_at.push(at);
        }
        Self { bytes: text.into_bytes(), numbers_at }
    }

    fn write(&self, out: &mut Vec<u8>) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        out.clear();
        out.extend_from_slice(&self.bytes);
        if !self.numbers_at.is_empty() {
            let number = format!("{:0DIGITS$}", NUMBER.fetch_add(1, Ordering::Relaxed));
            for at in &self.numbers_at {
                out[*at..*at + DIGITS].copy_from_slice(number.as_bytes());
            }
        }
    }
}

/// A connection that is kept alive.
pub(super) struct Connection {
    stream: TcpStream,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("the server takes no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, sent: Vec::new(), received: Vec::with_capacity(1 << 16) })
    }

    /// Sends the request and gives the body of the answer, whose status must be one of success.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<&[u8]> {
        request.write(&mut self.sent);
        self.stream.write_all(&self.sent).await.context("the server does not read")?;
        self.received.clear();
        let head = loop {
            self.receive().await?;
            if let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let length = content_length(&self.received[..head]).context("an answer without Content-Length")?;
        while self.received.len() < head + length {
            self.receive().await?;
        }
        if self.received.get(9) != Some(&b'2') {
            let line =
                String::from_utf8_lossy(self.sent.split(|byte| *byte == b'\r').next().unwrap_or_default());
            bail!("`{line}` was answered:\n{}", String::from_utf8_lossy(&self.received));
        }
        Ok(&self.received[head..])
    }

    async fn receive(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.received).await.context("the server does not answer")? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }

    /// Asks until `end`: every `step`th request, from `first` on, in a circle. Gives the microseconds of each.
    async fn drive(
        &mut self,
        requests: &[Request],
        (first, step): (usize, usize),
        end: Instant,
    ) -> Result<Vec<u32>> {
        let mut took = Vec::with_capacity(1 << 14);
        let mut next = first;
        let mut before = Instant::now();
        while before < end {
            self.ask(&requests[next % requests.len()]).await?;
            next += step;
            let now = Instant::now();
            took.push(u32::try_from((now - before).as_micros()).unwrap_or(u32::MAX));
            before = now;
        }
        Ok(took)
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

/// What was answered in a slice of time.
#[derive(Default)]
pub(super) struct Slice {
    /// The microseconds of each request.
    pub(super) took: Vec<u32>,
    pub(super) seconds: f64,
}

/// Several connections that ask at once.
pub(super) struct Clients {
    connections: Vec<Connection>,
}

impl Clients {
    pub(super) fn open(runtime: &Runtime, address: SocketAddr, count: usize) -> Result<Self> {
        runtime.block_on(async {
            let mut connections = Vec::with_capacity(count);
            for _ in 0..count {
                connections.push(Connection::open(address).await?);
            }
            Ok(Self { connections })
        })
    }

    /// Lets every connection ask for about so long.
    pub(super) fn run(
        &mut self,
        runtime: &Runtime,
        requests: &Arc<[Request]>,
        span: Duration,
    ) -> Result<Slice> {
        runtime.block_on(async {
            let step = self.connections.len();
            let begin = Instant::now();
            let mut running = JoinSet::new();
            for (first, mut connection) in self.connections.drain(..).enumerate() {
                let requests = Arc::clone(requests);
                running.spawn(async move {
                    let took = connection.drive(&requests, (first, step), begin + span).await?;
                    anyhow::Ok((connection, took))
                });
            }
            let mut slice = Slice::default();
            while let Some(ended) = running.join_next().await {
                let (connection, took) = ended.context("a client panicked")??;
                self.connections.push(connection);
                slice.took.extend(took);
            }
            slice.seconds = begin.elapsed().as_secs_f64();
            Ok(slice)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_what_is_sent() {
        let request = Request::new("/x", "t", Some(r#"{"title": "Bench {number}"}"#));
        let mut out = Vec::new();
        request.write(&mut out);
        let first = String::from_utf8(out.clone()).unwrap();
        let body = first.split_once("\r\n\r\n").unwrap().1;
        assert!(first.contains(&format!("content-length: {}\r\n", body.len())), "{first}");
        assert!(body.starts_with(r#"{"title": "Bench 0000"#) && body.ends_with(r#""}"#), "{body}");
        request.write(&mut out);
        assert_ne!(first.into_bytes(), out);
    }

    #[test]
    fn reads_the_length_of_a_body() {
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"), Some(12));
        assert_eq!(content_length(b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }
}
