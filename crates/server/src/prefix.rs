//! A path below which the ZenML dialect is answered a second time: for clients that are given the address of a control plane
//! with a path, and for servers behind a proxy that leaves everything else to others.

use std::sync::Arc;

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::router::Tongue;

/// What lies beside the dialects, or will.
const BESIDE: [&str; 6] = ["healthz", "readyz", "docs", "openapi.json", "static-answers", "console"];

/// The path, such as `/pro`. It begins with a slash, does not end with one, and nothing else is answered there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZenmlPrefix(Arc<str>);

impl ZenmlPrefix {
    /// Reads it; a slash at the end is dropped.
    ///
    /// # Errors
    /// What was expected instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let path = text.strip_suffix('/').unwrap_or(text);
        let mut segments = path.split('/');
        let is_path = segments.next() == Some("") && path.len() > 1 && segments.clone().all(is_segment);
        if !is_path {
            return Err(format!("expected a path such as /pro, of letters, digits and -._~, got {text:?}"));
        }
        let first = segments.next().unwrap_or_default();
        let own = tenantry_api_zenml::routes();
        let mut own = own.table().iter().filter_map(|(_, path)| path.split('/').nth(1));
        if Tongue::of(path) != Tongue::Zenml || BESIDE.contains(&first) || own.any(|taken| taken == first) {
            return Err(format!("/{first} is taken, expected another path than {text:?}"));
        }
        Ok(Self(path.into()))
    }

    /// The address without the prefix; `None` for what does not lie below it.
    pub(crate) fn strip(&self, uri: &Uri) -> Option<Uri> {
        let rest = uri.path_and_query()?.as_str().strip_prefix(&*self.0)?;
        let rest: PathAndQuery = match rest.chars().next() {
            Some('/') => rest.parse().ok()?,
            None | Some('?') => format!("/{rest}").parse().ok()?,
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(rest);
        Uri::from_parts(parts).ok()
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A segment that means the same however it is written; `.` and `..` mean something else.
fn is_segment(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !matches!(text, "" | "." | "..") && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::ZenmlPrefix;

    #[test]
    fn what_is_taken_is_refused() {
        for (text, expected) in
            [("/pro", "/pro"), ("/pro/", "/pro"), ("/zenml/v1", "/zenml/v1"), ("/p~1", "/p~1")]
        {
            assert_eq!(ZenmlPrefix::parse(text).unwrap().as_str(), expected);
        }
        for text in
            ["", "/", "pro", "//pro", "/pro//x", "/a b", "/%70ro", "/pro/..", "/./pro", "/pro?x", "/pro#x"]
        {
            let refused = ZenmlPrefix::parse(text).unwrap_err();
            assert!(refused.starts_with("expected a path such as /pro"), "{text}: {refused}");
        }
        for text in [
            "/api",
            "/api/",
            "/api/v1",
            "/api/zenml",
            "/oauth2",
            "/.well-known/x",
            "/login",
            "/login/pro",
            "/workspace",
            "/folder",
            "/evo/x",
            "/connect",
            "/docs",
            "/openapi.json",
            "/healthz",
            "/readyz",
            "/console",
            "/organizations",
            "/workspaces/pro",
            "/auth",
            "/users",
            "/health",
            "/server/x",
            "/workspace_status",
        ] {
            let refused = ZenmlPrefix::parse(text).unwrap_err();
            assert!(refused.contains("is taken"), "{text}: {refused}");
        }
    }

    #[test]
    fn what_lies_below_is_known_by_whole_segments() {
        let prefix = ZenmlPrefix::parse("/pro").unwrap();
        for (given, expected) in [
            ("/pro/organizations?limit=1", Some("/organizations?limit=1")),
            ("/pro", Some("/")),
            ("/pro?x=1", Some("/?x=1")),
            ("/pro/", Some("/")),
            ("/pro//auth/login", Some("//auth/login")),
            ("https://tenantry.example/pro/auth/login", Some("https://tenantry.example/auth/login")),
            ("/provider", None),
            ("/organizations/pro", None),
            ("/PRO/organizations", None),
        ] {
            let rest = prefix.strip(&given.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(rest.as_deref(), expected, "{given}");
        }
    }
}
