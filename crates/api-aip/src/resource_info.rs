//! `google.rpc.ResourceInfo` in refusals: which resource it was that is missing, hidden, taken or in the way (AIP-193).
//!
//! One layer around all routes derives it from the path, so that no handler has to name what it works on. What is hidden
//! is named as the request names it and nothing more is said, so real and unknown ones look alike.

use std::fmt::Write;

use axum::body::Body;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{MatchedPath, RawPathParams, Request};
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};
use tenantry_core::Kind;
use tenantry_core::error::About;

use crate::error::{DOMAIN, Unnamed};

/// A kind of resource.
#[derive(Clone, Copy)]
struct Type {
    /// What paths call one of them.
    parameter: &'static str,
    /// What errors of the core call it.
    noun: &'static str,
    /// The segment under which they are found.
    collection: &'static str,
    /// The last part of its type (AIP-123).
    name: &'static str,
}

const TYPES: [Type; 10] = [
    Type::new("organization", "organization", "organizations", "Organization"),
    Type::new("workspace", "workspace", "workspaces", "Workspace"),
    Type::new("user", "user", "users", "User"),
    Type::new("role", "role", "roles", "Role"),
    Type::new("invitation", "invitation", "invites", "Invitation"),
    Type::new("key", "API key", "apiKeys", "ApiKey"),
    Type::new("team", "team", "teams", "Team"),
    Type::new("member", "member", "members", "TeamMember"),
    Type::new("assignment", "assignment", "roleAssignments", "RoleAssignment"),
    Type::new("issuer", "issuer", "issuers", "Issuer"),
];

impl Type {
    const fn new(
        parameter: &'static str,
        noun: &'static str,
        collection: &'static str,
        name: &'static str,
    ) -> Self {
        Self { parameter, noun, collection, name }
    }
}

/// Adds the detail to refusals that have a resource behind them.
pub(crate) async fn name_resource(
    matched: MatchedPath,
    params: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let has_method = request.method() == Method::POST && matched.as_str().ends_with('}');
    let mut response = next.run(request).await;
    let Some(Unnamed { mut status, kind, about }) = response.extensions_mut().remove() else {
        return response;
    };
    // What is no text cannot be a name. A route without parameters has none to decode.
    let values = params.iter().flatten().map(|(_, value)| value).collect::<Vec<_>>();
    let path = Path::new(matched.as_str(), &values, has_method);
    let about = match kind {
        // Of what is not to be known, nothing is told but what was asked.
        Kind::Hidden | Kind::Forbidden => path.target(),
        _ => match about.as_deref() {
            Some(about) => path.find(about),
            None if path.is_of_collection && matches!(kind, Kind::AlreadyExists | Kind::Conflict) => None,
            None => path.target(),
        },
    };
    if let Some((of, name)) = about {
        status.details.push(detail(of, &name));
        if let Ok(body) = serde_json::to_vec(&status) {
            response.headers_mut().remove(CONTENT_LENGTH);
            *response.body_mut() = Body::from(body);
        }
    }
    response
}

fn detail(of: Type, name: &str) -> Value {
    json!({
        "@type": "type.googleapis.com/google.rpc.ResourceInfo",
        "resource_type": format!("{DOMAIN}/{}", of.name),
        "resource_name": name,
    })
}

/// The resources that a path names, the outermost first.
struct Path {
    named: Vec<(Type, String)>,
    /// Whether what is to be made or listed has a name of its own only by then.
    is_of_collection: bool,
}

