//! Use cases of roles. An organization has those that are granted on it and the custom ones that are granted in any of its
//! workspaces; a workspace has those that can be granted in it.

use super::{BuiltinTitles, Role, RoleField, require_to_hold};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, Needed, OrganizationRef, OrganizationScope, Place, PlaceScope, View, Writable};
use crate::caller::{Caller, Narrowing};
use crate::error::{Error, Kind, Result};
use crate::filter::{Filter, ListQuery, Test};
use crate::grant::RoleName;
use crate::ids::{RoleId, parse_uuid};
use crate::page::Page;
use crate::permission::{Level, Permission, PermissionSet};
use crate::resource::{ContentRights, Rights};
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};
use crate::workspace;

/// Longest title of a role, in characters.
pub const ROLE_TITLE_MAX: usize = 60;

/// What a new custom role is made of.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// An id that who runs the server has chosen.
    pub id: Option<RoleId>,
    /// The level at which it is to be granted.
    pub level: Level,
    /// What it is called, 1 to 60 characters.
    pub title: String,
    /// Free text.
    pub description: Option<String>,
    /// What it holds: at its level or below, and nothing that its maker lacks.
    pub permissions: PermissionSet,
    /// What it holds inside the servers of workspaces beside that; nothing that its maker lacks.
    pub content: ContentRights,
}

/// What is to become of a custom role. `None` leaves a field alone; an inner `None` clears it.
#[derive(Clone, Debug, Default)]
pub struct RoleChange {
    /// A new title.
    pub title: Option<String>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// New permissions, all of them.
    pub permissions: Option<PermissionSet>,
    /// New rights to content, all of them.
    pub content: Option<ContentRights>,
    /// What it is to hold besides.
    pub add: Rights,
    /// What it is to hold no longer.
    pub remove: Rights,
    /// The level at which it is granted, which is fixed: another one is refused.
    pub level: Option<Level>,
    /// The versions of which the client saw one last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

impl Core {
    /// The roles of an organization, or those that can be granted in a workspace; `titles` are what built-in ones are called
    /// in filters and orders.
    pub async fn list_roles(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        titles: BuiltinTitles,
        query: impl Into<ListQuery<RoleField>>,
    ) -> Result<Page<Role>> {
        self.store()
            .scan(
                (caller.clone(), place.into(), titles, query.into()),
                |session, (caller, place, titles, query)| {
                    Box::pin(async move {
                        let scope = authz::require_at(session, caller, Needed::READ_ROLES, place).await?;
                        if asks_for_holders(&query.filter, caller) {
                            authz::require_at(session, caller, Needed::READ_USERS, place).await?;
                        }
                        session.list_roles(&scope, *titles, query).await
                    })
                },
            )
            .await
    }

    /// Every role of an organization, wherever it is granted; those of a single workspace for who may see its roles or, but
    /// with a limited credential, holds them. Who asks by holder needs to see who has a role; for their own roles everybody
    /// may ask, but with a limited credential.
    pub async fn list_every_role(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        titles: BuiltinTitles,
        query: impl Into<ListQuery<RoleField>>,
    ) -> Result<Page<Role>> {
        self.store()
            .scan(
                (caller.clone(), organization, titles, query.into()),
                |session, (caller, organization, titles, query)| {
                    Box::pin(async move {
                        let scope = if asks_for_own(&query.filter, caller) {
                            authz::enter(session, caller, organization, View::Both).await?
                        } else {
                            readable(session, caller, organization).await?
                        };
                        if asks_for_holders(&query.filter, caller)
                            && !scope.permissions().contains(Permission::ReadOrganizationUsers)
                        {
                            return Err(authz::lacking(Permission::ReadOrganizationUsers));
                        }
                        session.list_every_role((&scope, own_count(caller)), *titles, query).await
                    })
                },
            )
            .await
    }

    /// One role of an organization, wherever it is granted, as [`Core::list_every_role`] shows it.
    pub async fn get_any_role(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        id: RoleId,
    ) -> Result<Role> {
        self.store()
            .point((caller.clone(), organization, id), |session, (caller, organization, id)| {
                Box::pin(async move {
                    let scope = readable(session, caller, organization).await?;
                    let role = session.find_any_role((&scope, own_count(caller)), *id).await?;
                    role.ok_or_else(|| Error::not_found("role"))
                })
            })
            .await
    }

    /// One role of a place.
    pub async fn get_role(&self, caller: &Caller, place: impl Into<Place>, role: RoleName) -> Result<Role> {
        self.store()
            .point((caller.clone(), place.into(), role), |session, (caller, place, role)| {
                Box::pin(async move {
                    let scope = authz::require_at(session, caller, Needed::READ_ROLES, place).await?;
                    known(session, &scope, role).await
                })
            })
            .await
    }

