//! Who gets what from which route: every route of every dialect x every kind of caller x one's own, another tenant's and
//! nobody's ids. Every answer is one that the document of the API tells. The outcomes are checked in (`matrix.txt`; `UPDATE_MATRIX=1` writes them anew, for a human to read).
//!
//! A route without a row in [`ROWS`] fails. Another tenant's real id answers exactly as a random one does, headers and all.

mod login;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::Origin;
use tenantry_core::caller::Caller;
use tenantry_core::credential::{Access, NewApiKey};
use tenantry_core::device::{Approval, Decision, Device, DeviceRequest};
use tenantry_core::oauth::{ProvenClient, Scopes};
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::{NewServiceAccount, NewUser};
use tenantry_core::role::NewRole;

use crate::harness::{Answer, TestServer, both_alone, client};
use crate::reference::Reference;

both_alone!(every_route_has_its_outcomes);

/// A route and a request that leaves things as they are even where it is allowed: without effect, invalid, or rehearsed.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) query: &'static str,
    pub(crate) body: Option<Value>,
}

impl Row {
    fn route(&self) -> &'static str {
        route_of(self.path)
    }
}

/// Custom methods behind a parameter share a route.
pub(crate) fn route_of(path: &str) -> &str {
    path.rfind("}:").map_or(path, |end| &path[..=end])
}

const fn row(method: &'static str, path: &'static str) -> Row {
    Row { method, path, query: "", body: None }
}

fn with(mut row: Row, query: &'static str, body: Option<Value>) -> Row {
    row.query = query;
    row.body = body;
    row
}

