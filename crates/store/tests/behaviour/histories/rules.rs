//! The rules of change: what each deed needs, when it is refused all the same, and what becomes of it. Here those of
//! organizations and workspaces; of custom roles and people in `people`, of invitations in `invitations`.

use std::collections::BTreeSet;

use tenantry_core::error::Kind;

use super::deeds::{Deed, SecretShown};
use super::model::{
    FORBIDDEN, Grant, HIDDEN, Holder, INVALID, Model, NOT_FOUND, OWNER, Organization, Outcome, Place, ROOT,
    Role, SUSPENDED, WORKSPACE_OWNER, Who, Workspace,
};

/// The form in which names are compared, which is also the key that a name suggests.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// The key, or the first of `key-2`, `key-3` and so on that is free.
fn numbered(key: &str, is_free: impl Fn(&str) -> bool) -> String {
    let numbers = (2..).map(|number| format!("{key}-{number}"));
    std::iter::once(key.to_owned()).chain(numbers).find(|key| is_free(key)).unwrap_or_default()
}

impl Model {
    /// Does the deed, or leaves everything as it is.
    pub(super) fn apply(&mut self, by: Who, deed: &Deed) -> Outcome {
        if self.suspended.contains(&by) && !matches!(deed, Deed::Wait { .. }) {
            return Err(SUSPENDED);
        }
        match *deed {
            Deed::CreateOrganization { name } => self.create_organization(by, name),
            Deed::RenameOrganization { organization, name } => {
                self.require(by, Place::organization(organization), "update:Organization")?;
                self.require_free_organization_name(name, Some(organization))?;
                self.organizations[organization].name = name;
                Ok(())
            }
            Deed::Transfer { organization, to } => self.transfer(by, organization, to),
            Deed::DeleteOrganization { organization, force } => {
                self.require(by, Place::organization(organization), "delete:Organization")?;
                let made = |found: &Workspace| found.organization == organization && !found.is_default;
                if !force && self.workspaces.iter().any(|found| made(found) && !found.deleted) {
                    return Err((Kind::Precondition, "organization.in_use"));
                }
                self.organizations[organization].deleted = true;
                Ok(())
            }
            Deed::RestoreOrganization { organization } => self.restore_organization(by, organization),
            Deed::CreateWorkspace { organization, name } => {
                self.require(by, Place::organization(organization), "create:Workspace")?;
                self.make_workspace(organization, name, by, false)
            }
            Deed::RenameWorkspace { place, name } => {
                self.require_live(by, place, "update:Workspace")?;
                let number = workspace(place);
                self.require_free_workspace_name(place.organization, name, Some(number))?;
                self.workspaces[number].name = name;
                Ok(())
            }
            Deed::DeleteWorkspace { place, force } => self.delete_workspace(by, place, force),
            Deed::RestoreWorkspace { place } => {
                self.require(by, place, "delete:Workspace")?;
                let number = workspace(place);
                if !self.workspaces[number].deleted {
                    return Err((Kind::AlreadyExists, "workspace.not_deleted"));
                }
                self.require_free_workspace_name(place.organization, self.workspaces[number].name, None)?;
                let key = self.free_workspace_key(place.organization, &self.workspaces[number].key);
                self.workspaces[number].key = key;
                self.workspaces[number].deleted = false;
                Ok(())
            }
            Deed::CreateRole { place, of_workspaces, title, ref rights } => {
                let held = self.require_live(by, place, "manage:{}Role")?;
                if place.workspace.is_some() && !of_workspaces {
                    return Err(INVALID);
                }
                let rights = rights.iter().copied().collect();
                let role = Role { place, of_workspaces, title, rights, deleted: false };
                self.require_possible(&role, &held)?;
                self.require_free_title(&role, None)?;
                self.roles.push(role);
                Ok(())
            }
            Deed::ChangeRole { place, role, title, ref rights } => {
                let (number, held) = self.changeable_role(by, place, role)?;
                let old = &self.roles[number];
                let changed = rights.as_ref().map(|rights| rights.iter().copied().collect());
                let new =
                    Role { title, rights: changed.unwrap_or_else(|| old.rights.clone()), ..old.clone() };
                self.require_possible(&new, &held)?;
                self.require_free_title(&new, Some(number))?;
                self.roles[number] = new;
                Ok(())
            }
            Deed::DeleteRole { place, role, force } => self.delete_role(by, place, role, force),
            Deed::Add { place, who, named, ref roles } => self.add(by, place, who, named, roles),
            Deed::Join { organization, who, role } => {
                let place = Place::organization(organization);
                let held = self.require(by, place, "manage:OrganizationUser")?;
                self.require_to_hold(&held, role)?;
                // An account is known by its id to itself and to who runs the server.
                if (by != ROOT && by != who) || self.suspended.contains(&who) || !self.fits(role, place) {
                    return Err(INVALID);
                }
                self.give(Holder::Person(who), role, place);
                Ok(())
            }
            Deed::SetRoles { place, who, ref roles } => {
                let held = self.require_live(by, place, "manage:{}User")?;
                let roles = self.grantable(&held, place, roles)?;
                self.replace_roles(&held, place, who, &roles)
            }
            Deed::Remove { place, who, force } => {
                if place.workspace.is_none() {
                    return self.remove_from_organization(by, place.organization, who, force);
                }
                let held = self.require_live(by, place, "manage:WorkspaceUser")?;
                self.replace_roles(&held, place, who, &BTreeSet::new())
            }
            Deed::Invite { place, who, ref roles } => {
                let held = self.require_live(by, place, "manage:{}Invitation")?;
                let roles = self.grantable(&held, place, roles)?;
                self.invite(by, place, who, roles)
            }
            Deed::Accept { organization, invitation, secret } => {
                self.require_answerable(by, organization, invitation)?;
                if secret == SecretShown::Wrong {
                    return Err(INVALID);
                }
                self.require_standing_offer(invitation)?;
                let place = self.invitations[invitation].place;
                for role in self.offered(invitation).collect::<Vec<_>>() {
                    self.give(Holder::Person(by), role, place);
                }
                self.end_invitation(invitation);
                Ok(())
            }
            Deed::Decline { organization, invitation } => {
                self.require_answerable(by, organization, invitation)?;
                self.end_invitation(invitation);
                Ok(())
            }
            Deed::Resend { organization, invitation } => self.resend(by, organization, invitation),
            Deed::Cancel { place, invitation } => {
                self.require_live(by, place, "manage:{}Invitation")?;
                let here = self.invitations.get(invitation).is_some_and(|found| found.place == place);
                if !here || !self.is_open(invitation) {
                    return Err(NOT_FOUND);
                }
                self.end_invitation(invitation);
                Ok(())
            }
            Deed::Suspend { who, suspended } => {
                if by != ROOT {
                    return Err(FORBIDDEN);
                }
                if suspended {
                    self.suspended.insert(who)
                } else {
                    self.suspended.remove(&who)
                };
                Ok(())
            }
            Deed::Wait { days, sweep: _ } => {
                self.today += days;
                Ok(())
            }
        }
    }

