//! Answers read from files: what a benchmark holds a path against, since it tells what the same bytes cost without the
//! work behind them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

type Answers = Arc<HashMap<String, Bytes>>;

/// Answers `GET /static-answers/NAME` as JSON for each file of the directory, all of which are read now.
pub(crate) fn router(directory: &Path) -> Result<Router> {
    let told = || format!("static_answers: cannot read {}", directory.display());
    let mut answers = HashMap::new();
    for entry in directory.read_dir().with_context(told)? {
        let entry = entry.with_context(told)?;
        let bytes = std::fs::read(entry.path()).with_context(told)?;
        answers.insert(entry.file_name().to_string_lossy().into_owned(), Bytes::from(bytes));
    }
    Ok(Router::new().route("/static-answers/{name}", get(answer)).with_state(Arc::new(answers)))
}

async fn answer(State(answers): State<Answers>, Segment(name): Segment<String>) -> Response {
    match answers.get(&name) {
        Some(bytes) => ([(CONTENT_TYPE, "application/json")], bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::extract::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn answers_the_bytes_of_files() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("list-0"), b"{\"a\": 1}").unwrap();
        let router = router(directory.path()).unwrap();
        for (name, status, body) in [("list-0", 200, &b"{\"a\": 1}"[..]), ("list-1", 404, b"")] {
            let request = Request::get(format!("/static-answers/{name}")).body(axum::body::Body::empty());
            let response = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(to_bytes(response.into_body(), 100).await.unwrap(), body);
        }
        assert!(super::router(&directory.path().join("list-0")).is_err());
    }
}