/// A request for every operation.
pub(crate) fn rows() -> Vec<Row> {
    const VALIDATE: &str = "validate_only=true";
    const ORGANIZATIONS: &str = "/api/v1/organizations";
    const ORGANIZATION: &str = "/api/v1/organizations/{organization}";
    const API_KEYS: &str = "/api/v1/organizations/{organization}/apiKeys";
    const API_KEY: &str = "/api/v1/organizations/{organization}/apiKeys/{key}";
    const INVITES: &str = "/api/v1/organizations/{organization}/invites";
    const INVITATION: &str = "/api/v1/organizations/{organization}/invitations/{invitation}";
    const ROLES: &str = "/api/v1/organizations/{organization}/roles";
    const USERS: &str = "/api/v1/organizations/{organization}/users";
    const WORKSPACE_ROLE: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}/roles/{role}";
    const WORKSPACES: &str = "/api/v1/organizations/{organization}/workspaces";
    const WORKSPACE: &str = "/api/v1/organizations/{organization}/workspaces/{workspace}";
    let test_permissions = || Some(json!({"permissions": ["read:Workspace"]}));
    let mut rows = vec![
        with(row("POST", "/api/v1/organizations/{organization}:testPermissions"), "", test_permissions()),
        row("GET", "/api/v1/me"),
        with(row("PATCH", "/api/v1/me"), VALIDATE, Some(json!({}))),
        with(row("POST", "/api/v1/me:changePassword"), "", Some(json!({}))),
        row("GET", "/api/v1/users"),
        row("GET", "/api/v1/users/{user}"),
        with(row("PATCH", "/api/v1/users/{user}"), VALIDATE, Some(json!({}))),
        with(row("DELETE", "/api/v1/users/{user}"), "validate_only=true&force=true", None),
        with(row("POST", "/api/v1/users/{user}:suspend"), VALIDATE, None),
        with(row("POST", "/api/v1/users/{user}:resume"), VALIDATE, None),
        with(row("POST", "/api/v1/users/{user}:sendActivation"), VALIDATE, None),
        with(row("POST", "/api/v1/users"), VALIDATE, Some(json!({"email": "new@matrix.example"}))),
        row("GET", "/api/v1/me/organizations"),
        row("GET", ORGANIZATIONS),
        with(row("POST", ORGANIZATIONS), VALIDATE, Some(json!({"title": "Matrix"}))),
        row("GET", ORGANIZATION),
        with(row("PATCH", ORGANIZATION), VALIDATE, Some(json!({"title": "Matrix"}))),
        with(row("DELETE", ORGANIZATION), "validate_only=true&force=true", None),
        // Of what is not deleted.
        row("POST", "/api/v1/organizations/{organization}:undelete"),
        with(
            row("POST", "/api/v1/organizations/{organization}:transferOwnership"),
            VALIDATE,
            Some(json!({"user": "{user}"})),
        ),
        row("GET", "/api/v1/organizations/{organization}/preferences"),
        with(row("PATCH", "/api/v1/organizations/{organization}/preferences"), VALIDATE, Some(json!({}))),
        row("GET", API_KEYS),
        with(row("POST", API_KEYS), VALIDATE, Some(json!({"title": "Matrix"}))),
        row("GET", API_KEY),
        with(row("PATCH", API_KEY), VALIDATE, Some(json!({}))),
        with(row("DELETE", API_KEY), VALIDATE, None),
        row("GET", INVITES),
        with(row("POST", INVITES), VALIDATE, Some(json!({"email": "matrix@partner.example"}))),
        with(row("DELETE", "/api/v1/organizations/{organization}/invites/{invitation}"), VALIDATE, None),
        row("GET", INVITATION),
        // Of what is offered to somebody else.
        row("POST", "/api/v1/organizations/{organization}/invitations/{invitation}:accept"),
        row("POST", "/api/v1/organizations/{organization}/invitations/{invitation}:decline"),
        with(
            row("POST", "/api/v1/organizations/{organization}/invitations/{invitation}:resend"),
            VALIDATE,
            Some(json!({})),
        ),
        row("GET", ROLES),
        with(row("POST", ROLES), VALIDATE, Some(json!({"title": "Sextant"}))),
        row("GET", "/api/v1/organizations/{organization}/roles/{role}"),
        with(row("PATCH", "/api/v1/organizations/{organization}/roles/{role}"), VALIDATE, Some(json!({}))),
        with(row("DELETE", "/api/v1/organizations/{organization}/roles/{role}"), VALIDATE, None),
        row("GET", USERS),
        with(row("POST", USERS), "", Some(json!({"user": {}, "roles": []}))),
        row("GET", "/api/v1/organizations/{organization}/users/{user}"),
        with(
            row("PATCH", "/api/v1/organizations/{organization}/users/{user}"),
            "",
            Some(json!({"roles": []})),
        ),
        with(row("DELETE", "/api/v1/organizations/{organization}/users/{user}"), VALIDATE, None),
        row("GET", WORKSPACES),
        with(row("POST", WORKSPACES), VALIDATE, Some(json!({"title": "Matrix"}))),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces:countUsers"),
            "",
            Some(json!({"workspace_ids": ["{workspace}"]})),
        ),
        row("GET", WORKSPACE),
        with(row("PATCH", WORKSPACE), VALIDATE, Some(json!({"title": "Matrix"}))),
        with(row("DELETE", WORKSPACE), "validate_only=true&force=true", None),
        // Of what is not deleted.
        row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}:undelete"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}:testPermissions"),
            "",
            test_permissions(),
        ),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/preferences"),
        with(
            row("PATCH", "/api/v1/organizations/{organization}/workspaces/{workspace}/preferences"),
            VALIDATE,
            Some(json!({})),
        ),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/invites"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}/invites"),
            VALIDATE,
            Some(json!({"email": "matrix@partner.example"})),
        ),
        with(
            row("DELETE", "/api/v1/organizations/{organization}/workspaces/{workspace}/invites/{invitation}"),
            VALIDATE,
            None,
        ),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/roles"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}/roles"),
            VALIDATE,
            Some(json!({"title": "Matrix"})),
        ),
        row("GET", WORKSPACE_ROLE),
        with(row("PATCH", WORKSPACE_ROLE), VALIDATE, Some(json!({}))),
        with(row("DELETE", WORKSPACE_ROLE), VALIDATE, None),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/users/{user}"),
        row("GET", "/api/v1/organizations/{organization}/workspaces/{workspace}/users"),
        with(
            row("POST", "/api/v1/organizations/{organization}/workspaces/{workspace}/users"),
            "",
            Some(json!({"user": {}, "roles": []})),
        ),
        with(
            row("PATCH", "/api/v1/organizations/{organization}/workspaces/{workspace}/users/{user}"),
            "",
            Some(json!({"roles": []})),
        ),
        with(
            row("DELETE", "/api/v1/organizations/{organization}/workspaces/{workspace}/users/{user}"),
            VALIDATE,
            None,
        ),
        row("GET", "/api/v1/me/organizations/{organization}/workspaces"),
        row("GET", "/workspace/orgs/{org_id}/workspaces"),
        row("POST", "/connect/token"),
        row("GET", "/api/v1/org/{org}/ws"),
        row("GET", "/organizations"),
        with(row("POST", "/organizations"), "", Some(json!({}))),
        row("GET", "/organizations/{organization}"),
        with(row("PATCH", "/organizations/{organization}"), "", Some(json!({}))),
        row("GET", "/organizations/{organization}/tenants"),
        row("POST", "/auth/login"),
        row("GET", "/.well-known/openid-configuration"),
        row("GET", "/.well-known/oauth-authorization-server"),
        row("GET", "/oauth2/jwks"),
        row("POST", "/oauth2/token"),
        row("POST", "/oauth2/device_authorization"),
        row("POST", "/oauth2/introspect"),
        row("POST", "/oauth2/revoke"),
        row("GET", "/oauth2/userinfo"),
        row("POST", "/oauth2/userinfo"),
        row("GET", "/oauth2/register"),
        with(row("POST", "/oauth2/register"), "", Some(json!({"client_name": "Matrix"}))),
        row("GET", "/oauth2/register/{client_id}"),
        row("DELETE", "/oauth2/register/{client_id}"),
        row("GET", "/oauth2/authorize"),
        row("POST", "/oauth2/authorize"),
        row("GET", "/oauth2/logout"),
        row("POST", "/oauth2/logout"),
        row("GET", "/login"),
        row("POST", "/login"),
        row("GET", "/login/account"),
        row("POST", "/login/account"),
        row("GET", "/login/device"),
        row("POST", "/login/device"),
        row("GET", "/login/invitation"),
        row("POST", "/login/invitation"),
        row("GET", "/login/reset"),
        row("POST", "/login/reset"),
        row("GET", "/login/activate"),
        row("POST", "/login/activate"),
        row("GET", "/login/verify"),
        row("POST", "/login/verify"),
        row("GET", "/login/style.css"),
    ];
    rows.extend(login::rows());
    // Last, since it has no way to leave things as they are.
    rows.push(row("DELETE", "/organizations/{organization}"));
    rows
}

