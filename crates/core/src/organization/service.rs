//! Use cases of organizations.

use std::collections::HashSet;

use super::{DefaultWorkspaces, Link, Organization, OrganizationField, checked_links, checked_name};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, View, Writable};
use crate::caller::Caller;
use crate::clock::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::filter::Filter;
use crate::grant::{self, Grant, Subject};
use crate::ids::{GrantId, OrganizationId, PrincipalId};
use crate::page::{Order, Page, PageRequest, Start};
use crate::permission::{BuiltinRole, Permission};
use crate::principal::Principal;
use crate::role::{self, Role};
use crate::settings::{MayCreateOrganizations, Settings};
use crate::store::Session;
use crate::text;
use crate::version::{self, Seen, Versions};
use crate::workspace::{self, Deleted, NewWorkspace};

/// What a new organization is made of.
#[derive(Clone, Debug, Default)]
pub struct NewOrganization {
    /// An id that who runs the server has chosen.
    pub id: Option<OrganizationId>,
    /// A key of the client's own; made from the name if absent.
    pub key: Option<String>,
    /// The name, 1 to 50 characters.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// Address of a logo.
    pub logo_url: Option<String>,
    /// Links that a console shows.
    pub links: Vec<Link>,
    /// Somebody else as owner; needs a permission on the server.
    pub owner: Option<PrincipalId>,
    /// Which default workspaces it makes.
    pub default_workspaces: DefaultWorkspaces,
    /// Until when it is on trial, as who runs the server says.
    pub trial_ends_at: Option<Timestamp>,
}

/// What is to become of an organization. `None` leaves a field alone; an inner `None` clears it.
#[derive(Clone, Debug, Default)]
pub struct OrganizationChange {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<Option<String>>,
    /// A new logo.
    pub logo_url: Option<Option<String>>,
    /// New links, all of them.
    pub links: Option<Vec<Link>>,
    /// A new owner, who must belong to the organization.
    pub owner: Option<PrincipalId>,
    /// Until when it is on trial from now on, as who runs the server says.
    pub trial_ends_at: Option<Option<Timestamp>>,
    /// The versions of which the client saw one last; another one is a conflict.
    pub expected_version: Option<Versions>,
}

/// Which organizations to list.
#[derive(Clone, Debug)]
pub struct OrganizationQuery {
    /// Whether running the server shows organizations without a role in them.
    pub view: View,
    /// Whether deleted ones are shown, to who may restore them.
    pub deleted: Deleted,
    /// The condition.
    pub filter: Filter<OrganizationField>,
    /// The page.
    pub page: PageRequest<OrganizationField>,
}

/// A page of organizations.
#[derive(Clone, Debug)]
pub struct OrganizationList {
    /// The organizations.
    pub page: Page<Organization>,
}

impl Core {
    /// The organizations in which the caller has any role; for a server's administrator, all of them.
    pub async fn list_organizations(
        &self,
        caller: &Caller,
        query: OrganizationQuery,
    ) -> Result<OrganizationList> {
        self.store()
            .scan((caller.clone(), query), |session, (caller, query)| {
                Box::pin(async move {
                    let scope = authz::server(session, caller).await?;
                    let page = session
                        .list_organizations(&scope, (query.view, query.deleted), &query.filter, &query.page)
                        .await?;
                    Ok(OrganizationList { page })
                })
            })
            .await
    }

    /// The organization of who belongs to exactly one.
    pub async fn only_organization(&self, caller: &Caller) -> Result<Option<OrganizationId>> {
        let page = PageRequest {
            order: vec![Order::ascending(OrganizationField::Name)],
            start: Start::Beginning,
            limit: 2,
        };
        let (view, deleted) = (View::OwnRoles, Deleted::Hide);
        let query = OrganizationQuery { view, deleted, filter: Filter::All, page };
        let found = self.list_organizations(caller, query).await?.page.items;
        Ok(if let [only] = found.as_slice() { Some(only.id) } else { None })
    }

    /// One organization.
    pub async fn get_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
    ) -> Result<Organization> {
        self.store()
            .point((caller.clone(), organization), |session, (caller, organization)| {
                Box::pin(async move {
                    let scope = authz::enter(session, caller, organization, View::Both).await?;
                    session.find_organization(&scope).await?.ok_or_else(|| Error::not_found("organization"))
                })
            })
            .await
    }

    /// Makes an organization with its built-in roles, its owner's grant and, by the setting, its default workspace.
    pub async fn create_organization(&self, caller: &Caller, new: NewOrganization) -> Result<Organization> {
        let data = (self.act(caller), new, self.settings().clone());
        self.store()
            .write(data, |session, (act, new, settings)| {
                Box::pin(create_organization(session, act, new, settings))
            })
            .await
    }

    /// Changes an organization.
    pub async fn update_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        change: OrganizationChange,
    ) -> Result<Organization> {
        let data = (self.act(caller), organization, change, self.settings().clone());
        self.store()
            .write(data, |session, (act, organization, change, settings)| {
                Box::pin(update_organization(session, act, organization, (change, settings)))
            })
            .await
    }
}

