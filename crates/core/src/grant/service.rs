//! Use cases of grants: who is in an organization or a workspace, and giving and taking roles there.

use std::collections::HashSet;

use super::person::{Person, by_id, holder, known};
use super::{
    HeldRole, Scope, Subject, UserWithRoles, give, inside, require_an_owner, require_not_account_owner,
};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, Needed, OrganizationRef, Place, PlaceScope, View, WorkspaceRef, Writable};
use crate::caller::Caller;
use crate::credential::Secret;
use crate::error::{Error, Kind, Result};
use crate::filter::ListQuery;
use crate::ids::{PrincipalId, RoleId, WorkspaceId};
use crate::invitation::{self, Invitation};
use crate::page::Page;
use crate::permission::{BuiltinRole, Level, Permission};
use crate::principal::{Principal, UserField};
use crate::role::{self, Role};
use crate::settings::AddPeople;
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};
use crate::workspace;

impl Added {
    /// The person with the roles, unless an invitation was made.
    pub fn member(self) -> Option<UserWithRoles> {
        match self {
            Self::Member(user) => Some(user),
            Self::Invited(..) => None,
        }
    }
}

/// How a request names a role.
#[derive(Clone, Debug)]
pub enum RoleName {
    /// A built-in role.
    Builtin(BuiltinRole),
    /// By id.
    Id(RoleId),
    /// A custom role, by title, ignoring case.
    Title(String),
}

/// The roles that a person is to hold directly at a place.
pub type RolesWanted = Vec<RoleName>;

/// What adding a person came to.
#[derive(Clone, Debug)]
pub enum Added {
    /// The person has the roles.
    Member(UserWithRoles),
    /// The person was invited; the secret is shown this once, unless it was mailed.
    Invited(Invitation, Option<Secret>),
}

impl Core {
    /// The people who hold a role in an organization or in a workspace.
    pub async fn list_users(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        query: ListQuery<UserField>,
    ) -> Result<Page<UserWithRoles>> {
        self.store()
            .scan((caller.clone(), place.into(), query), |session, (caller, place, query)| {
                Box::pin(async move {
                    let scope = authz::require_at(session, caller, Needed::READ_USERS, place).await?;
                    session.list_users(&scope, &query.filter, &query.page).await
                })
            })
            .await
    }

    /// One of the people who hold a role in an organization or in a workspace.
    pub async fn get_user(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        user: PrincipalId,
    ) -> Result<UserWithRoles> {
        self.store()
            .point((caller.clone(), place.into(), user), |session, (caller, place, user)| {
                Box::pin(async move {
                    let scope = authz::require_at(session, caller, Needed::READ_USERS, place).await?;
                    session.find_user(&scope, *user).await?.ok_or_else(|| Error::not_found("user"))
                })
            })
            .await
    }

    /// How many people hold a role in each of the workspaces. One whose users the caller could not list fails the call,
    /// as that would.
    pub async fn count_workspace_users(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        workspaces: Vec<WorkspaceId>,
    ) -> Result<Vec<(WorkspaceId, u64)>> {
        self.store()
            .scan(
                (caller.clone(), organization, workspaces),
                |session, (caller, organization, workspaces)| {
                    Box::pin(async move {
                        let scope = authz::enter(session, caller, organization, View::Both).await?;
                        let counts = session.count_workspace_users(&scope, workspaces).await?;
                        let counted: HashSet<_> = counts.iter().map(|(id, _)| *id).collect();
                        let Some(unseen) = workspaces.iter().find(|id| !counted.contains(id)) else {
                            return Ok(counts);
                        };
                        let target = (organization, &WorkspaceRef::Id(*unseen));
                        let needed = Permission::ReadWorkspaceUsers;
                        let which = |missing: Error| match missing.kind {
                            Kind::NotFound => missing.about("workspace", unseen.to_string()),
                            _ => missing,
                        };
                        let scope = authz::require_workspace(session, caller, needed, target, View::Both);
                        workspace::require_live(session, &scope.await.map_err(which)?)
                            .await
                            .map_err(which)?;
                        // It came to be after the others were counted.
                        Err(which(Error::not_found("workspace")))
                    })
                },
            )
            .await
    }

