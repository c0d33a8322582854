//! The rules of custom roles, and of who is given and loses roles.

use std::collections::BTreeSet;

use tenantry_core::error::Kind;

use super::deeds::Named;
use super::model::{
    EXCEEDS, Grant, Holder, INVALID, MEMBER, Model, NOT_FOUND, OWNER, Outcome, Place, ROOT, Refusal, Rights,
    Role, RoleName, WORKSPACE_OWNER, Who,
};
use super::rules::fold;

const LAST_OWNER: Refusal = (Kind::Precondition, "member.last_owner");
const ACCOUNT_OWNER: Refusal = (Kind::Precondition, "member.account_owner");

impl Model {
    // Custom roles.

    pub(super) fn require_to_hold(&self, held: &Rights, role: RoleName) -> Outcome {
        if held.is_superset(&self.rights_of(role)) { Ok(()) } else { Err(EXCEEDS) }
    }

    /// A role holds what can be held at its level or below, and nothing that its maker lacks.
    pub(super) fn require_possible(&self, role: &Role, held: &Rights) -> Outcome {
        if !role.rights.iter().all(|right| self.can_be_held(right, role.of_workspaces)) {
            return Err(INVALID);
        }
        if held.is_superset(&role.rights) { Ok(()) } else { Err(EXCEEDS) }
    }

    /// A title is unique, ignoring case, among the roles of a workspace's own, and among those of an organization that
    /// are granted at one level, built-in ones too.
    pub(super) fn require_free_title(&self, role: &Role, but: Option<usize>) -> Outcome {
        let others = self.roles.iter().enumerate().filter(|(number, _)| Some(*number) != but);
        let rivals = others.map(|(_, other)| other).filter(|other| {
            !other.deleted && (other.place, other.of_workspaces) == (role.place, role.of_workspaces)
        });
        let titles: BTreeSet<_> = rivals.map(|other| fold(other.title)).collect();
        let builtin = if role.of_workspaces { "workspace-" } else { "organization-" };
        let reserved = role.place.workspace.is_none() && role.title.starts_with(builtin);
        if titles.contains(&fold(role.title)) || reserved {
            return Err((Kind::AlreadyExists, "resource.exists"));
        }
        Ok(())
    }

    /// A custom role is changed where it was made, by who holds all that it holds.
    pub(super) fn changeable_role(&self, by: Who, place: Place, role: RoleName) -> Outcome<(usize, Rights)> {
        let held = self.require_live(by, place, "manage:{}Role")?;
        let RoleName::Custom(number) = role else {
            return Err((Kind::Precondition, "role.builtin"));
        };
        let whole = Place::organization(place.organization);
        match self.roles.get(number).filter(|found| !found.deleted) {
            Some(found) if found.place == place => {}
            Some(found) if found.place == whole && found.of_workspaces => {
                return Err((Kind::Precondition, "role.of_organization"));
            }
            _ => return Err(NOT_FOUND),
        }
        self.require_to_hold(&held, role)?;
        Ok((number, held))
    }

    /// What somebody holds, or is invited to, goes by force only, and then from all of them: an invitation that offers
    /// nothing any more is withdrawn.
    pub(super) fn delete_role(&mut self, by: Who, place: Place, role: RoleName, force: bool) -> Outcome {
        let (number, _) = self.changeable_role(by, place, role)?;
        let counts = |holder: Holder| match holder {
            Holder::Person(_) => true,
            Holder::Invitation(invitation) => self.is_open(invitation),
        };
        if !force && self.grants.iter().any(|grant| grant.role == role && counts(grant.holder)) {
            return Err((Kind::Precondition, "role.in_use"));
        }
        self.roles[number].deleted = true;
        let (gone, left) = std::mem::take(&mut self.grants).into_iter().partition(|grant| grant.role == role);
        self.grants = left;
        for Grant { holder, .. } in BTreeSet::<Grant>::into_iter(gone) {
            if let Holder::Invitation(invitation) = holder
                && self.offered(invitation).next().is_none()
            {
                self.end_invitation(invitation);
            }
        }
        Ok(())
    }

    // People.

    pub(super) fn give(&mut self, holder: Holder, role: RoleName, place: Place) {
        self.grants.insert(Grant { holder, role, place });
    }

    /// Whether a role can be granted at a place.
    pub(super) fn fits(&self, role: RoleName, place: Place) -> bool {
        let whole = Place::organization(place.organization);
        match role {
            RoleName::Builtin(word) => match place.workspace {
                None => word.starts_with("organization-"),
                Some(_) => word.starts_with("workspace-"),
            },
            RoleName::Custom(number) => self.roles.get(number).is_some_and(|role| {
                let here = role.place == whole || role.place == place;
                !role.deleted && here && role.of_workspaces == place.workspace.is_some()
            }),
        }
    }

