//! What an organization has that a request can name.

use tenantry_core::Shower;
use tenantry_core::authz::OrganizationRef;
use tenantry_core::browser::Origin;
use tenantry_core::caller::Caller;
use tenantry_core::credential::{Access, NewApiKey};
use tenantry_core::device::{Approval, Decision, Device, DeviceRequest};
use tenantry_core::grant::{RoleName, Subject};
use tenantry_core::ids::PrincipalId;
use tenantry_core::issuer::{ClientSecret, IssuerChange, IssuerOf, NewIssuer};
use tenantry_core::oauth::{ProvenClient, Scopes};
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::{NewServiceAccount, NewUser};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;
use tenantry_core::team::{NewTeam, TeamMemberId};
use tenantry_core::workspace::NewWorkspace;

use crate::harness::TestServer;

/// The ids that a request names.
#[derive(Clone)]
pub(crate) struct Ids {
    pub(super) organization: String,
    pub(crate) workspace: String,
    pub(super) user: String,
    pub(super) role: String,
    pub(super) invitation: String,
    pub(super) key: String,
    pub(super) device: String,
    pub(super) authorization: String,
    pub(super) session: String,
    pub(super) account: String,
    pub(super) account_key: String,
    pub(super) client: String,
    pub(super) team: String,
    pub(super) assignment: String,
    pub(super) issuer: String,
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
            .replace("{account}/api_keys/{key}", &format!("{}/api_keys/{}", self.account, self.account_key))
            .replace("{account}/apiKeys/{key}", &format!("{}/apiKeys/{}", self.account, self.account_key))
            .replace("{account}", &self.account)
            .replace("{client}", &self.client)
            .replace("{team}", &self.team)
            .replace("{member}", &self.user)
            .replace("{assignment}", &self.assignment)
            .replace("{issuer}", &self.issuer)
            .replace("{key}", &self.key)
            .replace("{client_id}", &self.key)
            .replace("{api_key_id}", &self.key)
            .replace("{token}", &self.key)
            .replace("{authorization}", &self.authorization)
            .replace("{session}", &self.session)
            .replace("{device}", &self.device)
            .replace("{name}", "matrix")
            .replace("{feature}", "pipeline")
            .replace("{service}", "tenantry")
    }
}

impl Ids {
    /// The text with the other ids in place of these.
    pub(super) fn retold(&self, text: &str, others: &Self) -> String {
        let pairs = self.all().into_iter().zip(others.all());
        pairs.fold(text.to_owned(), |text, (id, other)| text.replace(id, other))
    }

    fn all(&self) -> [&str; 15] {
        let Self { organization, workspace, user, role, invitation, key, .. } = self;
        let Self { device, authorization, session, account, account_key, client, .. } = self;
        let Self { team, assignment, issuer, .. } = self;
        let first = [organization, workspace, user, role, invitation, key];
        let rest = [device, authorization, session, account, account_key, client, team, assignment, issuer];
        std::array::from_fn(|at| if at < 6 { first[at] } else { rest[at - 6] }.as_str())
    }
}

/// A user of northwind with this role in the organization, and a token.
pub(super) async fn person(server: &TestServer, name: &str, role: BuiltinRole) -> (PrincipalId, String) {
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

/// A workspace with a server of its own, and the server's token.
pub(super) async fn machine(server: &TestServer, owner: &str, organization: &str) -> (String, String) {
    let caller = server.core.authenticate(server.token(owner)).await.unwrap();
    let new = NewWorkspace { name: "Forge".to_owned(), ..NewWorkspace::default() };
    let by = OrganizationRef::Name(organization.to_owned());
    let made = server.core.enroll_workspace(&caller, by, new).await.unwrap();
    let workspace = made.detail.seen.workspace.id.to_string();
    let token = server.core.sign_in_client(&workspace, made.key.expose(), Shower::default()).await.unwrap();
    (workspace, token.secret.expose().to_owned())
}

/// What an organization has that can be named: a user, a custom role, a pending invitation, a team that has the user in it
/// and holds a role, an API key.
pub(crate) async fn things(server: &TestServer, owner: &str, organization: &str, user: &str) -> Ids {
    let caller = server.core.authenticate(server.token(owner)).await.unwrap();
    let by = || OrganizationRef::Name(organization.to_owned());
    let new = NewRole {
        id: None,
        level: Level::Organization,
        title: "Matrix".to_owned(),
        description: None,
        permissions: PermissionSet::NONE,
        content: ContentRights::NONE,
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
    let robot = NewServiceAccount::new("matrix", BuiltinRole::OrganizationMember);
    let robot = server.core.create_service_account(&caller, by(), robot).await.unwrap();
    let new = NewTeam { name: "Matrix".to_owned(), description: None };
    let team = server.core.create_team(&caller, by(), new).await.unwrap();
    let member = TeamMemberId::Principal(PrincipalId::parse(&server.principal(user)).unwrap());
    server.core.add_team_member(&caller, (by(), team.id), member).await.unwrap();
    let given = RoleName::Builtin(BuiltinRole::OrganizationViewer);
    let assignment = server.core.assign_role(&caller, by(), given, Subject::Team(team.id)).await.unwrap();
    let issuer = NewIssuer {
        url: format!("https://{organization}.example"),
        rest: IssuerChange {
            title: Some("Matrix".to_owned()),
            client_id: Some("matrix".to_owned()),
            client_secret: Some(ClientSecret("matrix".to_owned().into())),
            ..IssuerChange::default()
        },
    };
    let issuer = server.core.create_issuer(&caller, IssuerOf::Organization(by()), issuer).await.unwrap();
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
        team: team.id.to_string(),
        assignment: assignment.grant.id.to_string(),
        issuer: issuer.id.to_string(),
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
