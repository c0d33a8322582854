//! What is measured: each path with the requests that stand for it and what it is held against.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::client::{Connection, Request};
use super::estate::{Estate, Organization};

/// Rows of a page.
const ROWS: u64 = 20;
/// Organizations of each size that the requests of a path rotate over.
const ROTATED: usize = 8;
/// Clients of the creates each have an organization of their own, since changes of one organization wait for each other.
const CREATORS: usize = 32;
/// Clients who sign in by password, each with an account of its own.
const SIGNING_IN: u32 = 8;

/// A path under measurement.
pub(super) struct Path {
    pub(super) name: &'static str,
    pub(super) requests: Arc<[Request]>,
    pub(super) against: Against,
}

/// Connections that ask at once.
const CLIENTS: usize = 32;
/// Paths that read everybody: some tenths of a second each, so that many clients would wait longer for a connection to
/// the database than the server lets them.
const SEARCHES: &[&str] = &["aip-users-by-rare-role", "aip-users-by-name", "aip-count-users-1000"];
/// The path that many more ask at once: reads that requests share are shared by more of them.
const CROWDED: &str = "token-check-crowded";

impl Path {
    /// How many clients ask at once.
    pub(super) fn clients(&self) -> usize {
        match self.name {
            CROWDED => 4 * CLIENTS,
            name if SEARCHES.contains(&name) => 4,
            _ => CLIENTS,
        }
    }

    /// Whether its requests change what is in the database.
    pub(super) const fn changes(&self) -> bool {
        matches!(self.against, Against::OneClient | Against::NoSignIns(_))
    }
}

/// What the figures of a path are compared with, in slices that take turns with its own.
#[derive(Clone)]
pub(super) enum Against {
    /// Static answers of the same bytes, from the same server.
    Static(Arc<[Request]>),
    /// The same requests from one client alone.
    OneClient,
    /// The same requests while nobody signs in. Beside the path's own, one client signs in by each of these all the time.
    NoSignIns(Arc<[Request]>),
}

/// Asks for everything that the paths need to know: page tokens, ids, and the bytes of the answers.
pub(super) struct Scout<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) address: SocketAddr,
    /// Where the answers go that are to be repeated without work.
    pub(super) static_answers: &'a std::path::Path,
}

