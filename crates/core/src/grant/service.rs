//! Use cases of grants: who is in a workspace, and giving and taking roles there.

use super::{HeldRole, Scope, Subject, UserWithRoles, give, require_an_owner};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, View, WorkspaceRef, WorkspaceScope, Writable};
use crate::caller::Caller;
use crate::error::{Error, Kind, Result};
use crate::filter::Filter;
use crate::ids::{PrincipalId, RoleId, WorkspaceId};
use crate::invitation;
use crate::page::{Page, PageRequest};
use crate::permission::{BuiltinRole, Level, Permission};
use crate::principal::{Principal, UserField};
use crate::role::{self, Role};
use crate::settings::{AddPeople, Settings};
use crate::store::Session;
use crate::text;
use crate::workspace;

/// Which users of a workspace to list.
#[derive(Clone, Debug)]
pub struct UserQuery {
    /// The condition.
    pub filter: Filter<UserField>,
    /// The page.
    pub page: PageRequest<UserField>,
}

/// How a request names a person.
#[derive(Clone, Debug)]
pub enum Person {
    /// By id.
    Id(PrincipalId),
    /// By e-mail address, with a name for a new account where the server makes one.
    Email {
        /// The address.
        email: String,
        /// What a new account's person is called.
        display_name: Option<String>,
    },
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

/// The roles that a person is to hold directly in a workspace.
pub type RolesWanted = Vec<RoleName>;

impl Core {
    /// The people who hold a role in a workspace.
    pub async fn list_workspace_users(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        query: UserQuery,
    ) -> Result<Page<UserWithRoles>> {
        self.store()
            .scan((caller.clone(), target, query), |session, (caller, (organization, workspace), query)| {
                Box::pin(async move {
                    let target = (organization, workspace);
                    let needed = Permission::ReadWorkspaceUsers;
                    let scope = authz::require_workspace(session, caller, needed, target, View::Both).await?;
                    workspace::require_live(session, &scope).await?;
                    session.list_workspace_users(&scope, &query.filter, &query.page).await
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
                        let Some(unseen) =
                            workspaces.iter().find(|id| !counts.iter().any(|(counted, _)| counted == *id))
                        else {
                            return Ok(counts);
                        };
                        let target = (organization, &WorkspaceRef::Id(*unseen));
                        let needed = Permission::ReadWorkspaceUsers;
                        let scope =
                            authz::require_workspace(session, caller, needed, target, View::Both).await?;
                        workspace::require_live(session, &scope).await?;
                        // It came to be after the others were counted.
                        Err(Error::not_found("workspace"))
                    })
                },
            )
            .await
    }

