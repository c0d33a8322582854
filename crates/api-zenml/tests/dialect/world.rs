//! A server of this dialect in the process of the test.

use axum::Router;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use tenantry_core::authz::OrganizationRef;
use tenantry_core::permission::BuiltinRole;
use tenantry_core::principal::{NewServiceAccount, NewUser};
use tenantry_core::settings::Settings;
use tenantry_http::{Limits, Served};
use tenantry_testkit::answer::ask;
use tenantry_testkit::{Member, TestCore};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }

    /// One member of every item of a list.
    #[track_caller]
    pub(crate) fn all(self, member: &str) -> Vec<String> {
        let items = self.ok();
        let texts = items.as_array().expect("a bare array").iter().map(|item| item[member].as_str());
        texts.map(|text| text.unwrap_or("null").to_owned()).collect()
    }

    /// A refusal with this status and detail.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, detail: &Value) {
        assert_eq!((self.status, &self.body["detail"]), (status, detail));
    }
}

/// The dialect over a core of its own, with one administrator, `root`.
pub(crate) struct World {
    pub(crate) core: TestCore,
    pub(crate) admin: Member,
    router: Router,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let core = TestCore::sqlite_with(settings).await;
        let limits = Limits { body_bytes: 4096, ..Limits::default() };
        let served = Served::new(core.shared(), "https://tenantry.example", limits);
        Self { admin: core.root().await, core, router: tenantry_api_zenml::router(served) }
    }

    /// A second goes by, so that what is made next is newer.
    pub(crate) fn tick(&self) {
        self.core.clock().advance_seconds(1);
    }

    /// A user whose password is `secret of ` and the name.
    pub(crate) async fn user(&self, name: &str) -> Member {
        let new = NewUser {
            username: Some(name.to_owned()),
            email: format!("{name}@tenantry.example"),
            password: Some(format!("secret of {name}")),
            ..NewUser::default()
        };
        let (_, token) = self.core.create_user(&self.admin.caller, new).await.unwrap();
        self.core.member(token.secret.expose()).await
    }

    /// A service account of the organization: its API key, and id and secret of its OAuth client.
    pub(crate) async fn robot(&self, owner: &Member, organization: &str) -> (String, String, String) {
        let new = NewServiceAccount::new("robot", BuiltinRole::OrganizationMember);
        let organization = OrganizationRef::parse(organization);
        let made = self.core.create_service_account(&owner.caller, organization, new).await.unwrap();
        let client = made.client.credential.id.to_string();
        (made.api_key.secret.expose().to_owned(), client, made.client.secret.expose().to_owned())
    }

    /// An organization made through the dialect: its id.
    pub(crate) async fn organization(&self, owner: &Member, name: &str) -> String {
        let made = self.json("POST", "/organizations", &owner.token, &json!({ "name": name })).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    /// Exchanges an API key for an access token.
    pub(crate) async fn sign_in_by_key(&self, key: &str) -> Answer {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", "/auth/login", &form, &format!("password={key}")).await
    }

    pub(crate) async fn get(&self, path: &str, who: &Member) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {}", who.token))], "").await
    }

    pub(crate) async fn json(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(method, path, &headers, &body.to_string()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let answer = ask(self.router.clone(), method, path, headers, body).await;
        let body = if answer.body.is_empty() { Value::Null } else { answer.json() };
        Answer { status: answer.status, body, headers: answer.headers }
    }
}
