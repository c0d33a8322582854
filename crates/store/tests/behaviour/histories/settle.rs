//! What the numbers of a drawn step stand for, given what there is by then.
//!
//! Most steps are ones that could succeed: asked for by somebody who knows the organization, about things that belong
//! together and are in the state for it. Strays take anybody and anything.

use super::deeds::{Deed, Step};
use super::model::{Model, PEOPLE, Place, ROOT, RoleName, Who};

/// One of so many things that suits, or else any; of nothing, what there is none of.
fn pick(drawn: usize, count: usize, suits: impl Fn(usize) -> bool) -> usize {
    let suiting: Vec<_> = (0..count).filter(|number| suits(*number)).collect();
    match (suiting.len(), count) {
        (0, 0) => usize::MAX,
        (0, all) => drawn % all,
        (some, _) => suiting[drawn % some],
    }
}

impl Step {
    /// The step with numbers of what there is.
    pub(super) fn settle(mut self, model: &Model) -> Self {
        let choice = Choice { model, stray: self.stray };
        let place = match &mut self.deed {
            Deed::CreateOrganization { .. } | Deed::Wait { .. } => return self,
            Deed::Suspend { .. } => {
                self.by = if self.stray { self.by } else { ROOT };
                return self;
            }
            Deed::RenameOrganization { organization, .. }
            | Deed::DeleteOrganization { organization, .. }
            | Deed::CreateWorkspace { organization, .. } => choice.organization(organization, false),
            Deed::RestoreOrganization { organization } => choice.organization(organization, true),
            Deed::Transfer { organization, to } => {
                let at = choice.organization(organization, false);
                *to = choice.person(*to, |who| model.belongs(who, at.organization));
                at
            }
            Deed::RenameWorkspace { place, .. } | Deed::DeleteWorkspace { place, .. } => {
                choice.place(place, false)
            }
            Deed::RestoreWorkspace { place } => choice.place(place, true),
            Deed::CreateRole { place, of_workspaces, rights, .. } => {
                choice.place(place, false);
                *of_workspaces |= place.workspace.is_some() && !self.stray;
                rights.retain(|right| self.stray || model.can_be_held(right, *of_workspaces));
                *place
            }
            Deed::ChangeRole { place, role, .. } | Deed::DeleteRole { place, role, .. } => {
                choice.place(place, false);
                choice.custom_role(place, role)
            }
            Deed::Join { organization, role, .. } => {
                let at = choice.organization(organization, false);
                choice.role(at, role);
                at
            }
            Deed::Add { place, who, roles, .. } | Deed::Invite { place, who, roles } => {
                let at = choice.place(place, false);
                *who = choice.person(*who, |who| model.grants_of(who, at).next().is_none());
                choice.roles(at, roles);
                at
            }
            Deed::SetRoles { place, who, roles } => {
                let at = choice.place(place, false);
                *who = choice.person(*who, |who| model.grants_of(who, at).next().is_some());
                choice.roles(at, roles);
                at
            }
            Deed::Remove { place, who, .. } => {
                let at = choice.place(place, false);
                *who = choice.person(*who, |who| model.grants_of(who, at).next().is_some());
                at
            }
            Deed::Accept { organization, invitation, .. } | Deed::Decline { organization, invitation } => {
                let at = choice.organization(organization, false);
                if let Some((at, to)) = choice.invitation(invitation) {
                    *organization = at.organization;
                    self.by = to;
                    return self;
                }
                at
            }
            Deed::Resend { organization, invitation } => {
                let at = choice.organization(organization, false);
                let at = choice.invitation(invitation).map_or(at, |(at, _)| at);
                *organization = at.organization;
                at
            }
            Deed::Cancel { place, invitation } => {
                choice.place(place, false);
                *place = choice.invitation(invitation).map_or(*place, |(at, _)| at);
                *place
            }
        };
        let knows = |who| who == ROOT || model.belongs(who, place.organization);
        self.by = choice.person(self.by, |who| knows(who) && !model.suspended.contains(&who));
        self
    }
}

/// What is taken from what there is.
struct Choice<'a> {
    model: &'a Model,
    stray: bool,
}

impl Choice<'_> {
    fn person(&self, drawn: Who, suits: impl Fn(Who) -> bool) -> Who {
        pick(drawn, PEOPLE, |who| self.stray || suits(who))
    }

    fn organization(&self, number: &mut usize, deleted: bool) -> Place {
        let all = &self.model.organizations;
        *number = pick(*number, all.len(), |number| self.stray || all[number].deleted == deleted);
        Place::organization(*number)
    }

    fn place(&self, place: &mut Place, deleted: bool) -> Place {
        let Some(number) = &mut place.workspace else {
            return self.organization(&mut place.organization, false);
        };
        let all = &self.model.workspaces;
        let reachable = |number: usize| self.model.live_organization(all[number].organization);
        let suits = |number: usize| all[number].deleted == deleted && reachable(number);
        *number = pick(*number, all.len(), |number| self.stray || suits(number));
        match all.get(*number) {
            Some(found) if !self.stray => place.organization = found.organization,
            _ => _ = self.organization(&mut place.organization, false),
        }
        *place
    }

    /// A role that can be granted at the place.
    fn role(&self, at: Place, role: &mut RoleName) {
        match role {
            RoleName::Builtin(word) if !self.stray => *word = counterpart(word, at),
            RoleName::Builtin(_) => {}
            RoleName::Custom(number) => {
                let suits = |number| self.stray || self.model.fits(RoleName::Custom(number), at);
                *number = pick(*number, self.model.roles.len(), suits);
            }
        }
    }

    fn roles(&self, at: Place, roles: &mut [RoleName]) {
        for role in roles {
            self.role(at, role);
        }
    }

    /// A custom role, and the place where it was made.
    fn custom_role(&self, place: &mut Place, role: &mut RoleName) -> Place {
        if let RoleName::Custom(number) = role {
            let all = &self.model.roles;
            *number = pick(*number, all.len(), |number| self.stray || !all[number].deleted);
            match all.get(*number) {
                Some(found) if !self.stray => *place = found.place,
                _ => {}
            }
        }
        *place
    }

    /// An invitation that can be answered: where it is to, and who is invited.
    fn invitation(&self, number: &mut usize) -> Option<(Place, Who)> {
        let all = &self.model.invitations;
        *number = pick(*number, all.len(), |number| self.stray || self.model.is_open(number));
        let found = all.get(*number).filter(|_| !self.stray);
        found.map(|found| (found.place, found.to))
    }
}

/// The role of about the same strength at the level of the place.
fn counterpart(word: &'static str, place: Place) -> &'static str {
    match (word, place.workspace.is_some()) {
        ("organization-owner", true) => "workspace-owner",
        ("organization-admin", true) => "workspace-editor",
        ("organization-member" | "organization-viewer", true) => "workspace-viewer",
        ("workspace-owner", false) => "organization-owner",
        ("workspace-editor", false) => "organization-admin",
        ("workspace-viewer", false) => "organization-member",
        _ => word,
    }
}