impl Scout<'_> {
    /// The paths over many organizations whose names have a part of `filter` in them, which has commas between its parts.
    pub(super) fn of_many(&self, estate: &Estate, filter: &str) -> Result<Vec<Path>> {
        let mut found = Found { scout: self, filter, paths: Vec::new() };
        let (big, small) = (first(&estate.big, ROTATED), first(&estate.small, ROTATED));
        found.add("aip-list-small", || Ok(as_owners(small, aip_list)))?;
        found.add("aip-list-big", || Ok(as_owners(big, aip_list)))?;
        found.add("aip-list-big-deep", || self.deep(big))?;
        found.add("aip-list-big-member", || Ok(as_members(big, aip_list)))?;
        found.add("aip-list-small-deep", || self.deep(small))?;
        found.add("evo-list-big", || Ok(as_owners(big, |of| evo_list(of, 0))))?;
        found.add("evo-list-big-deep", || Ok(as_owners(big, |of| evo_list(of, deep_page(of)))))?;
        found.add("evo-list-small", || Ok(as_owners(small, |of| evo_list(of, 0))))?;
        found.add("dreadnode-list-big", || Ok(as_owners(big, |of| dreadnode_list(of, 0))))?;
        found
            .add("dreadnode-list-big-deep", || Ok(as_owners(big, |of| dreadnode_list(of, deep_page(of)))))?;
        found.add("dreadnode-list-small", || Ok(as_owners(small, |of| dreadnode_list(of, 0))))?;
        found.add("zenml-list-big", || Ok(as_owners(big, |of| zenml_list(of, 0))))?;
        found.add("zenml-list-big-deep", || Ok(as_owners(big, |of| zenml_list(of, deep_page(of)))))?;
        found.add("zenml-list-small", || Ok(as_owners(small, |of| zenml_list(of, 0))))?;
        found.add("aip-get", || self.in_workspaces([big, small], "", None))?;
        found.add("aip-test-permissions", || {
            let asked = r#"{"permissions": ["read:Workspace", "update:Workspace", "delete:Workspace"]}"#;
            self.in_workspaces([big, small], ":testPermissions", Some(asked))
        })?;
        let token_check = || Ok([big, small].into_iter().flat_map(check_tokens).collect());
        found.add("token-check", token_check)?;
        found.add(CROWDED, token_check)?;
        found.add_beside_sign_ins("static-beside-sign-ins", &estate.administrator, token_check)?;
        let inside = big.first().or(small.first()).context("an estate without an organization")?;
        for (name, resources, shared) in [
            ("zenml-check-1", Some(1), false),
            ("zenml-check-50", Some(50), false),
            ("zenml-check-500", Some(500), false),
            ("zenml-check-shared-50", Some(50), true),
            ("zenml-allowed-ids", None, false),
            ("zenml-allowed-ids-shared", None, true),
        ] {
            found.add(name, || self.asked_by_server(name, inside, resources, shared))?;
        }
        // The number makes a UUID of each, and a title that is free.
        let once = "?request_id=00000000-0000-4000-8000-00{number}";
        for (name, parameters, title) in [("aip-create", "", "Bench"), ("aip-create-once", once, "Once")] {
            let requests = first(&estate.small, CREATORS).iter().filter_map(|of| {
                let path = format!("/api/v1/organizations/{}/workspaces{parameters}", of.id);
                let body = format!(r#"{{"title": "{title} {{number}}"}}"#);
                Some(Request::new(&path, of.members.first()?, Some(&body)))
            });
            found.add_against_one_client(name, requests);
        }
        Ok(found.paths)
    }

    /// The paths over one organization of many people.
    pub(super) fn of_one(&self, estate: &Estate, filter: &str) -> Result<Vec<Path>> {
        let mut found = Found { scout: self, filter, paths: Vec::new() };
        let of = estate.big.first().or(estate.small.first()).context("an estate without an organization")?;
        let users = |filter: &str| {
            let path = format!("/api/v1/organizations/{}/users?page_size={ROWS}&filter={filter}", of.id);
            Ok(vec![Request::new(&path, &of.owner, None)])
        };
        found.add("aip-users", || users(""))?;
        found.add("aip-users-by-role", || users("role=member"))?;
        found.add("aip-users-by-rare-role", || users("role=%22Account%20Owner%22"))?;
        found.add("aip-users-by-name", || users("search:%22user%200%20999%22"))?;
        found.add("aip-users-by-role-and-name", || users("role=member%20AND%20search:%22999%22"))?;
        found.add("aip-count-users-1000", || {
            let path = format!("/api/v1/organizations/{}/workspaces:countUsers", of.id);
            let ids = self.workspace_ids(of)?;
            let body = serde_json::json!({ "workspace_ids": ids }).to_string();
            Ok(vec![Request::new(&path, &of.owner, Some(&body))])
        })?;
        Ok(found.paths)
    }

    /// The ids of the organization's first workspaces, at most a thousand.
    fn workspace_ids(&self, of: &Organization) -> Result<Vec<String>> {
        let path = format!("/api/v1/organizations/{}/workspaces?page_size=1000", of.id);
        let page = self.ask_json(&Request::new(&path, &of.owner, None))?;
        let ids = page["workspaces"].as_array().context("a list without workspaces")?.iter();
        Ok(ids.filter_map(|row| Some(row["name"].as_str()?.rsplit_once('/')?.1.to_owned())).collect())
    }

    /// Keeps what each request is answered with, and makes requests for the same bytes.
    fn repeat(&self, name: &str, requests: &[Request]) -> Result<Arc<[Request]>> {
        let mut repeated = Vec::new();
        for (number, request) in requests.iter().enumerate() {
            let name = format!("{name}-{number}");
            std::fs::write(self.static_answers.join(&name), self.ask(request)?)?;
            // The credential is not looked at; it makes the requests of one size.
            let token = "t".repeat(50);
            repeated.push(Request::new(&format!("/static-answers/{name}"), &token, None));
        }
        Ok(repeated.into())
    }

    /// The last page but one of each owner's list, reached by its page tokens.
    fn deep(&self, organizations: &[Organization]) -> Result<Vec<Request>> {
        let walk = |of: &Organization| {
            let mut path = aip_list(of);
            for _ in 0..deep_page(of) {
                let page = self.ask_json(&Request::new(&path, &of.owner, None))?;
                let token = page["next_page_token"].as_str().filter(|token| !token.is_empty());
                path = format!("{}&page_token={}", aip_list(of), token.context("a list ends too soon")?);
            }
            Ok(Request::new(&path, &of.owner, None))
        };
        organizations.iter().map(walk).collect()
    }

    /// A request to each of the workspaces that members of the organizations see.
    fn in_workspaces(
        &self,
        groups: [&[Organization]; 2],
        method: &str,
        body: Option<&str>,
    ) -> Result<Vec<Request>> {
        let mut requests = Vec::new();
        for of in groups.into_iter().flatten() {
            for token in &of.members {
                let list = self.ask_json(&Request::new(&aip_list(of), token, None))?;
                for workspace in list["workspaces"].as_array().context("a list without workspaces")? {
                    let name = workspace["name"].as_str().context("a workspace without a name")?;
                    requests.push(Request::new(&format!("/api/v1/{name}{method}"), token, body));
                }
            }
        }
        Ok(requests)
    }

    /// What the server of a new workspace asks about a viewer: which of so many resources may be changed, or of all.
    /// No role allows it. Where a resource is shared with the viewer, what is shared is looked through.
    fn asked_by_server(
        &self,
        name: &str,
        of: &Organization,
        resources: Option<usize>,
        shared: bool,
    ) -> Result<Vec<Request>> {
        let new = serde_json::json!({ "name": name, "organization_id": of.id }).to_string();
        let made = self.ask_json(&Request::new("/workspaces?enroll=True", &of.owner, Some(&new)))?;
        let (workspace, key) = (text(&made, "id")?, text(&made, "enrollment_key")?);
        let member = of.members.first().context("an organization without members")?;
        let user = text(&self.ask_json(&Request::new("/users/me", member, None))?, "id")?;
        let viewer = format!("/workspaces/{workspace}/members?user_id={user}");
        self.ask(&Request::new(&viewer, &of.owner, Some("")))?;
        let form = format!("client_id={workspace}&client_secret={key}");
        let token = text(&self.ask_json(&Request::form("/auth/login", &form))?, "access_token")?;
        let asked = format!("user_id={user}&action=update");
        let stack = |number| format!("stack/00000000-0000-4000-8000-{number:012x}");
        if shared {
            let owner = text(&self.ask_json(&Request::new("/users/me", &of.owner, None))?, "id")?;
            let share = serde_json::json!({
                "user_id": user, "sharing_user_id": owner, "resource": stack(1_000_000), "actions": ["update"]
            });
            self.ask(&Request::new("/rbac/resource_members", &token, Some(&share.to_string())))?;
        }
        let request = resources.map_or_else(
            || {
                let path = format!("/rbac/allowed_resource_ids?{asked}&resource=stack");
                Request::new(&path, &token, None)
            },
            |count| {
                let body: Value = (0..count).map(stack).collect();
                let path = format!("/rbac/check_permissions?{asked}");
                Request::new(&path, &token, Some(&body.to_string()))
            },
        );
        Ok(vec![request])
    }

    /// Makes accounts, sets their passwords as people do, and makes a request for each that signs in. The passwords are
    /// right, so that nothing is counted against anybody and no throttle keeps the sign-ins away.
    fn sign_ins(&self, administrator: &str) -> Result<Arc<[Request]>> {
        let (browser, password) = ("bench", "correct-horse-battery");
        let page = String::from_utf8(self.ask(&Request::of_browser("/login", browser, None))?)?;
        let token =
            page.split_once("name=\"form_token\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (token, _) = token.context("a page without a form")?;
        let each = (0..SIGNING_IN).map(|number| {
            let email = format!("sign-in-{number}@example.org");
            let new = serde_json::json!({ "email": email }).to_string();
            let made = self.ask_json(&Request::new("/api/v1/users", administrator, Some(&new)))?;
            let send = format!("/api/v1/{}:sendActivation", text(&made, "name")?);
            let link = text(&self.ask_json(&Request::new(&send, administrator, Some("")))?, "link")?;
            let (_, secret) = link.split_once("secret=").context("a link without a secret")?;
            let form = format!("form_token={token}&secret={secret}&password={password}");
            self.ask(&Request::of_browser("/login/activate", browser, Some(&form)))?;
            let form = format!("grant_type=password&username={email}&password={password}");
            Ok(Request::form("/auth/login", &form))
        });
        each.collect()
    }

    fn ask(&self, request: &Request) -> Result<Vec<u8>> {
        self.runtime
            .block_on(async { Connection::open(self.address).await?.ask(request).await.map(<[u8]>::to_vec) })
    }

    fn ask_json(&self, request: &Request) -> Result<Value> {
        serde_json::from_slice(&self.ask(request)?).context("an answer is not JSON")
    }
}

fn text(value: &Value, member: &str) -> Result<String> {
    value[member].as_str().map(str::to_owned).with_context(|| format!("an answer without {member}"))
}

/// The paths that were asked for, so far.
struct Found<'a> {
    scout: &'a Scout<'a>,
    filter: &'a str,
    paths: Vec<Path>,
}