    /// Makes a custom role: of an organization, grantable on it or in all of its workspaces, or of one workspace.
    pub async fn create_role(&self, caller: &Caller, place: impl Into<Place>, new: NewRole) -> Result<Role> {
        self.store()
            .write((self.act(caller), place.into(), new), |session, (act, place, new)| {
                Box::pin(async move {
                    let scope =
                        authz::require_change_at(session, &act.caller, Needed::MANAGE_ROLES, place).await?;
                    create(session, act, &scope, new).await
                })
            })
            .await
    }

    /// Changes a custom role for everybody who holds it. Neither what it held nor what it will hold may exceed what the
    /// caller holds.
    pub async fn update_role(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        role: RoleName,
        change: RoleChange,
    ) -> Result<Role> {
        self.store()
            .write((self.act(caller), place.into(), role, change), |session, (act, place, role, change)| {
                Box::pin(async move {
                    let (scope, mut role) =
                        custom(session, act, place, role, change.expected_version.as_ref()).await?;
                    if change.level.is_some_and(|level| level != role.level) {
                        return Err(Error::immutable("level"));
                    }
                    if let Some(title) = &change.title {
                        role.title = checked_title(title)?;
                    }
                    if let Some(description) = &change.description {
                        role.description = checked_description(description.as_deref())?;
                    }
                    let held_before = role.rights();
                    let permissions = change.permissions.unwrap_or(role.permissions);
                    let content = change.content.unwrap_or(role.content);
                    role.permissions =
                        permissions.union(change.add.permissions).difference(change.remove.permissions);
                    role.content = content.union(&change.add.content).difference(&change.remove.content);
                    if role.rights() != held_before {
                        require_rights_of_level(role.level, &role.rights())?;
                        require_to_hold(session, &scope, None, &role).await?;
                    }
                    role.version += 1;
                    role.updated_at = act.now;
                    let organization = scope.organization_scope();
                    session
                        .update_role(&organization, &role)
                        .await
                        .map_err(|error| title_taken(error, &role.title))?;
                    if role.permissions != held_before.permissions {
                        session.derive_role(&organization, role.id).await?;
                    }
                    let targets = vec![Target::new("role", role.id.as_uuid())];
                    act.record(session, scope.organization(), "role.update", targets).await?;
                    Ok(role)
                })
            })
            .await
    }