    // Organizations.

    /// A name is unique among the live organizations, ignoring case, and no organization's key is another's name.
    fn require_free_organization_name(&self, name: &str, but: Option<usize>) -> Outcome {
        let numbered = self.organizations.iter().enumerate().filter(|(number, _)| Some(*number) != but);
        let mut live = numbered.map(|(_, found)| found).filter(|found| !found.deleted);
        let taken = live.any(|found| fold(found.name) == fold(name) || found.key == fold(name));
        if taken { Err((Kind::AlreadyExists, "organization.name_taken")) } else { Ok(()) }
    }

    fn free_organization_key(&self, wanted: &str) -> String {
        let taken = |found: &Organization, key: &str| found.key == key || fold(found.name) == key;
        numbered(wanted, |key| !self.organizations.iter().any(|found| !found.deleted && taken(found, key)))
    }

    /// Everybody may have organizations. Each begins with a default workspace, and its owner owns both.
    fn create_organization(&mut self, owner: Who, name: &'static str) -> Outcome {
        self.require_free_organization_name(name, None)?;
        let key = self.free_organization_key(&fold(name));
        let number = self.organizations.len();
        self.organizations.push(Organization { name, key, owner, deleted: false });
        self.give(Holder::Person(owner), OWNER, Place::organization(number));
        self.make_workspace(number, "Default", owner, true)
    }

