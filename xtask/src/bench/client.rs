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
use tokio::time::{Instant, sleep_until};

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

    /// A page, or a `POST` of its form, from a browser whose forms are bound to the cookie of this value.
    pub(super) fn of_browser(path: &str, cookie: &str, form: Option<&str>) -> Self {
        let cookie = format!("cookie: __Host-tenantry-form={cookie}\r\n");
        match form {
            None => Self::written(format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{cookie}\r\n")),
            Some(form) => Self::post(path, &cookie, "application/x-www-form-urlencoded", form),
        }
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
        match self.exchange(request).await? {
            Answer::Success(body) => Ok(body),
            Answer::Later(wait) => bail!("the server wants to be asked again in {} s", wait.as_secs()),
        }
    }

    /// Sends the request. An answer that is neither of success nor tells when to come back is an error.
    async fn exchange(&mut self, request: &Request) -> Result<Answer<'_>> {
        request.write(&mut self.sent);
        self.stream.write_all(&self.sent).await.context("the server does not read")?;
        self.received.clear();
        let head = loop {
            self.receive().await?;
            if let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let length = number_in(&self.received[..head], "content-length");
        let length = usize::try_from(length.context("an answer without Content-Length")?)?;
        while self.received.len() < head + length {
            self.receive().await?;
        }
        let status = &self.received[9..12];
        if status[0] == b'2' {
            return Ok(Answer::Success(&self.received[head..]));
        }
        if status == b"503"
            && let Some(seconds) = number_in(&self.received[..head], "retry-after")
        {
            return Ok(Answer::Later(Duration::from_secs(seconds)));
        }
        let line = String::from_utf8_lossy(self.sent.split(|byte| *byte == b'\r').next().unwrap_or_default());
        bail!("`{line}` was answered:\n{}", String::from_utf8_lossy(&self.received))
    }

    async fn receive(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.received).await.context("the server does not answer")? {
            0 => bail!("the server closed the connection"),
            _ => Ok(()),
        }
    }

    /// Asks until `end`: every `step`th request, from `first` on, in a circle. What the server wants to be asked again
    /// later is asked again then.
    async fn drive(
        &mut self,
        requests: &[Request],
        (first, step): (usize, usize),
        end: Instant,
    ) -> Result<Answered> {
        let mut answered = Answered { took: Vec::with_capacity(1 << 14), told_to_wait: 0 };
        let mut next = first;
        let mut begin = Instant::now();
        let mut now = begin;
        while now < end {
            match self.exchange(&requests[next % requests.len()]).await? {
                Answer::Success(_) => {
                    next += step;
                    now = Instant::now();
                    answered.took.push(u32::try_from((now - begin).as_micros()).unwrap_or(u32::MAX));
                    begin = now;
                }
                Answer::Later(wait) => {
                    answered.told_to_wait += 1;
                    sleep_until(end.min(Instant::now() + wait)).await;
                    now = Instant::now();
                }
            }
        }
        Ok(answered)
    }
}

/// What a request was answered with.
enum Answer<'a> {
    /// Success, with this body.
    Success(&'a [u8]),
    /// 503, and when to come back.
    Later(Duration),
}

/// What a connection was answered.
struct Answered {
    took: Vec<u32>,
    told_to_wait: usize,
}

/// The whole number in the header's field of this name.
fn number_in(head: &[u8], field: &str) -> Option<u64> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        name.eq_ignore_ascii_case(field).then(|| value.trim().parse().ok())?
    })
}

/// What was answered in a slice of time.
#[derive(Default)]
pub(super) struct Slice {
    /// The microseconds of each request, the time included that it was told to wait.
    pub(super) took: Vec<u32>,
    /// How often the server wanted to be asked again later.
    pub(super) told_to_wait: usize,
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
    pub(super) async fn run(&mut self, requests: &Arc<[Request]>, span: Duration) -> Result<Slice> {
        let step = self.connections.len();
        let begin = Instant::now();
        let mut running = JoinSet::new();
        for (first, mut connection) in self.connections.drain(..).enumerate() {
            let requests = Arc::clone(requests);
            running.spawn(async move {
                let answered = connection.drive(&requests, (first, step), begin + span).await?;
                anyhow::Ok((connection, answered))
            });
        }
        let mut slice = Slice::default();
        while let Some(ended) = running.join_next().await {
            let (connection, answered) = ended.context("a client panicked")??;
            self.connections.push(connection);
            slice.took.extend(answered.took);
            slice.told_to_wait += answered.told_to_wait;
        }
        slice.seconds = begin.elapsed().as_secs_f64();
        Ok(slice)
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
    fn reads_numbers_of_a_header() {
        let head = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 12\r\nretry-after: 1\r\n\r\n";
        assert_eq!(number_in(head, "content-length"), Some(12));
        assert_eq!(number_in(head, "retry-after"), Some(1));
        assert_eq!(number_in(b"HTTP/1.1 200 OK\r\n\r\n", "content-length"), None);
    }
}