/// The operations of which the matrix tells.
pub(crate) fn operations() -> Vec<(&'static str, &'static str)> {
    rows().iter().map(|row| (row.method, row.path)).collect()
}

/// The routes that the routers have.
pub(crate) fn served() -> Vec<(String, &'static str)> {
    let tables = [
        tenantry_api_aip::routes(),
        tenantry_api_evo::routes(),
        tenantry_api_dreadnode::routes(),
        tenantry_api_zenml::routes(),
        tenantry_oauth::endpoints(),
        tenantry_oauth::pages(),
    ];
    tables
        .iter()
        .flat_map(|routes| routes.table().iter().map(|(method, path)| (method.to_string(), *path)))
        .collect()
}

/// The ids that a request names.
#[derive(Clone)]
pub(crate) struct Ids {
    organization: String,
    pub(crate) workspace: String,
    user: String,
    role: String,
    invitation: String,
    key: String,
    device: String,
    authorization: String,
    session: String,
    account: String,
    account_key: String,
    client: String,
}

impl Ids {
    /// The text with the ids in their places.
    pub(crate) fn fill(&self, text: &str) -> String {
        ["{organization}", "{org_id}", "{org}"]
            .iter()
            .fold(text.to_owned(), |text, name| text.replace(name, &self.organization))
            .replace("{workspace}", &self.workspace)
            .replace("{user}", &self.user)
            .replace("{role}", &self.role)
            .replace("{invitation}", &self.invitation)
            .replace("{account}/apiKeys/{key}", &format!("{}/apiKeys/{}", self.account, self.account_key))
            .replace("{account}", &self.account)
            .replace("{client}", &self.client)
            .replace("{key}", &self.key)
            .replace("{client_id}", &self.key)
            .replace("{api_key_id}", &self.key)
            .replace("{token}", &self.key)
            .replace("{authorization}", &self.authorization)
            .replace("{session}", &self.session)
            .replace("{device}", &self.device)
    }
}

impl Ids {
    /// The text with the other ids in place of these.
    fn retold(&self, text: &str, others: &Self) -> String {
        let pairs = self.all().into_iter().zip(others.all());
        pairs.fold(text.to_owned(), |text, (id, other)| text.replace(id, other))
    }

    fn all(&self) -> [&str; 12] {
        let Self { organization, workspace, user, role, invitation, key, .. } = self;
        let Self { device, authorization, session, account, account_key, client, .. } = self;
        let first = [organization, workspace, user, role, invitation, key];
        let rest = [device, authorization, session, account, account_key, client];
        std::array::from_fn(|at| if at < 6 { first[at] } else { rest[at - 6] }.as_str())
    }
}