impl Found<'_> {
    fn wants(&self, name: &str) -> bool {
        self.filter.split(',').any(|part| name.contains(part))
    }

    fn add(&mut self, name: &'static str, make: impl FnOnce() -> Result<Vec<Request>>) -> Result<()> {
        if self.wants(name) {
            let requests = make()?;
            let against = Against::Static(self.scout.repeat(name, &requests)?);
            self.paths.push(Path { name, requests: requests.into(), against });
        }
        Ok(())
    }

    /// Adds the static answers of the bytes that the requests are answered with.
    fn add_beside_sign_ins(
        &mut self,
        name: &'static str,
        administrator: &str,
        make: impl FnOnce() -> Result<Vec<Request>>,
    ) -> Result<()> {
        if self.wants(name) {
            let requests = self.scout.repeat(name, &make()?)?;
            let against = Against::NoSignIns(self.scout.sign_ins(administrator)?);
            self.paths.push(Path { name, requests, against });
        }
        Ok(())
    }

    fn add_against_one_client(&mut self, name: &'static str, requests: impl Iterator<Item = Request>) {
        if self.wants(name) {
            self.paths.push(Path { name, requests: requests.collect(), against: Against::OneClient });
        }
    }
}

fn first(organizations: &[Organization], count: usize) -> &[Organization] {
    &organizations[..count.min(organizations.len())]
}

