//! The rules of tenancy, over plain sets and lists: who holds what where, who knows of what, what everybody is shown.
//! What may be changed, and what becomes of it, stands in `rules`.
//!
//! Written from the documents and not from the core, whose code it is compared with. What the built-in roles hold is read
//! from `docs/permissions.md`.

use std::collections::{BTreeMap, BTreeSet};

use tenantry_core::error::Kind;

/// A person, by number.
pub(super) type Who = usize;
/// Runs the server.
pub(super) const ROOT: Who = 0;
/// How many people there are.
pub(super) const PEOPLE: usize = 5;
/// For how many days an invitation stands.
pub(super) const DAYS: u32 = 7;

/// Permissions by their published names.
pub(super) type Rights = BTreeSet<&'static str>;

/// The kind of a refusal and its exact cause.
pub(super) type Refusal = (Kind, &'static str);
pub(super) type Outcome<T = ()> = Result<T, Refusal>;

/// Nobody is let in who is suspended.
pub(super) const SUSPENDED: Refusal = (Kind::Unauthenticated, "credential.invalid");
/// Nobody learns whether there is such a thing who may not know of it.
pub(super) const HIDDEN: Refusal = (Kind::Hidden, "target.hidden");
pub(super) const NOT_FOUND: Refusal = (Kind::NotFound, "target.not_found");
pub(super) const FORBIDDEN: Refusal = (Kind::Forbidden, "permission.denied");
/// Nobody gives or takes a role that holds more than they do.
pub(super) const EXCEEDS: Refusal = (Kind::Forbidden, "role.exceeds_own");
/// The request itself is wrong.
pub(super) const INVALID: Refusal = (Kind::Invalid, "request.invalid");
pub(super) const MEMBER: Refusal = (Kind::AlreadyExists, "member.exists");

/// An organization, or a workspace as a request names it: by its organization and its own number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) organization: usize,
    pub(super) workspace: Option<usize>,
}

impl Place {
    pub(super) const fn organization(organization: usize) -> Self {
        Self { organization, workspace: None }
    }

    pub(super) const fn workspace(organization: usize, workspace: usize) -> Self {
        Self { organization, workspace: Some(workspace) }
    }

    /// `manage:{}User` is `manage:OrganizationUser` or `manage:WorkspaceUser`.
    fn needed(self, pattern: &str) -> String {
        pattern.replace("{}", if self.workspace.is_some() { "Workspace" } else { "Organization" })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RoleName {
    Builtin(&'static str),
    Custom(usize),
}

pub(super) const OWNER: RoleName = RoleName::Builtin("organization-owner");
pub(super) const WORKSPACE_OWNER: RoleName = RoleName::Builtin("workspace-owner");

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Person(Who),
    /// Whoever accepts it.
    Invitation(usize),
}

/// Membership is a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) holder: Holder,
    pub(super) role: RoleName,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) struct Organization {
    pub(super) name: &'static str,
    pub(super) key: String,
    pub(super) owner: Who,
    pub(super) deleted: bool,
}

#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) organization: usize,
    pub(super) name: &'static str,
    pub(super) key: String,
    pub(super) is_default: bool,
    pub(super) deleted: bool,
}

/// A custom role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    /// Where it was made: a workspace's role can be granted in that workspace alone.
    pub(super) place: Place,
    /// Whether it is granted in workspaces, and not on the organization.
    pub(super) of_workspaces: bool,
    pub(super) title: &'static str,
    pub(super) rights: Rights,
    pub(super) deleted: bool,
}

#[derive(Debug)]
pub(super) struct Invitation {
    pub(super) place: Place,
    pub(super) to: Who,
    /// Who answers for it.
    pub(super) by: Who,
    /// Neither answered nor withdrawn.
    pub(super) pending: bool,
    /// From this day on it cannot be answered.
    pub(super) ends: u32,
}