/// A network that nobody has come from, so that no guess is refused for those before it.
fn network() -> Ipv4Addr {
    static LAST: AtomicU32 = AtomicU32::new(0x0a00_0000);
    Ipv4Addr::from(LAST.fetch_add(1, Ordering::Relaxed))
}

async fn ask(server: &TestServer, token: Option<&str>, row: &Row, ids: &Ids) -> Answer {
    let path = ids.fill(row.path);
    let method = Method::from_bytes(row.method.as_bytes()).unwrap();
    let mut request = client().request(method, format!("{}{path}?{}", server.url, row.query));
    request = request.header("x-request-id", "matrix").header("x-forwarded-for", network().to_string());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = &row.body {
        let body: Value = serde_json::from_str(&ids.fill(&body.to_string())).unwrap();
        request = request.json(&body);
    }
    Answer::of(request).await
}

/// Everything that a client can tell two answers apart by.
fn visible(answer: &Answer) -> (u16, String, BTreeMap<String, String>) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, answer.text.clone(), headers.collect())
}

/// A user of northwind with this role in the organization, and a token.
async fn person(
    server: &TestServer,
    name: &str,
    role: BuiltinRole,
) -> (tenantry_core::ids::PrincipalId, String) {
    let root = server.core.authenticate(server.token("root")).await.unwrap();
    let new = NewUser {
        username: Some(name.to_owned()),
        email: format!("{name}@matrix.example"),
        ..NewUser::default()
    };
    let (user, token) = server.core.create_user(&root, new).await.unwrap();
    let northwind = OrganizationRef::Name("northwind".to_owned());
    server.core.add_organization_user(&root, northwind, user.id, role).await.unwrap();
    (user.id, token.secret.expose().to_owned())
}

/// What an organization has that can be named: a user, a custom role, a pending invitation, an API key.
pub(crate) async fn things(server: &TestServer, owner: &str, organization: &str, user: &str) -> Ids {
    let caller = server.core.authenticate(server.token(owner)).await.unwrap();
    let by = || OrganizationRef::Name(organization.to_owned());
    let new = NewRole {
        id: None,
        level: Level::Organization,
        title: "Matrix".to_owned(),
        description: None,
        permissions: PermissionSet::NONE,
    };
    let role = server.core.create_role(&caller, by(), new).await.unwrap();
    let email = format!("matrix@{organization}.example");
    let (invitation, _) = server.core.invite(&caller, by(), email, vec![]).await.unwrap();
    let key = NewApiKey {
        owner: None,
        title: "Matrix".to_owned(),
        days: 7,
        access: Access::Everything,
        workspaces: vec![],
    };
    let key = server.core.create_api_key(&caller, by(), key).await.unwrap();
    let device = device(server, &caller).await;
    let session = session(server, owner).await;
    let robot = NewServiceAccount { name: "matrix".to_owned(), role: BuiltinRole::OrganizationMember };
    let robot = server.core.create_service_account(&caller, by(), robot).await.unwrap();
    Ids {
        organization: server.organization(organization),
        workspace: String::new(),
        user: server.principal(user),
        role: role.id.to_string(),
        invitation: invitation.id.to_string(),
        key: key.credential.id.to_string(),
        device: device.id.to_string(),
        authorization: device.authorization.to_string(),
        session,
        account: robot.account.id.to_string(),
        account_key: robot.api_key.credential.id.to_string(),
        client: robot.client.credential.id.to_string(),
    }
}

/// A device that the caller has logged in.
async fn device(server: &TestServer, caller: &Caller) -> Device {
    let program =
        ProvenClient::of_program(format!("zenml:{}", server.organization("northwind")), "ZenML", None);
    let request = DeviceRequest {
        client: program,
        scopes: Scopes::API,
        device: None,
        interval_seconds: 5,
        from: Origin::default(),
    };
    let started = server.core.start_device_login(request).await.unwrap();
    let shown = (&*started.user_code.expose(), None);
    let approved = server.core.decide_device(caller, shown, Decision::Approve(Approval::default())).await;
    approved.unwrap().unwrap()
}

/// A browser session of a person of the estate.
async fn session(server: &TestServer, who: &str) -> String {
    let person = server.estate.people.iter().find(|person| person.username == who).unwrap();
    let begun = server.core.sign_in_browser(who, &person.password, (Origin::default(), None)).await;
    begun.unwrap().credential.id.to_string()
}