impl Path {
    /// The path of this template with these values. Of a custom method, the last value ends before the colon.
    fn new(template: &str, values: &[&str], has_method: bool) -> Self {
        let (mut named, mut name, mut collection) = (Vec::new(), String::new(), None);
        let mut values = values.iter();
        let template = template.strip_prefix("/api/v1/").unwrap_or(template);
        for segment in template.strip_prefix("me/").unwrap_or(template).split('/') {
            let parameter = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
            let Some(parameter) = parameter else {
                collection = Some(segment);
                continue;
            };
            let of = TYPES.into_iter().find(|of| of.parameter == parameter);
            let (Some(of), Some(value)) = (of, values.next()) else { break };
            let is_last = values.len() == 0;
            let value = match value.rsplit_once(':') {
                Some((value, _)) if has_method && is_last => value,
                _ => value,
            };
            name = under(&name, collection.take().unwrap_or(of.collection), value);
            named.push((of, name.clone()));
        }
        let is_of_collection = TYPES.iter().any(|of| collection == Some(of.collection));
        Self { named, is_of_collection }
    }

    /// What the request is about: the innermost.
    fn target(&self) -> Option<(Type, String)> {
        self.named.last().cloned()
    }

    /// What the error is about: something on the way to the target, or something that the body names.
    fn find(&self, about: &About) -> Option<(Type, String)> {
        let place = self.named.iter().position(|(of, _)| of.noun == about.noun);
        let Some(called) = &about.name else { return self.named.get(place?).cloned() };
        let of = TYPES.into_iter().find(|of| of.noun == about.noun)?;
        // Beside the one of its kind in the path, or else under whatever the path ends with.
        let parents = &self.named[..place.unwrap_or(self.named.len())];
        let parent = parents.last().map_or("", |(_, name)| name);
        Some((of, under(parent, of.collection, called)))
    }
}

fn under(parent: &str, collection: &str, last: &str) -> String {
    let mut name = parent.to_owned();
    if !name.is_empty() {
        name.push('/');
    }
    let _ = write!(name, "{collection}/{last}");
    name
}

#[cfg(test)]
mod tests {
    use tenantry_core::error::About;

    use super::Path;

    const WORKSPACE: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}";

    fn about(noun: &'static str, name: Option<&str>) -> About {
        About { noun, name: name.map(str::to_owned) }
    }

    fn name(found: Option<(super::Type, String)>) -> Option<(&'static str, String)> {
        found.map(|(of, name)| (of.name, name))
    }

    #[test]
    fn the_target_is_the_innermost() {
        let target = |template, values: &[&str], has_method| {
            name(Path::new(template, values, has_method).target()).map(|(_, name)| name)
        };
        assert_eq!(target(WORKSPACE, &["a", "b:c"], false).unwrap(), "organizations/a/workspaces/b:c");
        assert_eq!(
            target(WORKSPACE, &["a", "b:c:undelete"], true).unwrap(),
            "organizations/a/workspaces/b:c"
        );
        let invite = "/api/v1/organizations/{organization}/invitations/{invitation}";
        assert_eq!(target(invite, &["a:x", "i"], true).unwrap(), "organizations/a:x/invitations/i");
        let own = "/api/v1/me/organizations/{organization}/workspaces";
        assert_eq!(target(own, &["a"], false).unwrap(), "organizations/a");
        assert_eq!(target(own, &[], false), None);
        assert_eq!(target("/api/v1/users", &[], false), None);
    }

    #[test]
    fn what_is_meant_may_be_another() {
        let role = format!("{WORKSPACE}/roles/{{role}}");
        let path = Path::new(&role, &["a", "b", "c"], false);
        let expect = |about: About, kind, wanted: &str| {
            assert_eq!(name(path.find(&about)), Some((kind, wanted.to_owned())));
        };
        expect(about("workspace", None), "Workspace", "organizations/a/workspaces/b");
        expect(about("role", Some("Night")), "Role", "organizations/a/workspaces/b/roles/Night");
        expect(about("organization", Some("South")), "Organization", "organizations/South");
        assert_eq!(name(path.find(&about("user", None))), None);
        let list = Path::new("/api/v1/organizations", &[], false);
        assert_eq!(list.find(&about("organization", Some("South"))).unwrap().1, "organizations/South");
        assert!(list.is_of_collection && !path.is_of_collection);
    }
}