    /// Adds a person to an organization or a workspace with these roles: somebody known there at once, anybody else as
    /// the server's setting `add_people` says.
    pub async fn add_user(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        person: Person,
        roles: RolesWanted,
    ) -> Result<Added> {
        let secret = self.invitation_secret();
        let means = (self.settings().clone(), self.post());
        let data = (self.act(caller), place.into(), person, roles, means, secret);
        self.store()
            .write(data, |session, (act, place, person, wanted, (settings, post), secret)| {
                Box::pin(async move {
                    // Accounts are locked before organizations, always (decision 002).
                    let accounts = match person {
                        Person::Email { display_name: Some(_), .. }
                            if settings.add_people == AddPeople::Provision =>
                        {
                            Some(authz::server_change(session, &act.caller).await?)
                        }
                        Person::Email { .. } | Person::Id(_) => None,
                    };
                    let scope =
                        authz::require_change_at(session, &act.caller, Needed::MANAGE_USERS, place).await?;
                    let roles = resolve(session, &scope, wanted).await?;
                    let (principal, email) = match person {
                        Person::Id(id) => {
                            let person = by_id(session, act, &scope, *id).await?;
                            workspace::require_no_server(session, &scope, &person).await?;
                            (Some(person), None)
                        }
                        Person::Email { email, display_name } => {
                            let email = text::email("user.email", email)?;
                            let newcomer = accounts.as_ref().zip(display_name.as_deref());
                            let found = known(session, act, &scope, &email, newcomer, settings).await?;
                            (found, Some(email))
                        }
                    };
                    let Some(principal) = principal else {
                        let email = email.unwrap_or_default();
                        let offer = invitation::Offer { email, roles, secret };
                        let made = invitation::make(session, act, &scope, &offer, (settings, post)).await?;
                        return Ok(Added::Invited(made.0, made.1));
                    };
                    let held =
                        session.grants_of(&scope, &Subject::Principal(principal.id), &scope.at()).await?;
                    if !held.is_empty() {
                        let named = email.unwrap_or_else(|| principal.id.to_string());
                        return Err(Error::member_exists(named));
                    }
                    set_roles(session, act, &scope, principal, roles, Verb::Add).await.map(Added::Member)
                })
            })
            .await
    }

    /// Replaces the roles that a person holds directly in an organization or a workspace.
    pub async fn update_user(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        user: PrincipalId,
        roles: RolesWanted,
        expected_version: Option<Versions>,
    ) -> Result<UserWithRoles> {
        let data = (self.act(caller), place.into(), user, roles, expected_version);
        self.store()
            .write(data, |session, (act, place, user, wanted, expected)| {
                Box::pin(async move {
                    let scope =
                        authz::require_change_at(session, &act.caller, Needed::MANAGE_USERS, place).await?;
                    let roles = resolve(session, &scope, wanted).await?;
                    let principal = holder(session, &scope, *user).await?;
                    workspace::require_no_server(session, &scope, &principal).await?;
                    require_version(session, &scope, *user, expected.as_ref()).await?;
                    set_roles(session, act, &scope, principal, roles, Verb::Update).await
                })
            })
            .await
    }

    /// Takes from a person every role held directly in a workspace.
    pub async fn remove_workspace_user(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        user: PrincipalId,
        expected_version: Option<Versions>,
    ) -> Result<()> {
        let data = (self.act(caller), Place::from(target), user, expected_version);
        self.store()
            .write(data, |session, (act, place, user, expected)| {
                Box::pin(async move {
                    let scope =
                        authz::require_change_at(session, &act.caller, Needed::MANAGE_USERS, place).await?;
                    let principal = holder(session, &scope, *user).await?;
                    require_version(session, &scope, *user, expected.as_ref()).await?;
                    set_roles(session, act, &scope, principal, Vec::new(), Verb::Remove).await.map(drop)
                })
            })
            .await
    }

    /// Gives a user a role in an organization; one who has an account becomes a member.
    pub async fn add_organization_user(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        user: PrincipalId,
        role: BuiltinRole,
    ) -> Result<()> {
        self.store()
            .write(
                (self.act(caller), organization, user, role),
                |session, (act, organization, user, role)| {
                    Box::pin(async move {
                        let needed = Permission::ManageOrganizationUsers;
                        let scope =
                            authz::require_change(session, &act.caller, needed, organization, View::Both)
                                .await?;
                        authz::require_to_hold(scope.permissions(), role.permissions())?;
                        let server = authz::server(session, &act.caller).await?;
                        // By id, an account outside the organization is known only to who runs the server.
                        let account = session.find_account(&server, *user).await?;
                        if !account.is_some_and(|account| account.is_active_user()) {
                            return Err(Error::invalid(
                                "user",
                                "unknown",
                                "expected the id of an active user",
                            ));
                        }
                        let role = role::builtin(session, &scope, *role).await?;
                        give(session, act, &scope, Subject::Principal(*user), &role, Scope::Organization)
                            .await?;
                        let targets = vec![Target::new("principal", user.as_uuid())];
                        act.record(session, scope.organization(), "organization_user.add", targets).await
                    })
                },
            )
            .await
    }
}