    /// Deletes a custom role. While somebody holds it, or is invited to, it needs `force`, and is taken from all of them.
    pub async fn delete_role(
        &self,
        caller: &Caller,
        place: impl Into<Place>,
        role: RoleName,
        expected_version: Option<Versions>,
        force: bool,
    ) -> Result<()> {
        let data = (self.act(caller), place.into(), role, expected_version, force);
        self.store()
            .write(data, |session, (act, place, role, expected, force)| {
                Box::pin(async move {
                    let (scope, role) = custom(session, act, place, role, expected.as_ref()).await?;
                    let organization = scope.organization_scope();
                    if !force && session.role_is_granted(&organization, (role.id, None), act.now).await? {
                        return Err(Error::new(
                            Kind::Precondition,
                            "role.in_use",
                            "somebody holds the role; use force to take it from them",
                        ));
                    }
                    session.revoke_role(&organization, role.id).await?;
                    session.delete_role(&organization, role.id).await?;
                    let targets = vec![Target::new("role", role.id.as_uuid())];
                    act.record(session, scope.organization(), "role.delete", targets).await
                })
            })
            .await
    }
}

pub(crate) async fn create(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<PlaceScope>,
    new: &NewRole,
) -> Result<Role> {
    if new.level == Level::Server || (scope.workspace().is_some() && new.level != Level::Workspace) {
        let expected = "custom roles are made for organizations and workspaces";
        return Err(Error::invalid("level", "unsupported", expected));
    }
    if new.id.is_some() {
        authz::require_choice_of_id(session, &act.caller).await?;
    }
    let id = match new.id {
        Some(id) if id.as_uuid().is_nil() || session.id_is_taken(id.as_uuid()).await? => {
            let taken = Error::new(Kind::AlreadyExists, "role.id_taken", "the id is taken");
            return Err(taken.about("role", id.to_string()));
        }
        Some(id) => id,
        None => RoleId::generate(&*act.ids),
    };
    let role = Role {
        id,
        organization: scope.organization(),
        workspace: scope.workspace(),
        level: new.level,
        builtin: None,
        title: checked_title(&new.title)?,
        description: checked_description(new.description.as_deref())?,
        permissions: new.permissions,
        content: new.content,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
    };
    require_rights_of_level(role.level, &role.rights())?;
    require_to_hold(session, scope, None, &role).await?;
    let inserted = session.insert_role(&scope.organization_scope(), &role).await;
    inserted.map_err(|error| title_taken(error, &role.title))?;
    let targets = vec![Target::new("role", role.id.as_uuid())];
    act.record(session, scope.organization(), "role.create", targets).await?;
    Ok(role)
}

async fn readable(
    session: &dyn Session,
    caller: &Caller,
    organization: &OrganizationRef,
) -> Result<OrganizationScope> {
    let needed = Permission::ReadOrganizationRoles;
    authz::require(session, caller, needed, organization, View::Both).await
}

/// Whether it asks who else holds a role.
fn asks_for_holders(filter: &Filter<RoleField>, caller: &Caller) -> bool {
    tests_holders(filter) && !asks_for_own(filter, caller)
}

/// Whether it asks for the caller's own roles alone, with a credential for which they count.
fn asks_for_own(filter: &Filter<RoleField>, caller: &Caller) -> bool {
    own_count(caller) && is_of_own(filter, caller)
}

/// Whether roles are shown because the caller holds them: a limited credential shows what it leaves, and no more.
fn own_count(caller: &Caller) -> bool {
    caller.narrowing == Narrowing::default()
}

fn tests_holders(filter: &Filter<RoleField>) -> bool {
    filter.any_field(|field| field == RoleField::HeldBy)
}

/// Whether it finds roles of the caller alone, and asks for nobody else's.
fn is_of_own(filter: &Filter<RoleField>, caller: &Caller) -> bool {
    match filter {
        Filter::Is(RoleField::HeldBy, Test::Id(holder)) => holder == caller.principal.as_uuid(),
        Filter::And(parts) => {
            let own = |part| is_of_own(part, caller);
            parts.iter().any(own) && parts.iter().all(|part| own(part) || !tests_holders(part))
        }
        _ => false,
    }
}

/// The role of this name, if the place has it.
async fn known(session: &dyn Session, scope: &PlaceScope, name: &RoleName) -> Result<Role> {
    let found = named(session, scope, name).await?.filter(|role| role.fits(scope) || is_made_at(role, scope));
    found.ok_or_else(|| Error::not_found("role"))
}

async fn named(session: &dyn Session, scope: &PlaceScope, name: &RoleName) -> Result<Option<Role>> {
    match name {
        RoleName::Builtin(builtin) => session.find_builtin_role(scope, *builtin).await,
        RoleName::Id(id) => session.find_role(scope, *id).await,
        RoleName::Title(_) => Ok(None),
    }
}

/// Whether it is a custom role of the organization that the place is, wherever it is granted.
fn is_made_at(role: &Role, scope: &PlaceScope) -> bool {
    scope.workspace().is_none() && role.workspace.is_none() && role.builtin.is_none()
}

/// A custom role that the caller may change: one that was made here, holds nothing that the caller lacks, and is not what
/// the workspace's server goes by.
async fn custom(
    session: &dyn Session,
    act: &Act,
    place: &Place,
    name: &RoleName,
    expected_version: Option<&Versions>,
) -> Result<(Writable<PlaceScope>, Role)> {
    let scope = authz::require_change_at(session, &act.caller, Needed::MANAGE_ROLES, place).await?;
    let found = named(session, &scope, name).await?;
    if found.as_ref().is_some_and(|role| role.builtin.is_some()) {
        let message = "built-in roles cannot be changed";
        return Err(Error::new(Kind::Precondition, "role.builtin", message));
    }
    let role = found.filter(|role| role.fits(&scope) || is_made_at(role, &scope));
    let role = role.ok_or_else(|| Error::not_found("role"))?;
    if role.workspace != scope.workspace() {
        let message = "the role belongs to the organization and is changed there";
        return Err(Error::new(Kind::Precondition, "role.of_organization", message));
    }
    require_to_hold(session, &scope, None, &role).await?;
    workspace::require_no_role_of_server(session, &scope, &role).await?;
    version::require(Seen::Role, role.version, expected_version)?;
    Ok((scope, role))
}

/// The store tells that a title is taken by refusing the row.
fn title_taken(error: Error, title: &str) -> Error {
    if error.kind == Kind::AlreadyExists { error.about("role", title) } else { error }
}

/// A title that no id can be taken for.
fn checked_title(text: &str) -> Result<String> {
    let title = text::name("title", text, ROLE_TITLE_MAX)?;
    if parse_uuid(&title).is_some() {
        return Err(Error::invalid("title", "uuid_shaped", "a title may not look like a UUID"));
    }
    Ok(title)
}

fn checked_description(text: Option<&str>) -> Result<Option<String>> {
    text.map_or(Ok(None), |text| text::prose("description", text, text::DESCRIPTION_MAX))
}

fn require_rights_of_level(level: Level, rights: &Rights) -> Result<()> {
    if let Some(permission) = rights.permissions.difference(PermissionSet::everything_at(level)).iter().next()
    {
        let message = format!("{} cannot be held at the level of this role", permission.name());
        return Err(Error::invalid("permissions", "level", message));
    }
    if let Some((kind, action)) =
        rights.content.difference(&ContentRights::everything_at(level)).iter().next()
    {
        let (kind, action) = (kind.word(), action.word());
        let message = format!("{action}:{kind} cannot be held at the level of this role");
        return Err(Error::invalid("content_permissions", "level", message));
    }
    Ok(())
}