    /// The wanted roles, each of which can be granted here and holds nothing that the giver lacks.
    pub(super) fn grantable(
        &self,
        held: &Rights,
        place: Place,
        wanted: &[RoleName],
    ) -> Outcome<BTreeSet<RoleName>> {
        for role in wanted {
            if !self.fits(*role, place) {
                return Err(INVALID);
            }
            self.require_to_hold(held, *role)?;
        }
        Ok(wanted.iter().copied().collect())
    }

    /// Who belongs to the organization is added at once. Anybody else is invited by the address, and unknown by the id,
    /// but to who runs the server.
    pub(super) fn add(
        &mut self,
        by: Who,
        place: Place,
        who: Who,
        named: Named,
        roles: &[RoleName],
    ) -> Outcome {
        let held = self.require_live(by, place, "manage:{}User")?;
        let roles = self.grantable(&held, place, roles)?;
        if !self.belongs(who, place.organization) {
            let known = by == ROOT && place.workspace.is_none() && !self.suspended.contains(&who);
            match named {
                Named::ByAddress => return self.invite(by, place, who, roles),
                Named::ById if !known => return Err(INVALID),
                Named::ById => {}
            }
        }
        if self.grants_of(who, place).next().is_some() {
            return Err(MEMBER);
        }
        self.replace_with(place, who, &roles);
        Ok(())
    }

    pub(super) fn replace_with(&mut self, place: Place, who: Who, roles: &BTreeSet<RoleName>) {
        self.grants.retain(|grant| (grant.holder, grant.place) != (Holder::Person(who), place));
        for role in roles {
            self.give(Holder::Person(who), *role, place);
        }
    }

    /// Replaces the roles that somebody has at a place. The last owner stays, and so does who answers for the
    /// organization.
    pub(super) fn replace_roles(
        &mut self,
        held: &Rights,
        place: Place,
        who: Who,
        roles: &BTreeSet<RoleName>,
    ) -> Outcome {
        let before: BTreeSet<_> = self.grants_of(who, place).map(|grant| grant.role).collect();
        if before.is_empty() {
            return Err(NOT_FOUND);
        }
        for role in before.difference(roles) {
            self.require_to_hold(held, *role)?;
        }
        let owner = if place.workspace.is_some() { WORKSPACE_OWNER } else { OWNER };
        if before.contains(&owner) && !roles.contains(&owner) {
            if self.active_owners(place).iter().all(|other| *other == who) {
                return Err(LAST_OWNER);
            }
            if place.workspace.is_none() && self.organizations[place.organization].owner == who {
                return Err(ACCOUNT_OWNER);
            }
        }
        self.replace_with(place, who, roles);
        Ok(())
    }

    /// Whoever goes loses every role in the organization and inside. Workspaces that nobody else could act in as owner go
    /// to who answers for the organization; by force only, unless they are deleted.
    pub(super) fn remove_from_organization(
        &mut self,
        by: Who,
        organization: usize,
        who: Who,
        force: bool,
    ) -> Outcome {
        let whole = Place::organization(organization);
        let held = self.require(by, whole, "manage:OrganizationUser")?;
        if !self.belongs(who, organization) {
            return Err(NOT_FOUND);
        }
        let heir = self.organizations[organization].owner;
        if who == heir {
            return Err(ACCOUNT_OWNER);
        }
        let own =
            |grant: &Grant| grant.holder == Holder::Person(who) && grant.place.organization == organization;
        let going: Vec<_> = self.grants.iter().copied().filter(own).collect();
        for grant in &going {
            self.require_to_hold(&held, grant.role)?;
        }
        let is_alone = |place| self.active_owners(place).iter().all(|other| *other == who);
        let owned = going.iter().filter(|grant| grant.role == WORKSPACE_OWNER).map(|grant| grant.place);
        let alone: Vec<_> = owned.filter(|place| is_alone(*place)).collect();
        if !force && alone.iter().any(|place| self.live_workspace(*place)) {
            return Err(LAST_OWNER);
        }
        if going.iter().any(|grant| grant.role == OWNER) && is_alone(whole) {
            return Err(LAST_OWNER);
        }
        self.grants.retain(|grant| !own(grant));
        for place in alone {
            self.give(Holder::Person(heir), WORKSPACE_OWNER, place);
        }
        for invitation in 0..self.invitations.len() {
            let offered = &self.invitations[invitation];
            if offered.to == who && offered.place.organization == organization && self.is_open(invitation) {
                self.end_invitation(invitation);
            }
        }
        Ok(())
    }
}