async fn create_organization(
    session: &dyn Session,
    act: &Act,
    new: &NewOrganization,
    settings: &Settings,
) -> Result<Organization> {
    let scope = authz::server_change(session, &act.caller).await?;
    let owner = owner_of_new(session, act, new, settings, &scope).await?;
    let (owner, owner_name, owner_email) = (owner.id, owner.shown_name().to_owned(), owner.email);
    let name = checked_name(&new.name)?;
    let slug = text::slug(&name, "organization");
    let key = free_key(session, &scope, new.key.as_deref(), slug, &name).await?;
    if new.id.is_some() {
        authz::require_choice_of_id(session, &act.caller).await?;
    }
    if new.trial_ends_at.is_some() {
        authz::require_server(&scope, Permission::ManageServer)?;
    }
    let id = match new.id {
        Some(id) if id == OrganizationId::SERVER || session.id_is_taken(id.as_uuid()).await? => {
            let taken = Error::new(Kind::AlreadyExists, "organization.id_taken", "the id is taken");
            return Err(taken.about("organization", id.to_string()));
        }
        Some(id) => id,
        None => OrganizationId::generate(&*act.ids),
    };
    let organization = Organization {
        id,
        key,
        name,
        description: optional_prose(new.description.as_deref())?,
        logo_url: new.logo_url.as_deref().map(|url| text::picture("logo_url", url)).transpose()?,
        links: checked_links(new.links.clone())?,
        owner,
        owner_name,
        owner_email,
        default_workspaces: new.default_workspaces,
        preferences: crate::preferences::Preferences::default(),
        trial_ends_at: new.trial_ends_at,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        deleted_at: None,
    };
    session.insert_organization(&scope, &organization).await?;
    let scope = authz::scope_of_new_organization(&scope, id);
    for builtin in role::builtin_of_organization() {
        session.insert_role(&scope, &Role::builtin(builtin, id, act)).await?;
    }
    let owners = role::builtin(session, &scope, BuiltinRole::OrganizationOwner).await?;
    let grant = Grant {
        id: GrantId::generate(&*act.ids),
        subject: Subject::Principal(owner),
        role: owners.id,
        scope: grant::Scope::Organization,
        created_at: act.now,
        created_by: act.caller.principal,
    };
    session.insert_grant(&scope, &grant).await?;
    let mut targets =
        vec![Target::new("organization", id.as_uuid()), Target::new("principal", owner.as_uuid())];
    if new.default_workspaces == DefaultWorkspaces::Shared {
        let shared = NewWorkspace { name: "Default".to_owned(), is_default: true, ..NewWorkspace::default() };
        let made = workspace::make(session, &scope, act, &shared, owner).await?;
        targets.push(Target::new("workspace", made.id.as_uuid()));
    }
    act.record(session, id, "organization.create", targets).await?;
    Ok(organization)
}

async fn owner_of_new(
    session: &dyn Session,
    act: &Act,
    new: &NewOrganization,
    settings: &Settings,
    scope: &Writable<authz::ServerScope>,
) -> Result<Principal> {
    let for_others = scope.permissions().contains(Permission::CreateOrganizationForOthers);
    if act.caller.is_service_account {
        return Err(Error::forbidden("a service account may not create organizations"));
    }
    if settings.may_create_organizations == MayCreateOrganizations::Administrators && !for_others {
        return Err(Error::forbidden("only the server's administrators may create organizations here"));
    }
    if act.caller.narrowing != crate::caller::Narrowing::default() {
        return Err(Error::forbidden("this credential is limited and may not create organizations"));
    }
    let Some(owner) = new.owner.filter(|owner| *owner != act.caller.principal) else {
        require_room(session, act.caller.principal, settings).await?;
        let own = session.find_account(scope, act.caller.principal).await?;
        return own.ok_or_else(Error::bad_credential);
    };
    if !for_others {
        return Err(Error::forbidden("only the server's administrators may name another owner"));
    }
    let account = session.find_account(scope, owner).await?;
    match account {
        Some(account) if account.is_active_user() => Ok(account),
        _ => Err(Error::invalid("owner_id", "unknown", "expected the id of an active user")),
    }
}

/// Refuses another organization to who owns as many as the server allows.
pub(super) async fn require_room(
    session: &dyn Session,
    owner: PrincipalId,
    settings: &Settings,
) -> Result<()> {
    let count = session.count_owned_organizations(owner).await?;
    if settings.organizations_per_owner.is_some_and(|limit| count >= limit) {
        return Err(Error::new(
            Kind::LimitReached,
            "organization.limit",
            "the owner has as many organizations as this server allows",
        ));
    }
    Ok(())
}