    /// The new owner gets the owner's role, and must belong to the organization. The former one keeps the role.
    fn transfer(&mut self, by: Who, organization: usize, to: Who) -> Outcome {
        let place = Place::organization(organization);
        let held = self.require(by, place, "transfer:Organization")?;
        if to == self.organizations[organization].owner {
            return Ok(());
        }
        self.require_to_hold(&held, OWNER)?;
        if !self.belongs(to, organization) || self.suspended.contains(&to) {
            return Err(INVALID);
        }
        self.organizations[organization].owner = to;
        self.give(Holder::Person(to), OWNER, place);
        Ok(())
    }

    fn restore_organization(&mut self, by: Who, organization: usize) -> Outcome {
        let place = Place::organization(organization);
        if self.live_organization(organization) {
            self.require(by, place, "delete:Organization")?;
            return Err((Kind::AlreadyExists, "organization.not_deleted"));
        }
        let Some(Organization { name, key, .. }) = self.organizations.get(organization) else {
            return Err(HIDDEN);
        };
        if !self.held(by, place).contains("delete:Organization") {
            return Err(HIDDEN);
        }
        self.require_free_organization_name(name, None)?;
        let key = self.free_organization_key(key);
        let restored = &mut self.organizations[organization];
        restored.key = key;
        restored.deleted = false;
        Ok(())
    }

    // Workspaces.

    fn live_workspaces(&self, organization: usize) -> impl Iterator<Item = (usize, &Workspace)> {
        let numbered = self.workspaces.iter().enumerate();
        numbered.filter(move |(_, found)| found.organization == organization && !found.deleted)
    }

    /// A name is unique among the live workspaces of an organization, ignoring case.
    fn require_free_workspace_name(&self, organization: usize, name: &str, but: Option<usize>) -> Outcome {
        let mut others = self.live_workspaces(organization).filter(|(number, _)| Some(*number) != but);
        let taken = others.any(|(_, found)| fold(found.name) == fold(name));
        if taken { Err((Kind::AlreadyExists, "workspace.name_taken")) } else { Ok(()) }
    }

    fn free_workspace_key(&self, organization: usize, wanted: &str) -> String {
        numbered(wanted, |key| !self.live_workspaces(organization).any(|(_, found)| found.key == key))
    }

    fn make_workspace(
        &mut self,
        organization: usize,
        name: &'static str,
        owner: Who,
        is_default: bool,
    ) -> Outcome {
        self.require_free_workspace_name(organization, name, None)?;
        let key = self.free_workspace_key(organization, &fold(name));
        let number = self.workspaces.len();
        self.workspaces.push(Workspace { organization, name, key, is_default, deleted: false });
        self.give(Holder::Person(owner), WORKSPACE_OWNER, Place::workspace(organization, number));
        Ok(())
    }

    /// The default workspace stays. What others have a role in, or are invited to, needs force.
    fn delete_workspace(&mut self, by: Who, place: Place, force: bool) -> Outcome {
        self.require_live(by, place, "delete:Workspace")?;
        let number = workspace(place);
        if self.workspaces[number].is_default {
            return Err((Kind::Precondition, "workspace.default"));
        }
        let of_others = |grant: &Grant| match grant.holder {
            Holder::Person(who) => who != by,
            Holder::Invitation(_) => false,
        };
        let invited = (0..self.invitations.len())
            .any(|invitation| self.invitations[invitation].place == place && self.is_open(invitation));
        let in_use = self.grants.iter().any(|grant| grant.place == place && of_others(grant)) || invited;
        if in_use && !force {
            return Err((Kind::Precondition, "workspace.in_use"));
        }
        self.workspaces[number].deleted = true;
        Ok(())
    }
}

/// The workspace of a place that was found to be one.
fn workspace(place: Place) -> usize {
    place.workspace.expect("the place is a workspace")
}
