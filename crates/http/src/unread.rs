//! What nobody read of a body, as where its request was refused by its head alone.
//!
//! A client that is cut off while it writes does not get to see why, and one that wrote all of it would find its next
//! request lost, since HTTP/1.1 has one connection for both. So the rest is read and thrown away, within reason, before the
//! answer goes out; otherwise the answer says that the connection ends with it (RFC 9112, section 9.6). That is time of the
//! request: as long again as a body may take, at most.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONNECTION, EXPECT};
use axum::http::{HeaderValue, Response, Version};
use futures_util::{Stream, StreamExt};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::Limits;

/// How many times the limit of a body is read and thrown away.
const DRAINED_LIMITS: usize = 16;

/// Where what is left of a body comes back to.
pub(crate) struct Unread {
    left: oneshot::Receiver<BodyDataStream>,
    /// Whether the client waits to be told before it writes (RFC 9110, section 10.1.1): it may never write.
    is_expected: bool,
}

impl Unread {
    /// Lends the body of a request; none where there is nothing in it.
    pub(crate) fn lend(request: Request) -> (Request, Option<Self>) {
        // From HTTP/2 on, a request ends alone.
        if request.body().is_end_stream() || request.version() >= Version::HTTP_2 {
            return (request, None);
        }
        let is_expected = request.headers().contains_key(EXPECT);
        let (back, left) = oneshot::channel();
        let lend = |body: Body| Body::from_stream(Lent(Some((body.into_data_stream(), back))));
        (request.map(lend), Some(Self { left, is_expected }))
    }

    /// Reads what is left before `response` goes out. To be called when the request has been dropped.
    pub(crate) async fn settle<B>(mut self, response: &mut Response<B>, limits: &Limits) {
        let Ok(left) = self.left.try_recv() else { return };
        if response.headers().contains_key(CONNECTION) {
            return;
        }
        let most = limits.body_bytes.saturating_mul(DRAINED_LIMITS);
        if self.is_expected || !timeout(limits.body, ends_within(left, most)).await.unwrap_or_default() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Whether the body comes to its end within so many bytes.
async fn ends_within(mut body: BodyDataStream, most: usize) -> bool {
    let mut left = most;
    while let Some(frame) = body.next().await {
        match frame.ok().and_then(|frame| left.checked_sub(frame.len())) {
            Some(less) => left = less,
            None => return false,
        }
    }
    true
}

/// A body that is given back when it is dropped before its end.
struct Lent(Option<(BodyDataStream, oneshot::Sender<BodyDataStream>)>);

impl Stream for Lent {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some((body, _)) = &mut self.0 else { return Poll::Ready(None) };
        let next = body.poll_next_unpin(context);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        next
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some((body, back)) = self.0.take() {
            let _ = back.send(body);
        }
    }
}