/// Everything there is.
#[derive(Debug)]
pub(super) struct Model {
    table: Table,
    pub(super) suspended: BTreeSet<Who>,
    pub(super) organizations: Vec<Organization>,
    pub(super) workspaces: Vec<Workspace>,
    pub(super) roles: Vec<Role>,
    pub(super) grants: BTreeSet<Grant>,
    pub(super) invitations: Vec<Invitation>,
    pub(super) today: u32,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            table: Table::documented(),
            suspended: BTreeSet::new(),
            organizations: Vec::new(),
            workspaces: Vec::new(),
            roles: Vec::new(),
            grants: BTreeSet::new(),
            invitations: Vec::new(),
            today: 0,
        }
    }
}

/// The table in `docs/permissions.md`.
#[derive(Debug, Default)]
struct Table {
    /// The lowest level at which a role can hold a permission.
    levels: BTreeMap<&'static str, &'static str>,
    /// What each built-in role holds.
    roles: BTreeMap<&'static str, Rights>,
}

impl Table {
    fn documented() -> Self {
        let page = include_str!("../../../../../docs/permissions.md");
        let mut rows = page.lines().filter_map(|line| line.strip_prefix("| ")).map(|row| row.split('|'));
        let titles: Vec<_> = rows.next().into_iter().flatten().map(str::trim).collect();
        let mut table = Self::default();
        for row in rows {
            let cells: Vec<_> = row.map(str::trim).collect();
            let permission = cells[0].trim_matches('`');
            table.levels.insert(permission, cells[1]);
            for (title, _) in titles.iter().zip(&cells).filter(|(_, cell)| **cell == "yes") {
                table.roles.entry(title).or_default().insert(permission);
            }
        }
        table
    }
}

/// Every view of workspaces: by roles of one's own, by administering the organization.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) own_roles: bool,
    pub(super) administered: bool,
}

