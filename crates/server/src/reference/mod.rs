//! The API as its readers see it: the document at `/openapi.json`, and the same as a page at `/docs`. Each is written once,
//! when it is first asked for: most servers are never asked, and writing takes longer than the rest of the start.

mod page;
mod schema;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tenantry_http::conditional;
use tenantry_http::openapi::Contents;

use crate::prefix::ZenmlPrefix;

const ABOUT: &str = "Organizations, the workspaces in them, the people and services who may enter, and the role each of \
    them has there: one core behind the published APIs of four control planes. Use the dialect that your client speaks.";

/// Nothing is fetched from elsewhere, nothing runs that is not a file of ours, and no other page frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The document of everything that all dialects serve, to clients that reach the server at `address`.
pub fn document(address: &str, zenml_prefix: Option<&ZenmlPrefix>) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let again = |prefix: &ZenmlPrefix| {
        format!("{ABOUT} The paths of ZenML Pro are answered below `{}` as well.", prefix.as_str())
    };
    let about = &*zenml_prefix.map_or(Cow::Borrowed(ABOUT), |prefix| Cow::Owned(again(prefix)));
    let contents = Contents { title: "Tenantry", version, about, address };
    let dialects = [
        tenantry_api_aip::api(),
        tenantry_api_zenml::api(),
        tenantry_api_evo::api(),
        tenantry_api_dreadnode::api(),
    ];
    let apis: Vec<_> = dialects.into_iter().chain(tenantry_oauth::api()).collect();
    tenantry_http::openapi::document(contents, &apis)
}

/// Both, and what the page is made of.
pub(crate) fn router(address: &str, zenml_prefix: Option<&ZenmlPrefix>) -> Router {
    let here = (address.to_owned(), zenml_prefix.cloned());
    let there = here.clone();
    let styles = || include_str!("page.css").to_owned();
    let script = || include_str!("page.js").to_owned();
    conditional(
        Router::new()
            .route(
                "/openapi.json",
                file("application/json", move || document(&here.0, here.1.as_ref()).to_string()),
            )
            .route(
                "/docs",
                file("text/html; charset=utf-8", move || page::write(&document(&there.0, there.1.as_ref()))),
            )
            .route("/docs/page.css", file("text/css; charset=utf-8", styles))
            .route("/docs/page.js", file("text/javascript; charset=utf-8", script)),
    )
}

/// The same bytes for everybody. They are asked for anew each time, which costs no more than their tag.
fn file(media_type: &'static str, write: impl Fn() -> String + Send + Sync + 'static) -> MethodRouter {
    let written = Arc::new((OnceLock::new(), write));
    get(async move || {
        let (once, write) = &*written;
        once.get_or_init(|| answer(media_type, write())).clone().into_response()
    })
}

fn answer(media_type: &'static str, text: String) -> ([(HeaderName, String); 6], Bytes) {
    let digest = Sha256::digest(&text);
    let hex = digest.iter().take(16).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let headers: [(HeaderName, String); 6] = [
        (CONTENT_TYPE, media_type.to_owned()),
        (ETAG, format!("\"{hex}\"")),
        (CACHE_CONTROL, "no-cache".to_owned()),
        (CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    (headers, Bytes::from(text))
}