/// The wanted key, or the first free one that the name suggests. The name itself must be free too.
pub(super) async fn free_key(
    session: &dyn Session,
    scope: &Writable<authz::ServerScope>,
    wanted: Option<&str>,
    first: String,
    name: &str,
) -> Result<String> {
    let wanted = wanted.map(|key| text::key("key", key)).transpose()?;
    let first = wanted.clone().unwrap_or(first);
    let folded = text::fold(name);
    let rivals = session.organizations_called(scope, &first, &folded).await?;
    if rivals.iter().any(|rival| rival.folded_name == folded || rival.key == folded) {
        return Err(name_taken(name));
    }
    if rivals.is_empty() {
        return Ok(first);
    }
    if wanted.is_some() {
        return Err(Error::new(
            Kind::AlreadyExists,
            "organization.key_taken",
            "there is an organization of this key",
        )
        .about("organization", first));
    }
    let mut taken = HashSet::new();
    for stem in workspace::stems(&first) {
        taken.extend(session.organization_keys_behind(scope, &stem).await?);
    }
    workspace::free_number(&first, &taken)
}

fn name_taken(name: &str) -> Error {
    Error::new(Kind::AlreadyExists, "organization.name_taken", "there is an organization of this name")
        .about("organization", name)
}

async fn update_organization(
    session: &dyn Session,
    act: &Act,
    organization: &OrganizationRef,
    (change, settings): (&OrganizationChange, &Settings),
) -> Result<Organization> {
    // As many as somebody owns, and what they are called, is settled on the server.
    if change.name.is_some() || change.owner.is_some() {
        session.lock_organization(OrganizationId::SERVER).await?;
    }
    let needed = Permission::UpdateOrganization;
    let scope = authz::require_change(session, &act.caller, needed, organization, View::Both).await?;
    let mut found =
        session.find_organization(&scope).await?.ok_or_else(|| Error::not_found("organization"))?;
    version::require(Seen::Organization, found.version, change.expected_version.as_ref())?;
    let id = scope.organization();
    let mut targets = vec![Target::new("organization", id.as_uuid())];
    if let Some(name) = &change.name {
        found.name = checked_name(name)?;
        let server = authz::server_change(session, &act.caller).await?;
        let folded = text::fold(&found.name);
        let rivals = session.organizations_called(&server, &found.key, &folded).await?;
        if rivals.iter().any(|rival| rival.id != id) {
            return Err(name_taken(&found.name));
        }
    }
    if let Some(description) = &change.description {
        found.description = optional_prose(description.as_deref())?;
    }
    if let Some(logo_url) = &change.logo_url {
        found.logo_url = logo_url.as_deref().map(|url| text::picture("logo_url", url)).transpose()?;
    }
    if let Some(ends) = change.trial_ends_at.filter(|ends| *ends != found.trial_ends_at) {
        let server = authz::server(session, &act.caller).await?;
        authz::require_server(&server, Permission::ManageServer)?;
        found.trial_ends_at = ends;
    }
    if let Some(links) = &change.links {
        found.links = checked_links(links.clone())?;
    }
    if let Some(owner) = change.owner.filter(|owner| *owner != found.owner) {
        hand_over(session, act, &scope, &mut found, (owner, settings)).await?;
        targets.push(Target::new("principal", owner.as_uuid()));
    }
    found.version += 1;
    found.updated_at = act.now;
    session.update_organization(&scope, &found).await?;
    act.record(session, id, "organization.update", targets).await?;
    Ok(found)
}

/// Gives the owner's role, which the caller must hold all of, to somebody who belongs to the organization and may own one
/// more. The former owner keeps the role. The list of organizations is to be locked before.
pub(super) async fn hand_over(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<authz::OrganizationScope>,
    organization: &mut Organization,
    (owner, settings): (PrincipalId, &Settings),
) -> Result<()> {
    if !scope.permissions().contains(Permission::TransferOrganization) {
        return Err(authz::lacking(Permission::TransferOrganization));
    }
    let owners = role::builtin(session, scope, BuiltinRole::OrganizationOwner).await?;
    authz::require_to_hold(scope.permissions(), owners.permissions)?;
    let person = session.people(scope, &[owner]).await?.remove(&owner);
    let Some(person) = person.filter(|person| person.is_active_user()) else {
        return Err(Error::invalid(
            "owner_id",
            "unknown",
            "expected the id of an active user of the organization",
        ));
    };
    require_room(session, owner, settings).await?;
    organization.owner = owner;
    person.shown_name().clone_into(&mut organization.owner_name);
    organization.owner_email.clone_from(&person.email);
    grant::give(session, act, scope, Subject::Principal(owner), &owners, grant::Scope::Organization).await
}

fn optional_prose(text: Option<&str>) -> Result<Option<String>> {
    text.map_or(Ok(None), |text| text::prose("description", text, text::DESCRIPTION_MAX))
}
