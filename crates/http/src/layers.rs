//! What every dialect's router ends in: fallbacks, and the walls around a handler.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::conditional::not_again;
use crate::observe::Route;
use crate::pages::remember;
use crate::unread::Unread;
use crate::{Dialect, Refusal, Refused, Served};

/// The finished router of a dialect: unknown routes and methods, bodies that are too large, handlers that take too
/// long and handlers that panic are all answered in its shape. Pages that were stamped are answered from memory,
/// and those that the client has already by their entity tag alone.
///
/// A handler that takes too long, or whose client is gone, is dropped. A write that the store has begun by then counts
/// as a whole all the same, any other not at all.
pub fn enclose<D: Dialect>(routes: Router<Served>, served: Served) -> Router {
    fallbacks::<D>(routes)
        .layer(DefaultBodyLimit::max(served.limits.body_bytes))
        .layer(from_fn_with_state(served.clone(), contain::<D>))
        .with_state(served)
}

/// Answers unknown paths, and methods that a path has not, in the shape of the dialect. To be called when all routes
/// are there. `HEAD` is served wherever `GET` is; `OPTIONS` tells the methods of a path in `Allow`.
pub fn fallbacks<D: Dialect>(routes: Router<Served>) -> Router<Served> {
    routes.fallback(unknown_route::<D>).method_not_allowed_fallback(method_not_allowed::<D>)
}

async fn unknown_route<D: Dialect>() -> Refused<D> {
    Refusal::UnknownRoute.into()
}

async fn method_not_allowed<D: Dialect>(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Refused::<D>::from(Refusal::MethodNotAllowed).into_response()
}

/// All walls in one layer: each layer of its own would box and move every request once more.
async fn contain<D: Dialect>(
    State(served): State<Served>,
    matched: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let (request, unread) = Unread::lend(request);
    let answer = not_again(request, |request| remember::<D>(&served, request, next));
    let work = AssertUnwindSafe(answer).catch_unwind();
    let mut response = match tokio::time::timeout(served.limits.request, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => refuse::<D>(Refusal::Panicked { message: message_of(&*panic) }),
        Err(_) => refuse::<D>(Refusal::Timeout),
    };
    if let Some(unread) = unread {
        unread.settle(&mut response, &served.limits).await;
    }
    noting_route(response, matched)
}

fn refuse<D: Dialect>(refusal: Refusal) -> Response {
    Refused::<D>::from(refusal).into_response()
}

/// Tells the access log, which stands outside and cannot see it, the template of the route.
fn noting_route(mut response: Response, matched: Option<MatchedPath>) -> Response {
    if let Some(matched) = matched {
        response.extensions_mut().insert(Route(matched));
    }
    response
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
        .to_owned()
}