    /// Adds a person to a workspace with these roles: a member of the organization at once, anybody else as the
    /// server's setting `add_people` says. Answers `None` when an invitation was made.
    pub async fn add_workspace_user(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        person: Person,
        roles: RolesWanted,
    ) -> Result<Option<UserWithRoles>> {
        let secret = self.invitation_secret();
        let data = (self.act(caller), target, person, roles, self.settings().clone(), secret);
        self.store()
            .write(data, |session, (act, (organization, workspace), person, wanted, settings, secret)| {
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
                    let scope = manage(session, act, (organization, workspace)).await?;
                    let roles = resolve(session, &scope, wanted).await?;
                    let (principal, email) = match person {
                        Person::Id(id) => (Some(member(session, &scope, *id).await?), None),
                        Person::Email { email, display_name } => {
                            let email = text::email("user.email", email)?;
                            let newcomer = accounts.as_ref().zip(display_name.as_deref());
                            let found = known(session, act, &scope, &email, newcomer, settings).await?;
                            (found, Some(email))
                        }
                    };
                    let Some(principal) = principal else {
                        let at = Scope::Workspace(scope.workspace());
                        let email = email.unwrap_or_default();
                        let offer = invitation::Offer { email, roles, at, secret };
                        invitation::make(session, act, &scope.organization_scope(), &offer, settings).await?;
                        return Ok(None);
                    };
                    let held = session
                        .grants_of(
                            &scope,
                            &Subject::Principal(principal.id),
                            &Scope::Workspace(scope.workspace()),
                        )
                        .await?;
                    if !held.is_empty() {
                        return Err(Error::new(
                            Kind::AlreadyExists,
                            "member.exists",
                            "the user has a role in this workspace already",
                        ));
                    }
                    set_roles(session, act, &scope, principal, roles, "workspace_user.add").await.map(Some)
                })
            })
            .await
    }

    /// Replaces the roles that a person holds directly in a workspace.
    pub async fn update_workspace_user(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        user: PrincipalId,
        roles: RolesWanted,
    ) -> Result<UserWithRoles> {
        self.store()
            .write(
                (self.act(caller), target, user, roles),
                |session, (act, (organization, workspace), user, wanted)| {
                    Box::pin(async move {
                        let scope = manage(session, act, (organization, workspace)).await?;
                        let roles = resolve(session, &scope, wanted).await?;
                        let principal = holder(session, &scope, *user).await?;
                        set_roles(session, act, &scope, principal, roles, "workspace_user.update").await
                    })
                },
            )
            .await
    }

    /// Takes from a person every role held directly in a workspace.
    pub async fn remove_workspace_user(
        &self,
        caller: &Caller,
        target: (OrganizationRef, WorkspaceRef),
        user: PrincipalId,
    ) -> Result<()> {
        self.store()
            .write((self.act(caller), target, user), |session, (act, (organization, workspace), user)| {
                Box::pin(async move {
                    let scope = manage(session, act, (organization, workspace)).await?;
                    let principal = holder(session, &scope, *user).await?;
                    set_roles(session, act, &scope, principal, Vec::new(), "workspace_user.remove")
                        .await
                        .map(drop)
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

async fn manage(
    session: &dyn Session,
    act: &Act,
    target: (&OrganizationRef, &WorkspaceRef),
) -> Result<Writable<WorkspaceScope>> {
    let needed = Permission::ManageWorkspaceUsers;
    let scope = authz::require_workspace_change(session, &act.caller, needed, target, View::Both).await?;
    workspace::require_live(session, &scope).await?;
    Ok(scope)
}

/// The wanted roles, none of which may hold more than the caller does in the workspace.
pub(crate) async fn resolve(
    session: &dyn Session,
    scope: &WorkspaceScope,
    wanted: &[RoleName],
) -> Result<Vec<Role>> {
    let mut roles: Vec<Role> = Vec::with_capacity(wanted.len());
    for name in wanted {
        let found = match name {
            RoleName::Builtin(builtin) => session.find_builtin_role(scope, *builtin).await?,
            RoleName::Id(id) => session.find_role(scope, *id).await?,
            RoleName::Title(title) => session.find_custom_role(scope, &text::fold(title)).await?,
        };
        let role = found
            .filter(|role| role.level == Level::Workspace)
            .filter(|role| role.workspace.is_none_or(|only| only == scope.workspace()))
            .ok_or_else(|| {
                Error::invalid("roles", "unknown", "expected roles that can be granted in this workspace")
            })?;
        authz::require_to_hold(scope.permissions(), role.permissions)?;
        if !roles.iter().any(|known| known.id == role.id) {
            roles.push(role);
        }
    }
    if roles.is_empty() {
        return Err(Error::invalid("roles", "missing", "expected at least one role"));
    }
    Ok(roles)
}

async fn member(session: &dyn Session, scope: &WorkspaceScope, id: PrincipalId) -> Result<Principal> {
    let mut people = session.people(scope, &[id]).await?;
    people
        .remove(&id)
        .ok_or_else(|| Error::invalid("user.name", "unknown", "expected a user of the organization"))
}

/// Somebody who holds a role directly in the workspace.
async fn holder(session: &dyn Session, scope: &WorkspaceScope, id: PrincipalId) -> Result<Principal> {
    let at = Scope::Workspace(scope.workspace());
    if session.grants_of(scope, &Subject::Principal(id), &at).await?.is_empty() {
        return Err(Error::not_found("user"));
    }
    session.people(scope, &[id]).await?.remove(&id).ok_or_else(|| Error::not_found("user"))
}

/// Who this address belongs to, as far as the server's setting lets the caller find out: a member of the organization
/// always, another account where accounts may be `known`, a new account where they are `provision`ed: then `newcomer` is
/// the right to make one and the name that it gets.
async fn known(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<WorkspaceScope>,
    email: &str,
    newcomer: Option<(&Writable<authz::ServerScope>, &str)>,
    settings: &Settings,
) -> Result<Option<Principal>> {
    let everybody = authz::server(session, &act.caller).await?;
    let found = session.user_called(&everybody, &text::fold(email)).await?;
    if let Some(user) = &found
        && session.people(scope, &[user.id]).await?.contains_key(&user.id)
    {
        return Ok(found);
    }
    if settings.add_people == AddPeople::Invite {
        return Ok(None);
    }
    if !scope.organization_scope().permissions().contains(Permission::ManageOrganizationUsers) {
        return Ok(None);
    }
    let user = match (found, newcomer) {
        (Some(user), _) => user,
        (None, Some((accounts, name))) => {
            let id = PrincipalId::generate(&*act.ids);
            let user = Principal {
                id,
                organization: None,
                username: text::username("user.email", email)?,
                email: Some(email.to_owned()),
                display_name: Some(text::name("user.display_name", name, 100)?),
                suspended_at: None,
                auth_version: 1,
                version: 1,
                created_at: act.now,
                updated_at: act.now,
            };
            session.insert_user(accounts, &user, None).await?;
            user
        }
        (None, _) => return Ok(None),
    };
    let organization = scope.organization_scope();
    let member = role::builtin(session, scope, BuiltinRole::OrganizationMember).await?;
    give(session, act, &organization, Subject::Principal(user.id), &member, Scope::Organization).await?;
    Ok(Some(user))
}

/// Makes `roles` the ones that the principal holds directly in the workspace. What goes may not exceed the caller's own.
async fn set_roles(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<WorkspaceScope>,
    user: Principal,
    roles: Vec<Role>,
    action: &'static str,
) -> Result<UserWithRoles> {
    let organization = scope.organization_scope();
    let at = Scope::Workspace(scope.workspace());
    let subject = Subject::Principal(user.id);
    let mut owner_goes = false;
    for grant in session.grants_of(scope, &subject, &at).await? {
        if roles.iter().any(|role| role.id == grant.role) {
            continue;
        }
        let role = session.find_role(scope, grant.role).await?;
        owner_goes |= role.as_ref().is_some_and(|role| role.builtin == Some(BuiltinRole::WorkspaceOwner));
        let held = role.map(|role| role.permissions).unwrap_or_default();
        authz::require_to_hold(scope.permissions(), held)?;
        session.delete_grant(&organization, &grant).await?;
    }
    for role in &roles {
        give(session, act, &organization, subject, role, at).await?;
    }
    if owner_goes {
        require_an_owner(session, &organization, at).await?;
    }
    let targets = vec![
        Target::new("workspace", scope.workspace().as_uuid()),
        Target::new("principal", user.id.as_uuid()),
    ];
    act.record(session, scope.organization(), action, targets).await?;
    let roles = roles
        .into_iter()
        .map(|role| HeldRole { level: role.level, builtin: role.builtin, title: role.title })
        .collect();
    Ok(UserWithRoles { user, roles })
}
