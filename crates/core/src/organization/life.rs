//! Use cases of an organization's life: who owns it, its preferences, its end and its return.

use super::Organization;
use super::service::{free_key, hand_over, require_room};
use crate::Core;
use crate::audit::{Act, Target};
use crate::authz::{self, OrganizationRef, OrganizationScope, View, Writable};
use crate::caller::Caller;
use crate::credential;
use crate::error::{Error, Kind, Result};
use crate::ids::{OrganizationId, PrincipalId};
use crate::permission::Permission;
use crate::preferences::PreferencesChange;
use crate::store::Session;
use crate::version::{self, Seen, Versions};

impl Core {
    /// One organization: a live one for who may know it, a deleted one by its id for who may restore it.
    pub async fn find_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
    ) -> Result<Organization> {
        self.store()
            .point((caller.clone(), organization), |session, (caller, organization)| {
                Box::pin(async move {
                    let found = match authz::enter(session, caller, organization, View::Both).await {
                        Ok(scope) => session.find_organization(&scope).await?,
                        Err(error) if error.kind == Kind::Hidden => {
                            let scope = authz::require_deleted(session, caller, organization).await?;
                            session.find_deleted_organization(&scope).await?
                        }
                        Err(error) => return Err(error),
                    };
                    found.ok_or_else(|| Error::hidden("organization"))
                })
            })
            .await
    }

    /// Makes another user of the organization its owner. The former owner keeps the owner's role.
    pub async fn transfer_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        owner: PrincipalId,
        expected_version: Option<Versions>,
    ) -> Result<Organization> {
        let data = (self.act(caller), organization, owner, expected_version, self.settings().clone());
        self.store()
            .write(data, |session, (act, organization, owner, expected, settings)| {
                Box::pin(async move {
                    session.lock_organization(OrganizationId::SERVER).await?;
                    let needed = Permission::TransferOrganization;
                    let (scope, mut found) = live(session, act, needed, organization).await?;
                    version::require(Seen::Organization, found.version, expected.as_ref())?;
                    if *owner != found.owner {
                        hand_over(session, act, &scope, &mut found, (*owner, settings)).await?;
                    }
                    let new_owner = Target::new("principal", owner.as_uuid());
                    save(session, act, &scope, found, ("organization.transfer", Some(new_owner))).await
                })
            })
            .await
    }

    /// The organization, for its preferences.
    pub async fn get_organization_preferences(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
    ) -> Result<Organization> {
        self.store()
            .point((caller.clone(), organization), |session, (caller, organization)| {
                Box::pin(async move {
                    let needed = Permission::ReadOrganizationPreferences;
                    let scope = authz::require(session, caller, needed, organization, View::Both).await?;
                    session.find_organization(&scope).await?.ok_or_else(|| Error::hidden("organization"))
                })
            })
            .await
    }

    /// Changes the preferences of an organization.
    pub async fn update_organization_preferences(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        change: PreferencesChange,
        expected_version: Option<Versions>,
    ) -> Result<Organization> {
        let most = self.settings().invitation_seconds;
        let data = (self.act(caller), organization, change, expected_version, most);
        self.store()
            .write(data, |session, (act, organization, change, expected, most)| {
                Box::pin(async move {
                    let needed = Permission::UpdateOrganizationPreferences;
                    let (scope, mut found) = live(session, act, needed, organization).await?;
                    version::require(Seen::Organization, found.version, expected.as_ref())?;
                    found.preferences = change.apply(&found.preferences)?;
                    if change.invitation_days.is_some() {
                        found.preferences.check_invitation_days(*most)?;
                    }
                    save(session, act, &scope, found, ("organization_preferences.update", None)).await
                })
            })
            .await
    }

    /// Deletes an organization: its name and key are free at once, and whatever belongs to it is out of reach. While it
    /// has workspaces besides its default one it needs `force`.
    pub async fn delete_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        expected_version: Option<Versions>,
        force: bool,
    ) -> Result<Organization> {
        let data = (self.act(caller), organization, expected_version, force);
        self.store()
            .write(data, |session, (act, organization, expected, force)| {
                Box::pin(async move {
                    session.lock_organization(OrganizationId::SERVER).await?;
                    let needed = Permission::DeleteOrganization;
                    let (scope, mut found) = live(session, act, needed, organization).await?;
                    version::require(Seen::Organization, found.version, expected.as_ref())?;
                    if !force && session.count_workspaces_made(&scope).await? > 0 {
                        return Err(Error::new(
                            Kind::Precondition,
                            "organization.in_use",
                            "the organization has workspaces; use force to delete it all the same",
                        ));
                    }
                    found.deleted_at = Some(act.now);
                    credential::revoke_service_accounts(session, &scope, act.now).await?;
                    save(session, act, &scope, found, ("organization.delete", None)).await
                })
            })
            .await
    }

    /// Restores a deleted organization with everything in it but the keys of its service accounts, which ended with it.
    /// Its name must be free; a key that was taken meanwhile gets the next free number.
    pub async fn undelete_organization(
        &self,
        caller: &Caller,
        organization: OrganizationRef,
        expected_version: Option<Versions>,
    ) -> Result<Organization> {
        let data = (self.act(caller), organization, expected_version, self.settings().clone());
        self.store()
            .write(data, |session, (act, organization, expected, settings)| {
                Box::pin(async move {
                    let server = authz::server_change(session, &act.caller).await?;
                    if authz::enter(session, &act.caller, organization, View::Both).await.is_ok() {
                        authz::require(
                            session,
                            &act.caller,
                            Permission::DeleteOrganization,
                            organization,
                            View::Both,
                        )
                        .await?;
                        return Err(Error::new(
                            Kind::AlreadyExists,
                            "organization.not_deleted",
                            "the organization is not deleted",
                        ));
                    }
                    let scope = authz::require_deleted_change(session, &act.caller, organization).await?;
                    let found = session.find_deleted_organization(&scope).await?;
                    let mut found = found.ok_or_else(|| Error::hidden("organization"))?;
                    version::require(Seen::Organization, found.version, expected.as_ref())?;
                    require_room(session, found.owner, settings).await?;
                    let first = found.key.clone();
                    found.key = free_key(session, &server, None, first, &found.name).await?;
                    found.deleted_at = None;
                    save(session, act, &scope, found, ("organization.undelete", None)).await
                })
            })
            .await
    }
}

async fn live(
    session: &dyn Session,
    act: &Act,
    needed: Permission,
    organization: &OrganizationRef,
) -> Result<(Writable<OrganizationScope>, Organization)> {
    let scope = authz::require_change(session, &act.caller, needed, organization, View::Both).await?;
    let found = session.find_organization(&scope).await?;
    Ok((scope, found.ok_or_else(|| Error::hidden("organization"))?))
}

async fn save(
    session: &dyn Session,
    act: &Act,
    scope: &Writable<OrganizationScope>,
    mut organization: Organization,
    (action, also): (&'static str, Option<Target>),
) -> Result<Organization> {
    organization.version += 1;
    organization.updated_at = act.now;
    session.update_organization(scope, &organization).await?;
    let targets = [Target::new("organization", organization.id.as_uuid())].into_iter().chain(also).collect();
    act.record(session, organization.id, action, targets).await?;
    Ok(organization)
}