/// The wanted roles, none of which may hold more than the caller does at the place.
pub(crate) async fn resolve(
    session: &dyn Session,
    scope: &PlaceScope,
    wanted: &[RoleName],
) -> Result<Vec<Role>> {
    let mut roles: Vec<Role> = Vec::with_capacity(wanted.len());
    for name in wanted {
        let role = called(session, scope, name)
            .await?
            .filter(|role| role.fits(scope))
            .ok_or_else(|| Error::invalid("roles", "unknown", "expected roles that can be granted here"))?;
        role::require_to_hold(session, scope, None, &role).await?;
        if !roles.iter().any(|known| known.id == role.id) {
            roles.push(role);
        }
    }
    if roles.is_empty() {
        return Err(Error::invalid("roles", "missing", "expected at least one role"));
    }
    Ok(roles)
}

/// The role that is called so at the place, whether or not it can be given there.
pub(super) async fn called(
    session: &dyn Session,
    scope: &PlaceScope,
    name: &RoleName,
) -> Result<Option<Role>> {
    match name {
        RoleName::Builtin(builtin) => session.find_builtin_role(scope, *builtin).await,
        RoleName::Id(id) => session.find_role(scope, *id).await,
        RoleName::Title(title) => session.find_custom_role(scope, &text::fold(title)).await,
    }
}

/// Refuses a change of somebody whom the client has seen with other roles.
pub(super) async fn require_version(
    session: &dyn Session,
    scope: &PlaceScope,
    user: PrincipalId,
    expected: Option<&Versions>,
) -> Result<()> {
    if expected.is_none() {
        return Ok(());
    }
    let held = session.find_user(scope, user).await?.ok_or_else(|| Error::not_found("user"))?;
    version::require(Seen::Membership, held.version(), expected)
}

/// What is done to somebody's roles, for the audit trail.
#[derive(Clone, Copy)]
enum Verb {
    Add,
    Update,
    Remove,
}

impl Verb {
    const fn action(self, level: Level) -> &'static str {
        match (self, level) {
            (Self::Add, Level::Workspace) => "workspace_user.add",
            (Self::Update, Level::Workspace) => "workspace_user.update",
            (Self::Remove, Level::Workspace) => "workspace_user.remove",
            (Self::Add, _) => "organization_user.add",
            (Self::Update, _) => "organization_user.update",
            (Self::Remove, _) => "organization_user.remove",
        }
    }
}

/// Makes `roles` the ones that the principal holds directly at the place. What goes may not exceed the caller's own.
async fn set_roles(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    user: Principal,
    roles: Vec<Role>,
    verb: Verb,
) -> Result<UserWithRoles> {
    let organization = scope.organization_scope();
    let at = scope.at();
    let subject = Subject::Principal(user.id);
    let mut owner_goes = false;
    for grant in session.grants_of(scope, &subject, &at).await? {
        if roles.iter().any(|role| role.id == grant.role) {
            continue;
        }
        let role = session.find_role(scope, grant.role).await?;
        let builtin = role.as_ref().and_then(|role| role.builtin);
        owner_goes |= matches!(builtin, Some(BuiltinRole::WorkspaceOwner | BuiltinRole::OrganizationOwner));
        if let Some(role) = role {
            role::require_to_hold(session, scope, None, &role).await?;
            workspace::require_to_leave_server(user.id, &role)?;
        }
        session.delete_grant(&organization, &grant).await?;
    }
    if roles.is_empty() {
        inside::end(session, scope, &subject).await?;
    }
    for role in &roles {
        give(session, act, &organization, subject, role, at).await?;
    }
    if owner_goes {
        require_an_owner(session, &organization, at).await?;
        if scope.workspace().is_none() {
            require_not_account_owner(session, &organization, user.id).await?;
        }
    }
    let place = scope.workspace().map(|id| Target::new("workspace", id.as_uuid()));
    let targets = place.into_iter().chain([Target::new("principal", user.id.as_uuid())]).collect();
    act.record(session, scope.organization(), verb.action(scope.level()), targets).await?;
    // As everybody reads it, so that the answer to a change has the version of the next. A service account is read nowhere
    // among the users.
    if let Some(found) = session.find_user(scope, user.id).await? {
        return Ok(found);
    }
    let held =
        |role: Role| HeldRole { id: role.id, level: role.level, builtin: role.builtin, title: role.title };
    let roles = roles.into_iter().map(held).collect();
    Ok(UserWithRoles { organization: scope.organization(), user, roles })
}
