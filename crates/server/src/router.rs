//! Which dialect answers which path. The four live side by side on one port, and no path clashes: the first segments
//! decide, also for paths that no route has, so that every refusal has the shape that its reader expects.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tenantry_core::Core;
use tenantry_http::{Observer, Served, observe};
use tower::ServiceExt;

use crate::prefix::ZenmlPrefix;
use crate::reference;

/// A dialect, as the first segments of a path tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    Aip,
    Pages,
    Oauth,
    Dreadnode,
    Evo,
    Zenml,
}

impl Tongue {
    pub(crate) fn of(path: &str) -> Self {
        if tenantry_oauth::is_page(path) {
            return Self::Pages;
        }
        let mut segments = path.split('/').skip(1);
        match segments.next().unwrap_or_default() {
            "api" => match (segments.next(), segments.next().map(resource)) {
                (Some("v1"), Some("organizations" | "users" | "issuers" | "me")) => Self::Aip,
                _ => Self::Dreadnode,
            },
            "oauth2" | ".well-known" => Self::Oauth,
            "workspace" | "folder" | "evo" | "connect" => Self::Evo,
            _ => Self::Zenml,
        }
    }
}

/// The collection in a segment that may have a custom method behind it: `organizations:search`.
fn resource(segment: &str) -> &str {
    segment.split(':').next().unwrap_or_default()
}

struct Dialects {
    aip: Router,
    dreadnode: Router,
    evo: Router,
    oauth: Router,
    pages: Router,
    zenml: Router,
    zenml_prefix: Option<ZenmlPrefix>,
}

/// What is served beside the dialects at their own places.
#[derive(Default)]
pub struct Beside {
    /// Routes that are no dialect's.
    pub routes: Router,
    /// Where the ZenML dialect is answered a second time.
    pub zenml_prefix: Option<ZenmlPrefix>,
}

/// Everything that the server answers on its main address: the dialects, and what lies beside them.
pub fn router(
    served: Served,
    page_tokens: tenantry_api_aip::PageTokens,
    observer: Observer,
    beside: Beside,
) -> Router {
    let health = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(Arc::clone(&served.core));
    let is_https = served.address("").starts_with("https://");
    let reference = reference::router(&served.address(""), beside.zenml_prefix.as_ref());
    let keyring = Arc::<tenantry_oauth::Keyring>::default();
    let dialects = Dialects {
        aip: tenantry_api_aip::router(served.clone(), page_tokens),
        dreadnode: tenantry_api_dreadnode::router(served.clone()),
        evo: tenantry_api_evo::router(served.clone()),
        oauth: tenantry_oauth::endpoints_router(served.clone(), Arc::clone(&keyring)),
        pages: tenantry_oauth::pages_router(served.clone(), keyring),
        zenml: tenantry_api_zenml::router(served),
        zenml_prefix: beside.zenml_prefix,
    };
    let named = health.merge(reference).merge(beside.routes);
    let all = named.fallback_service(Router::new().fallback(dispatch).with_state(Arc::new(dialects)));
    observe(if is_https { all.layer(map_response(over_https_alone)) } else { all }, observer)
}

/// Has browsers come by https from now on (RFC 6797): a year, and no word on other hosts of the domain.
async fn over_https_alone(mut response: Response) -> Response {
    let policy = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, policy);
    response
}

async fn dispatch(State(dialects): State<Arc<Dialects>>, mut request: Request) -> Response {
    if let Some(below) = dialects.zenml_prefix.as_ref().and_then(|prefix| prefix.strip(request.uri())) {
        *request.uri_mut() = below;
        return dialects.zenml.clone().oneshot(request).await.into_response();
    }
    let router = match Tongue::of(request.uri().path()) {
        Tongue::Aip => &dialects.aip,
        Tongue::Dreadnode => &dialects.dreadnode,
        Tongue::Evo => &dialects.evo,
        Tongue::Oauth => &dialects.oauth,
        Tongue::Pages => &dialects.pages,
        Tongue::Zenml => &dialects.zenml,
    };
    router.clone().oneshot(request).await.into_response()
}

/// Whether the server can serve: the database answers.
async fn ready(State(core): State<Arc<Core>>) -> Response {
    match core.store().ping().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tongue;

    #[test]
    fn paths_lead_to_their_dialects() {
        for (path, tongue) in [
            ("/api/v1/organizations", Tongue::Aip),
            ("/api/v1/organizations/x/workspaces:countUsers", Tongue::Aip),
            ("/api/v1/me", Tongue::Aip),
            ("/api/v1/users", Tongue::Aip),
            ("/api/v1/issuers/x", Tongue::Aip),
            ("/api/v1/user", Tongue::Dreadnode),
            ("/api/v1/organizationsx", Tongue::Dreadnode),
            ("/api/v1/org/x/ws", Tongue::Dreadnode),
            ("/api", Tongue::Dreadnode),
            ("/workspace/orgs", Tongue::Evo),
            ("/workspaces", Tongue::Zenml),
            ("/connect/token", Tongue::Evo),
            ("/oauth2/token", Tongue::Oauth),
            ("/oauth2/authorize", Tongue::Pages),
            ("/.well-known/openid-configuration", Tongue::Oauth),
            ("/login", Tongue::Pages),
            ("/login/nothing", Tongue::Pages),
            ("/logins", Tongue::Zenml),
            ("/organizations", Tongue::Zenml),
            ("/", Tongue::Zenml),
            ("", Tongue::Zenml),
        ] {
            assert_eq!(Tongue::of(path), tongue, "{path}");
        }
    }
}