/// The number, from 0, of the last page that is surely full and not the last.
fn deep_page(of: &Organization) -> u64 {
    (of.workspaces / ROWS).saturating_sub(2)
}

fn as_owners(organizations: &[Organization], path: impl Fn(&Organization) -> String) -> Vec<Request> {
    organizations.iter().map(|of| Request::new(&path(of), &of.owner, None)).collect()
}

fn as_members(organizations: &[Organization], path: impl Fn(&Organization) -> String) -> Vec<Request> {
    let all = organizations.iter().flat_map(|of| of.members.iter().map(move |token| (of, token)));
    all.map(|(of, token)| Request::new(&path(of), token, None)).collect()
}

/// What costs no more than to find out whose token it is: nothing is read for the answer.
fn check_tokens(organizations: &[Organization]) -> Vec<Request> {
    let tokens = organizations.iter().flat_map(|of| of.members.iter().chain([&of.owner]));
    tokens.map(|token| Request::new("/server/info", token, None)).collect()
}

fn aip_list(of: &Organization) -> String {
    format!("/api/v1/organizations/{}/workspaces?page_size={ROWS}", of.id)
}

fn evo_list(of: &Organization, page: u64) -> String {
    format!("/workspace/orgs/{}/workspaces?limit={ROWS}&offset={}", of.id, page * ROWS)
}

fn dreadnode_list(of: &Organization, page: u64) -> String {
    format!("/api/v1/org/{}/ws?page_size={ROWS}&page={}", of.id, page + 1)
}

fn zenml_list(of: &Organization, page: u64) -> String {
    format!("/organizations/{}/tenants?limit={ROWS}&offset={}", of.id, page * ROWS)
}