/// A workspace as somebody sees it: what it is called, whether it is deleted, and what is held there by roles of one's own,
/// where it is they that show it.
pub(super) type SeenWorkspace = (usize, &'static str, String, bool, Option<Rights>);
/// Somebody with the roles held here, by title.
pub(super) type SeenPerson = (Who, BTreeSet<&'static str>);

impl Model {
    // Who holds what.

    pub(super) fn rights_of(&self, role: RoleName) -> Rights {
        match role {
            RoleName::Builtin(word) => self.table.roles[word].clone(),
            RoleName::Custom(number) => self.roles[number].rights.clone(),
        }
    }

    /// The grants of a person on exactly this place.
    pub(super) fn grants_of(&self, who: Who, place: Place) -> impl Iterator<Item = Grant> {
        let own = self.grants.iter().copied();
        own.filter(move |grant| grant.holder == Holder::Person(who) && grant.place == place)
    }

    fn rights_by_grants_on(&self, who: Who, place: Place) -> Rights {
        self.grants_of(who, place).flat_map(|grant| self.rights_of(grant.role)).collect()
    }

    /// What somebody holds at a place: by roles there and by roles on what it is in. A suspended account holds nothing.
    pub(super) fn held(&self, who: Who, place: Place) -> Rights {
        if self.suspended.contains(&who) {
            return Rights::new();
        }
        let mut held = self.rights_by_grants_on(who, Place::organization(place.organization));
        if who == ROOT {
            held.extend(self.rights_of(RoleName::Builtin("server-administrator")));
        }
        if place.workspace.is_some() {
            held.extend(self.rights_by_grants_on(who, place));
        }
        held
    }

    /// Whether somebody has any role in the organization, be it in one of its workspaces.
    pub(super) fn belongs(&self, who: Who, organization: usize) -> bool {
        let own = self.grants.iter().filter(|grant| grant.holder == Holder::Person(who));
        own.map(|grant| grant.place.organization).any(|found| found == organization)
    }

    /// Who can act as the owner of the place.
    pub(super) fn active_owners(&self, place: Place) -> BTreeSet<Who> {
        let owner = if place.workspace.is_some() { WORKSPACE_OWNER } else { OWNER };
        (0..PEOPLE)
            .filter(|who| !self.suspended.contains(who))
            .filter(|who| self.grants_of(*who, place).any(|grant| grant.role == owner))
            .collect()
    }

    /// Whether a permission can be held at a level: a wider one cannot be held in a workspace.
    pub(super) fn can_be_held(&self, right: &str, in_workspaces: bool) -> bool {
        let level = self.table.levels[right];
        matches!(level, "workspace" | "project") || (level == "organization" && !in_workspaces)
    }

    // Who may know of what.

    pub(super) fn live_organization(&self, organization: usize) -> bool {
        self.organizations.get(organization).is_some_and(|found| !found.deleted)
    }

    pub(super) fn live_workspace(&self, place: Place) -> bool {
        place.workspace.is_none_or(|number| !self.workspaces[number].deleted)
    }

    /// Only who belongs to an organization, or runs the server, knows that there is one.
    pub(super) fn enter(&self, who: Who, organization: usize) -> Outcome {
        let knows = who == ROOT || self.belongs(who, organization);
        if self.live_organization(organization) && knows { Ok(()) } else { Err(HIDDEN) }
    }

    /// What somebody holds at a place, if that is what is needed. A workspace may be deleted.
    pub(super) fn require(&self, who: Who, place: Place, needed: &str) -> Outcome<Rights> {
        let needed = place.needed(needed);
        let held = self.held(who, place);
        let Some(number) = place.workspace else {
            self.enter(who, place.organization)?;
            return if held.contains(needed.as_str()) { Ok(held) } else { Err(FORBIDDEN) };
        };
        if !self.live_organization(place.organization) {
            return Err(HIDDEN);
        }
        let real = self.workspaces.get(number).is_some_and(|found| found.organization == place.organization);
        match (held.contains("read:Workspace"), real) {
            // Who sees every workspace may know that there is none.
            (true, false) => Err(NOT_FOUND),
            (false, _) => Err(HIDDEN),
            (true, true) if held.contains(needed.as_str()) => Ok(held),
            (true, true) => Err(FORBIDDEN),
        }
    }

    /// The same, and the workspace is not deleted.
    pub(super) fn require_live(&self, who: Who, place: Place, needed: &str) -> Outcome<Rights> {
        let held = self.require(who, place, needed)?;
        if self.live_workspace(place) { Ok(held) } else { Err(NOT_FOUND) }
    }

    // What everybody is shown.

    /// Everything that is held in an organization, or in a workspace that is seen.
    pub(super) fn held_at(&self, who: Who, place: Place) -> Outcome<Rights> {
        let held = match place.workspace {
            None => self.enter(who, place.organization).map(|()| self.held(who, place)),
            Some(_) => self.require(who, place, "read:Workspace"),
        }?;
        let in_workspaces = place.workspace.is_some();
        Ok(held.into_iter().filter(|right| self.can_be_held(right, in_workspaces)).collect())
    }

    /// The organizations somebody belongs to; deleted ones for who may restore them. Who runs the server sees all.
    pub(super) fn organizations(&self, who: Who) -> BTreeSet<(usize, &'static str, String, Who, bool)> {
        let numbered = self.organizations.iter().enumerate();
        let shown = numbered.filter(|(number, found)| {
            let restorable = self.held(who, Place::organization(*number)).contains("delete:Organization");
            who == ROOT || self.belongs(who, *number) && (!found.deleted || restorable)
        });
        shown
            .map(|(number, found)| (number, found.name, found.key.clone(), found.owner, found.deleted))
            .collect()
    }

    /// The workspaces that somebody sees, deleted ones too.
    pub(super) fn workspaces(
        &self,
        who: Who,
        organization: usize,
        view: View,
    ) -> Outcome<BTreeSet<SeenWorkspace>> {
        if !self.live_organization(organization) {
            return Err(HIDDEN);
        }
        let runs_the_server = view.administered && who == ROOT;
        if !runs_the_server && !self.belongs(who, organization) {
            return Err(HIDDEN);
        }
        let held = self.held(who, Place::organization(organization));
        let every = view.administered && held.contains("read:Workspace");
        if !every && !view.own_roles {
            return Err(FORBIDDEN);
        }
        let numbered = self.workspaces.iter().enumerate();
        let here = numbered.filter(|(_, found)| found.organization == organization);
        let seen = here.map(|(number, found)| {
            let own = self.rights_by_grants_on(who, Place::workspace(organization, number));
            let told = (!every).then_some(own);
            (number, found.name, found.key.clone(), found.deleted, told)
        });
        let may_see = |own: &Option<Rights>| own.as_ref().is_none_or(|own| own.contains("read:Workspace"));
        Ok(seen.filter(|(.., own)| may_see(own)).collect())
    }

    /// Who has a role at the place, with the roles of its organization beside.
    pub(super) fn users(&self, who: Who, place: Place) -> Outcome<BTreeSet<SeenPerson>> {
        self.require_live(who, place, "read:{}User")?;
        let whole = Place::organization(place.organization);
        let titles = |person| {
            let grants = self.grants_of(person, place).chain(self.grants_of(person, whole));
            grants.map(|grant| self.title(grant.role)).collect()
        };
        let here = (0..PEOPLE).filter(|person| self.grants_of(*person, place).next().is_some());
        Ok(here.map(|person| (person, titles(person))).collect())
    }

    pub(super) fn title(&self, role: RoleName) -> &'static str {
        match role {
            RoleName::Builtin(word) => word,
            RoleName::Custom(number) => self.roles[number].title,
        }
    }

    /// The custom roles of an organization, or those that can be granted in a workspace.
    pub(super) fn custom_roles(&self, who: Who, place: Place) -> Outcome<BTreeSet<(usize, Rights)>> {
        self.require_live(who, place, "read:{}Role")?;
        let numbered = self.roles.iter().enumerate().filter(|(_, role)| !role.deleted);
        let whole = Place::organization(place.organization);
        let here = numbered.filter(|(_, role)| match place.workspace {
            None => role.place == whole,
            Some(_) => role.of_workspaces && (role.place == whole || role.place == place),
        });
        Ok(here.map(|(number, role)| (number, role.rights.clone())).collect())
    }

    pub(super) fn is_open(&self, invitation: usize) -> bool {
        let found = &self.invitations[invitation];
        found.pending && self.today < found.ends
    }

    /// The invitations to the place that can be answered: to whom and by whom.
    pub(super) fn open_invitations(&self, who: Who, place: Place) -> Outcome<BTreeSet<(usize, Who, Who)>> {
        self.require_live(who, place, "read:{}Invitation")?;
        let numbered = self.invitations.iter().enumerate();
        let here = numbered.filter(|(number, found)| found.place == place && self.is_open(*number));
        Ok(here.map(|(number, found)| (number, found.to, found.by)).collect())
    }

    /// Whether the invitation can be answered, and what it offers: for the invitee, and for who may see invitations in
    /// the organization or in the workspace that it is for.
    pub(super) fn invitation(&self, who: Who, number: usize) -> Outcome<Option<BTreeSet<&'static str>>> {
        let found = &self.invitations[number];
        let organization = found.place.organization;
        if !self.live_organization(organization) {
            return Err(HIDDEN);
        }
        if who != found.to {
            let seen_from = [Place::organization(organization), found.place];
            let refused = self.require_live(who, seen_from[0], "read:{}Invitation").err();
            let also = self.require_live(who, seen_from[1], "read:{}Invitation").is_ok();
            if let (Some(refused), false) = (refused, also) {
                return Err(refused);
            }
        }
        let offered = self.offered(number).map(|role| self.title(role)).collect();
        Ok(self.is_open(number).then_some(offered))
    }

    pub(super) fn offered(&self, invitation: usize) -> impl Iterator<Item = RoleName> {
        let offered = self.grants.iter().filter(move |grant| grant.holder == Holder::Invitation(invitation));
        offered.map(|grant| grant.role)
    }
}
