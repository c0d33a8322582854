//! What the server notes of every request: its id, one line in the access log, and the faults behind its answers.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tenantry_core::Core;
use tenantry_core::audit::Attempt;
use tenantry_core::clock::Clock;
use tenantry_core::ids::{IdSource, PrincipalId};

use crate::TrustedProxies;
use crate::refusal::{Denied, Fault};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken from a client.
const LONGEST: usize = 128;

/// The id of a request: the client's own `X-Request-Id` if it is 1 to 128 visible ASCII characters, else a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    fn given(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(&X_REQUEST_ID).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let bytes = value.as_bytes();
        let good = (1..=LONGEST).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
        good.then(|| Self(value.clone()))
    }

    fn made(ids: &dyn IdSource) -> Self {
        let id = ids.next().as_hyphenated().to_string();
        // A UUID is visible ASCII, so the other case does not occur.
        Self(HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }
}

/// The template of the route that answered, carried by the response.
#[derive(Clone, Debug)]
pub(crate) struct Route(pub(crate) MatchedPath);

/// Who asks, told by the extractor that finds it out to what stands around the dialects.
#[derive(Clone, Default)]
pub(crate) struct Asker(Arc<OnceLock<PrincipalId>>);

impl Asker {
    pub(crate) fn is(&self, principal: PrincipalId) {
        let _ = self.0.set(principal);
    }
}

/// What the observation of requests needs.
#[derive(Clone)]
pub struct Observer {
    /// Measures how long a request takes.
    pub clock: Arc<dyn Clock>,
    /// Gives the ids of requests that come without one.
    pub ids: Arc<dyn IdSource>,
    /// Records denied attempts.
    pub core: Arc<Core>,
    /// Whose word on where requests come from is taken.
    pub proxies: TrustedProxies,
}

/// Gives every request an id, which the answer repeats as `X-Request-Id`, and logs it: a line in the access log
/// (target `access`) with the route's template, never its path or query, and the text of a fault of ours, which no
/// client sees, at the level of errors. What was denied is handed to the record of denied attempts. To be put around all dialects together, outermost.
pub fn observe(router: Router, observer: Observer) -> Router {
    router.layer(from_fn_with_state(observer, note))
}

async fn note(
    State(observer): State<Observer>,
    matched: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::given(request.headers()).unwrap_or_else(|| RequestId::made(&*observer.ids));
    request.extensions_mut().insert(id.clone());
    let asker = Asker::default();
    request.extensions_mut().insert(asker.clone());
    let source = observer.proxies.source(&request);
    request.extensions_mut().insert(source);
    let method = request.method().clone();
    let begin = observer.clock.now();
    let mut response = next.run(request).await;
    let micros = (observer.clock.now().as_micros() - begin.as_micros()).max(0);

    let request_id = id.as_str();
    // A dialect tells its route in the answer; a route beside the dialects is known from the start.
    let inner = response.extensions().get::<Route>().map(|route| &route.0);
    let route = inner.or(matched.as_ref()).map_or("unknown", MatchedPath::as_str);
    let status = response.status().as_u16();
    if let Some(Fault(fault)) = response.extensions().get() {
        tracing::error!(request_id, %method, route, status, "{fault}");
    }
    tracing::info!(target: "access", request_id, %method, route, status, micros, "answered");
    measure(&method, route, status, micros);
    if let Some(Denied { denial, circumstances }) = response.extensions().get().copied() {
        metrics::counter!("tenantry_denied_attempts_total", "kind" => denial.word()).increment(1);
        observer.core.note_denied(Attempt {
            denial,
            principal: circumstances.principal.or_else(|| asker.0.get().copied()),
            source: source.0,
            organization: circumstances.organization,
            permission: circumstances.permission,
            route: route.to_owned(),
            request_id: Some(request_id.to_owned()),
        });
    }
    response.headers_mut().insert(X_REQUEST_ID, id.0);
    response
}

/// Counts and times the request. Labels are methods, templates of routes and statuses: never an id.
fn measure(method: &Method, route: &str, status: u16, micros: i64) {
    // A client may make up methods; each would be a label of its own.
    let method = match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.to_string(),
        _ => "other".to_owned(),
    };
    let labels = [("method", method), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::counter!("tenantry_http_requests_total", &labels).increment(1);
    #[expect(clippy::cast_precision_loss, reason = "microseconds of a request are few")]
    let seconds = micros as f64 / 1e6;
    metrics::histogram!("tenantry_http_request_duration_seconds", &labels).record(seconds);
}
