//! Use cases of accounts.

use super::{DISPLAY_NAME_MAX, Principal, account};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, View};
use crate::caller::Caller;
use crate::credential::{self, Issued, Secret, TokenKind};
use crate::error::{Error, Kind, Result};
use crate::grant::{self, RoleName, Subject};
use crate::ids::{CredentialId, OrganizationId, PrincipalId};
use crate::permission::{BuiltinRole, Permission};
use crate::role::Role;
use crate::service_account;
use crate::store::Session;
use crate::text;

/// What a new user is made of.
#[derive(Clone, Default)]
pub struct NewUser {
    /// The sign-in name; the e-mail address if absent.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: String,
    /// What people call the user.
    pub display_name: Option<String>,
    /// A password, 8 to 1,024 bytes.
    pub password: Option<String>,
    /// Whether the person has to choose another password at the first sign-in on the pages.
    pub password_expires: bool,
    /// Whether the user is to run the server.
    pub administrator: bool,
}

/// What a new service account is made of.
#[derive(Clone, Debug)]
pub struct NewServiceAccount {
    /// Its name, unique in the organization.
    pub name: String,
    /// What people call it, if it is to be called otherwise.
    pub display_name: Option<String>,
    /// What is said of it.
    pub description: Option<String>,
    /// Its role in the organization.
    pub role: RoleName,
}

impl NewServiceAccount {
    /// One with nothing but a name and a built-in role.
    pub fn new(name: impl Into<String>, role: BuiltinRole) -> Self {
        let (name, role) = (name.into(), RoleName::Builtin(role));
        Self { name, display_name: None, description: None, role }
    }
}

/// A service account just made, with the secrets that are shown this once.
#[derive(Clone, Debug)]
pub struct MadeServiceAccount {
    /// The account.
    pub account: Principal,
    /// An API key.
    pub api_key: Issued,
    /// An OAuth client; its id is the credential's.
    pub client: Issued,
}

impl Core {
    /// Makes the first administrator of a server that has none, with a personal access token.
    pub async fn initialize_server(&self, new: NewUser) -> Result<(Principal, Issued)> {
        let secret = Secret::random(TokenKind::PersonalAccess, self.entropy());
        let seconds = self.settings().token_seconds;
        let hash = self.password_hash(&new).await?;
        let id = PrincipalId::generate(&*self.ids);
        let caller = self.newcomer(id);
        self.store()
            .write((self.act(&caller), new, hash, (secret, seconds)), |session, (act, new, hash, token)| {
                Box::pin(async move {
                    let id = act.caller.principal;
                    let scope = authz::server_to_initialize(session, id).await?;
                    if session.has_administrator(&scope).await? {
                        return Err(Error::new(
                            Kind::AlreadyExists,
                            "server.initialized",
                            "this server has an administrator already",
                        ));
                    }
                    let user = insert_user(session, act, &scope, (id, new, hash.as_deref())).await?;
                    let server = authz::scope_of_new_organization(&scope, OrganizationId::SERVER);
                    let administrator =
                        Role::builtin(BuiltinRole::ServerAdministrator, OrganizationId::SERVER, act);
                    session.insert_role(&server, &administrator).await?;
                    let subject = Subject::Principal(id);
                    grant::give(session, act, &server, subject, &administrator, grant::Scope::Server).await?;
                    let token =
                        credential::issue_personal(session, act, id, "initial token", (&token.0, token.1))
                            .await?;
                    let targets = vec![Target::new("principal", id.as_uuid())];
                    act.record(session, OrganizationId::SERVER, "server.initialize", targets).await?;
                    Ok((user, token))
                })
            })
            .await
    }

    /// Makes a user with a personal access token. Needs the right to run the server.
    pub async fn create_user(&self, caller: &Caller, new: NewUser) -> Result<(Principal, Issued)> {
        let secret = Secret::random(TokenKind::PersonalAccess, self.entropy());
        let seconds = self.settings().token_seconds;
        let hash = self.password_hash(&new).await?;
        self.store()
            .write((self.act(caller), new, hash, (secret, seconds)), |session, (act, new, hash, token)| {
                Box::pin(async move {
                    let scope = authz::server_change(session, &act.caller).await?;
                    authz::require_server(&scope, Permission::ManageServer)?;
                    let id = PrincipalId::generate(&*act.ids);
                    let user = insert_user(session, act, &scope, (id, new, hash.as_deref())).await?;
                    if new.password_expires && hash.is_some() {
                        let mut made = account::find(session, &scope, id).await?;
                        made.password_expired = true;
                        session.update_account(&scope, &made).await?;
                    }
                    if new.administrator {
                        account::set_administrator(session, act, &scope, id, true).await?;
                    }
                    let token =
                        credential::issue_personal(session, act, id, "first token", (&token.0, token.1))
                            .await?;
                    let targets = vec![Target::new("principal", id.as_uuid())];
                    act.record(session, OrganizationId::SERVER, "user.create", targets).await?;
                    Ok((user, token))
                })
            })
            .await
    }

