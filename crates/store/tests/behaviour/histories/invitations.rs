//! The rules of invitations.

use std::collections::BTreeSet;

use tenantry_core::error::Kind;

use super::model::{
    DAYS, HIDDEN, Holder, Invitation, MEMBER, Model, NOT_FOUND, Outcome, Place, Refusal, RoleName, Who,
};

const INVITED: Refusal = (Kind::AlreadyExists, "invitation.pending");
/// Answered, withdrawn, expired, or there is nothing to enter any more.
const CLOSED: Refusal = (Kind::Precondition, "invitation.closed");
/// Who made the invitation may not offer this any more.
const INVITER: Refusal = (Kind::Precondition, "invitation.inviter");

impl Model {
    /// An address has one open invitation to a place at most. Whoever may see who has a role is told that the invitee
    /// has one.
    pub(super) fn invite(&mut self, by: Who, place: Place, to: Who, roles: BTreeSet<RoleName>) -> Outcome {
        let same = |invitation: &Invitation| (invitation.place, invitation.to) == (place, to);
        let numbered = self.invitations.iter().enumerate();
        if numbered.filter(|(_, found)| same(found)).any(|(number, _)| self.is_open(number)) {
            return Err(INVITED);
        }
        let sees_users = self.require_live(by, place, "read:{}User").is_ok();
        if sees_users && self.grants_of(to, place).next().is_some() {
            return Err(MEMBER);
        }
        let number = self.invitations.len();
        self.invitations.push(Invitation { place, to, by, pending: true, ends: self.today + DAYS });
        for role in roles {
            self.give(Holder::Invitation(number), role, place);
        }
        Ok(())
    }

    /// An invitation ends once, and offers nothing from then on.
    pub(super) fn end_invitation(&mut self, invitation: usize) {
        self.invitations[invitation].pending = false;
        self.grants.retain(|grant| grant.holder != Holder::Invitation(invitation));
    }

    /// Only who is signed in with its address can answer an invitation, or knows of it.
    pub(super) fn require_answerable(&self, by: Who, organization: usize, invitation: usize) -> Outcome {
        let found = self.invitations.get(invitation);
        let own = found.is_some_and(|found| found.place.organization == organization && found.to == by);
        if !self.live_organization(organization) || !own {
            return Err(HIDDEN);
        }
        if self.is_open(invitation) { Ok(()) } else { Err(CLOSED) }
    }

    /// What its maker may not offer any more is not given, nor is what there is no workspace for.
    pub(super) fn require_standing_offer(&self, invitation: usize) -> Outcome {
        let Invitation { place, by, .. } = self.invitations[invitation];
        if !self.live_workspace(place) {
            return Err(CLOSED);
        }
        let held = self.held(by, place);
        let may_invite = match place.workspace {
            None => ["manage:OrganizationInvitation", "manage:OrganizationUser"],
            Some(_) => ["manage:WorkspaceInvitation", "manage:WorkspaceUser"],
        };
        let stands = may_invite.iter().any(|right| held.contains(right));
        if stands && self.offered(invitation).all(|role| held.is_superset(&self.rights_of(role))) {
            Ok(())
        } else {
            Err(INVITER)
        }
    }

    /// An invitation gets all its time again from who may invite in the organization, or to the workspace that it is for,
    /// and answers for it from then on.
    pub(super) fn resend(&mut self, by: Who, organization: usize, invitation: usize) -> Outcome {
        let whole = Place::organization(organization);
        let found = self.invitations.get(invitation);
        let place = found.map(|found| found.place).filter(|place| place.organization == organization);
        let of_organization = self.require(by, whole, "manage:OrganizationInvitation");
        let held = match (of_organization, place) {
            (Ok(_), None) => return Err(NOT_FOUND),
            (Ok(held), Some(place)) if place == whole => held,
            (Ok(_), Some(place)) => self.require_live(by, place, "manage:WorkspaceInvitation")?,
            (Err(HIDDEN), _) => return Err(HIDDEN),
            (Err(refused), None) => return Err(refused),
            (Err(refused), Some(place)) => {
                self.require_live(by, place, "manage:{}Invitation").map_err(|_| refused)?
            }
        };
        if !self.is_open(invitation) {
            return Err(CLOSED);
        }
        for role in self.offered(invitation) {
            self.require_to_hold(&held, role)?;
        }
        self.invitations[invitation].by = by;
        self.invitations[invitation].ends = self.today + DAYS;
        Ok(())
    }
}