async fn every_route_has_its_outcomes(server: &TestServer) {
    let rows = rows();
    for (method, path) in served() {
        let covered = rows.iter().any(|row| row.method == method && row.route() == path);
        assert!(covered, "the matrix has no row for {method} {path}: add one");
    }
    let (_, member) = person(server, "mia", BuiltinRole::OrganizationMember).await;
    let (sue, suspended) = person(server, "sue", BuiltinRole::OrganizationOwner).await;
    let root = server.core.authenticate(server.token("root")).await.unwrap();
    server.core.set_suspended(&root, sue, true).await.unwrap();
    let callers = [
        ("none", None),
        ("bad", Some("tny_pat_0000")),
        ("nobody", Some(server.token("kit"))),
        ("member", Some(member.as_str())),
        ("viewer", Some(server.token("cleo"))),
        ("editor", Some(server.token("ben"))),
        ("admin", Some(server.token("oscar"))),
        ("suspended", Some(suspended.as_str())),
        ("service", Some(server.token("northwind-ci"))),
        ("stranger", Some(server.token("dan"))),
        ("owner", Some(server.token("ada"))),
        ("server", Some(server.token("root"))),
    ];
    let (northwind, southgate) = (server.organization("northwind"), server.organization("southgate"));
    let random = |last: &str| format!("0190b0a0-0000-7000-8000-0000000000{last}");
    let ours = things(server, "ada", "northwind", "cleo").await;
    let dans = things(server, "dan", "southgate", "dan").await;
    let no_things = Ids {
        user: random("0a"),
        role: random("0b"),
        invitation: random("0c"),
        key: random("0d"),
        device: random("0e"),
        authorization: random("0f"),
        session: random("10"),
        account: random("11"),
        account_key: random("12"),
        client: random("13"),
        ..ours.clone()
    };
    let at = |things: &Ids, organization: &str, workspace: &str| Ids {
        organization: organization.to_owned(),
        workspace: workspace.to_owned(),
        ..things.clone()
    };
    // ben edits North Sea; cleo looks at Reservoir Models, the service account at Turbine Forecasts.
    let sea = at(&ours, &northwind, &server.workspace(&northwind, "ada", "North Sea").await);
    let models = at(&ours, &northwind, &server.workspace(&northwind, "ada", "Reservoir Models").await);
    let forecasts = at(&ours, &northwind, &server.workspace(&northwind, "ada", "Turbine Forecasts").await);
    let own = |caller: &str| match caller {
        "viewer" => &models,
        "service" => &forecasts,
        _ => &sea,
    };
    let theirs = server.workspace(&southgate, "dan", "Quarry").await;
    let other = [at(&dans, &southgate, &theirs), at(&dans, &northwind, &theirs)];
    let nobodys = [at(&no_things, &random("01"), &random("02")), at(&no_things, &northwind, &random("03"))];
    let mut reference = Reference::of(&server.url);
    let mut table = String::new();
    for row in &rows {
        writeln!(table, "{} {}", row.method, row.path).unwrap();
        for (caller, token) in callers {
            let mine = ask(server, token, row, own(caller)).await;
            reference.check(row.method, row.path, &mine);
            let mut outcomes = vec![mine.status];
            for (real, random) in other.iter().zip(&nobodys) {
                // dan belongs to southgate and may know what is in it, root runs the server.
                let there = real.organization == southgate || !row.path.contains("{org");
                let knows = there && matches!(caller, "stranger" | "server");
                let mut seen = ask(server, token, row, real).await;
                let unseen = ask(server, token, row, random).await;
                reference.check(row.method, row.path, &seen);
                reference.check(row.method, row.path, &unseen);
                outcomes.push(seen.status);
                // What succeeds did not depend on the id: a route of one's own organization without a workspace in it.
                if !knows && (seen.status >= 400 || unseen.status >= 400) {
                    // The answer may repeat the ids that were asked for, and nothing else of them.
                    seen.text = real.retold(&seen.text, random);
                    assert_eq!(visible(&seen), visible(&unseen), "{caller} {} {}", row.method, row.path);
                }
            }
            assert!(
                outcomes.iter().all(|status| *status < 500),
                "{caller} {} {}: {outcomes:?}",
                row.method,
                row.path
            );
            writeln!(
                table,
                "    {caller:<10} own {} · other organization {} · other's workspace here {}",
                outcomes[0], outcomes[1], outcomes[2]
            )
            .unwrap();
        }
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/matrix.txt");
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(golden, &table).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap();
    let differing = table.lines().zip(expected.lines()).find(|(now, then)| now != then);
    assert!(
        table == expected,
        "the matrix changed, first here: {differing:?}; UPDATE_MATRIX=1 writes it anew"
    );
}