    /// Whoever gets the account of this id in what is done here.
    pub(crate) fn newcomer(&self, id: PrincipalId) -> Caller {
        Caller {
            principal: id,
            is_service_account: false,
            credential: CredentialId::generate(&*self.ids),
            narrowing: crate::caller::Narrowing::default(),
            auth_version: 1,
            request_id: None,
            source: None,
        }
    }

    /// The hash of the password, if there is one.
    pub(crate) async fn password_hash(&self, new: &NewUser) -> Result<Option<String>> {
        let Some(password) = &new.password else { return Ok(None) };
        let own = [Some(&new.email), new.username.as_ref(), new.display_name.as_ref()];
        let own: Vec<&str> = own.into_iter().flatten().map(String::as_str).collect();
        self.hash_password("password", password, &own).await.map(Some)
    }

    /// Makes a service account with an API key and an OAuth client.
    pub async fn create_service_account(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        new: NewServiceAccount,
    ) -> Result<MadeServiceAccount> {
        let key = Secret::random(TokenKind::ServiceAccountKey, self.entropy());
        let client = Secret::random(TokenKind::ClientSecret, self.entropy());
        let seconds = self.settings().service_key_seconds;
        self.store()
            .write(
                (self.act(caller), organization, new, (key, client), seconds),
                |session, (act, organization, new, (key, client), seconds)| {
                    Box::pin(async move {
                        let needed = Permission::ManageServiceAccounts;
                        let scope =
                            authz::require_change(session, &act.caller, needed, organization, View::Both)
                                .await?;
                        let account = service_account::insert(session, act, &scope, new).await?.principal;
                        let issue = async |title: &'static str, secret: &Secret| {
                            let secret = (secret, *seconds);
                            credential::issue_to_account(session, act, &scope, &account, title, secret).await
                        };
                        let api_key = issue("API key", key).await?;
                        let client = issue("OAuth client", client).await?;
                        let targets = vec![Target::new("principal", account.id.as_uuid())];
                        act.record(session, scope.organization(), "service_account.create", targets).await?;
                        Ok(MadeServiceAccount { account, api_key, client })
                    })
                },
            )
            .await
    }
}

/// By what a user is found, which nobody else may be.
pub(super) struct Names {
    pub(super) email: String,
    pub(super) username: String,
}

impl Names {
    /// A sign-in name that looks like an address is its owner's own: under it others would find somebody else than they
    /// mean.
    pub(super) fn checked(email: &str, username: &str) -> Result<Self> {
        let email = text::email("email", email)?;
        let username = text::username("username", username)?;
        if username.contains('@') && text::fold(&username) != text::fold(&email) {
            let expected = "expected a name without @, or the e-mail address";
            return Err(Error::invalid("username", "address", expected));
        }
        Ok(Self { email, username })
    }
}

/// Refuses names that somebody else has.
pub(super) async fn require_free(
    session: &dyn Session,
    scope: &authz::ServerScope,
    names: &Names,
    own: Option<PrincipalId>,
) -> Result<()> {
    for name in [&names.email, &names.username] {
        let found = session.user_called(scope, &text::fold(name)).await?;
        if found.is_some_and(|user| own != Some(user.id)) {
            return Err(Error::new(
                Kind::AlreadyExists,
                "user.name_taken",
                "there is a user of this name or e-mail address",
            ));
        }
    }
    Ok(())
}

/// Makes a user of free names.
pub(crate) async fn insert_user(
    session: &dyn Session,
    act: &Act,
    scope: &authz::Writable<authz::ServerScope>,
    (id, new, password_hash): (PrincipalId, &NewUser, Option<&str>),
) -> Result<Principal> {
    let names = Names::checked(&new.email, new.username.as_deref().unwrap_or(&new.email))?;
    require_free(session, scope, &names, None).await?;
    let Names { email, username } = names;
    let display_name = new
        .display_name
        .as_deref()
        .map(|name| text::name("display_name", name, DISPLAY_NAME_MAX))
        .transpose()?;
    let user = Principal {
        id,
        organization: None,
        username,
        email: Some(email),
        display_name,
        suspended_at: None,
        auth_version: 1,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
    };
    session.insert_user(scope, &user, password_hash).await?;
    Ok(user)
}
