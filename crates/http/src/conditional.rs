//! `If-None-Match` (RFC 9110): what the client has already is not sent again.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};

/// The same routes; but 304 is answered in place of whatever has an entity tag that the client knows.
pub fn conditional<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes.layer(from_fn(async |request: Request, next: Next| not_again(request, |it| next.run(it)).await))
}

/// What `answer` gives, unless the client has it already.
pub(crate) async fn not_again<F: Future<Output = Response>>(
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let known: Vec<_> = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect();
    let response = answer(request).await;
    if !reads || known.is_empty() || response.status() != StatusCode::OK {
        return response;
    }
    let Some(tag) = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()) else { return response };
    if !known.iter().filter_map(|list| list.to_str().ok()).any(|list| names(list, tag)) {
        return response;
    }
    let tag = [(ETAG, response.headers()[ETAG].clone())].into_iter().collect::<HeaderMap>();
    let (mut parts, _) = response.into_parts();
    parts.headers = tag;
    parts.status = StatusCode::NOT_MODIFIED;
    (parts, ()).into_response()
}

/// Whether the list of an `If-None-Match` header has the tag. Weak tags count there.
fn names(list: &str, tag: &str) -> bool {
    let tag = tag.trim_start_matches("W/");
    list.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn weak_tags_count() {
        assert!(names("W/\"2\", \"3\"", "\"2\"") && names("*", "\"9\"") && names("\"2\"", "W/\"2\""));
        assert!(!names("\"2\"", "\"3\"") && !names("", "\"3\"") && !names("2", "\"2\""));
    }
}
