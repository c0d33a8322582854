//! The same deeds and the same questions, asked of the core.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use tenantry_core::authz::{OrganizationRef, Place as CorePlace, View as CoreView, WorkspaceRef};
use tenantry_core::caller::Caller;
use tenantry_core::clock::Clock;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::{Added, Person, RoleName as CoreRoleName};
use tenantry_core::ids::{InvitationId, OrganizationId, PrincipalId, RoleId, WorkspaceId};
use tenantry_core::invitation::InvitationField;
use tenantry_core::organization::{
    NewOrganization, OrganizationChange, OrganizationField, OrganizationQuery,
};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::principal::UserField;
use tenantry_core::resource::ContentRights;
use tenantry_core::role::{NewRole, RoleChange, RoleField};
use tenantry_core::workspace::{Deleted, WorkspaceChange, WorkspaceQuery};
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use super::deeds::{Deed, Named, SecretShown};
use super::model::{Outcome, PEOPLE, Place, ROOT, Refusal, Rights, RoleName, View, Who};
use crate::asking::{called, every_workspace, first_page};

/// A core, and what has which number in one history.
pub(super) struct World<'a> {
    core: &'a TestCore,
    /// Stands before the names of organizations, which are unique on the server.
    prefix: String,
    pub(super) people: Vec<Member>,
    organizations: Vec<OrganizationId>,
    workspaces: Vec<WorkspaceId>,
    roles: Vec<RoleId>,
    invitations: Vec<Sent>,
}

/// An invitation and its secrets, the newest last.
struct Sent {
    id: InvitationId,
    secrets: Vec<String>,
}

fn refusal(error: &Error) -> Refusal {
    (error.kind, error.reason)
}

fn rights(set: PermissionSet) -> Rights {
    set.iter().map(Permission::name).collect()
}

fn permissions(rights: &[&'static str]) -> PermissionSet {
    rights.iter().filter_map(|name| Permission::from_name(name)).collect()
}

/// What a number stands for that nothing has.
const NOTHING: Uuid = Uuid::from_u128(1);

impl<'a> World<'a> {
    /// A world without organizations, and with new people in it.
    pub(super) async fn new(core: &'a TestCore, root: &Member, number: u32) -> Self {
        let mut people = vec![root.clone()];
        for who in 1..PEOPLE {
            people.push(core.user(root, &format!("h{number}-p{who}")).await);
        }
        // Guesses at invitations are counted by source, and the worlds of a run come one after the other.
        for person in &mut people {
            person.caller.source = Some(Ipv4Addr::from_bits(0x0a00_0000 + number).into());
        }
        Self {
            core,
            prefix: format!("H{number}-"),
            people,
            organizations: Vec::new(),
            workspaces: Vec::new(),
            roles: Vec::new(),
            invitations: Vec::new(),
        }
    }

    fn organization(&self, number: usize) -> OrganizationRef {
        OrganizationRef::Id(
            self.organizations.get(number).copied().unwrap_or_else(|| OrganizationId::from_uuid(NOTHING)),
        )
    }

    fn target(&self, place: Place) -> (OrganizationRef, WorkspaceRef) {
        let id = place.workspace.and_then(|number| self.workspaces.get(number).copied());
        let workspace = id.unwrap_or_else(|| WorkspaceId::from_uuid(NOTHING));
        (self.organization(place.organization), WorkspaceRef::Id(workspace))
    }

    fn place(&self, place: Place) -> CorePlace {
        match place.workspace {
            None => self.organization(place.organization).into(),
            Some(_) => self.target(place).into(),
        }
    }

    fn role(&self, role: RoleName) -> CoreRoleName {
        match role {
            RoleName::Builtin(word) => CoreRoleName::Builtin(builtin(word)),
            RoleName::Custom(number) => CoreRoleName::Id(
                self.roles.get(number).copied().unwrap_or_else(|| RoleId::from_uuid(NOTHING)),
            ),
        }
    }

    fn roles(&self, roles: &[RoleName]) -> Vec<CoreRoleName> {
        roles.iter().map(|role| self.role(*role)).collect()
    }

    fn id(&self, who: Who) -> PrincipalId {
        self.people[who].id()
    }

    fn address(&self, who: Who) -> String {
        // Addresses compare without case.
        if who == ROOT { "Root@example.org".to_owned() } else { format!("{}P{who}@example.org", self.prefix) }
    }

    fn invitation_id(&self, number: usize) -> InvitationId {
        self.invitations.get(number).map_or_else(|| InvitationId::from_uuid(NOTHING), |sent| sent.id)
    }

    fn secret(&self, number: usize, shown: SecretShown) -> Option<String> {
        let secrets = self.invitations.get(number).map(|sent| sent.secrets.as_slice()).unwrap_or_default();
        match shown {
            SecretShown::None => None,
            SecretShown::Right => secrets.last().cloned(),
            // The one before it was sent again, if it was.
            SecretShown::Wrong => Some(match secrets {
                [.., former, _] => former.clone(),
                _ => "wrong".to_owned(),
            }),
        }
    }

    /// Asks for the deed.
    pub(super) async fn apply(&mut self, by: Who, deed: &Deed) -> Outcome {
        self.ask(by, deed).await.map_err(|error| refusal(&error))
    }

    async fn ask(&mut self, by: Who, deed: &Deed) -> Result<()> {
        let core = self.core;
        let caller = self.people[by].caller.clone();
        let caller = &caller;
        match *deed {
            Deed::CreateOrganization { name } => self.create_organization(caller, name).await,
            Deed::RenameOrganization { organization, name } => {
                let change = OrganizationChange {
                    name: Some(format!("{}{name}", self.prefix)),
                    ..OrganizationChange::default()
                };
                core.update_organization(caller, self.organization(organization), change).await.map(drop)
            }
            Deed::Transfer { organization, to } => {
                let organization = self.organization(organization);
                core.transfer_organization(caller, organization, self.id(to), None).await.map(drop)
            }
            Deed::DeleteOrganization { organization, force } => {
                let organization = self.organization(organization);
                core.delete_organization(caller, organization, None, force).await.map(drop)
            }
            Deed::RestoreOrganization { organization } => {
                core.undelete_organization(caller, self.organization(organization), None).await.map(drop)
            }
            Deed::CreateWorkspace { organization, name } => {
                let made = core.create_workspace(caller, self.organization(organization), called(name));
                self.workspaces.push(made.await?.seen.workspace.id);
                Ok(())
            }
            Deed::RenameWorkspace { place, name } => {
                let change = WorkspaceChange { name: Some(name.to_owned()), ..WorkspaceChange::default() };
                core.update_workspace(caller, self.target(place), change).await.map(drop)
            }
            Deed::DeleteWorkspace { place, force } => {
                core.delete_workspace(caller, self.target(place), None, force).await.map(drop)
            }
            Deed::RestoreWorkspace { place } => {
                core.undelete_workspace(caller, self.target(place), None, None).await.map(drop)
            }
            Deed::CreateRole { place, of_workspaces, title, rights: ref held } => {
                let new = NewRole {
                    id: None,
                    level: if of_workspaces { Level::Workspace } else { Level::Organization },
                    title: title.to_owned(),
                    description: None,
                    permissions: permissions(held),
                    content: ContentRights::NONE,
                };
                self.roles.push(core.create_role(caller, self.place(place), new).await?.id);
                Ok(())
            }
            Deed::ChangeRole { place, role, title, rights: ref held } => {
                let change = RoleChange {
                    title: Some(title.to_owned()),
                    permissions: held.as_deref().map(permissions),
                    ..RoleChange::default()
                };
                core.update_role(caller, self.place(place), self.role(role), change).await.map(drop)
            }
            Deed::DeleteRole { place, role, force } => {
                core.delete_role(caller, self.place(place), self.role(role), None, force).await
            }
            Deed::Add { place, who, named, ref roles } => {
                let person = match named {
                    Named::ById => Person::Id(self.id(who)),
                    Named::ByAddress => Person::Email { email: self.address(who), display_name: None },
                };
                let added = core.add_user(caller, self.place(place), person, self.roles(roles)).await?;
                if let Added::Invited(invitation, secret) = added {
                    self.sent(invitation.id, secret.unwrap().expose());
                }
                Ok(())
            }
            Deed::Join { organization, who, role } => {
                let RoleName::Builtin(word) = role else { unreachable!("only built-in roles are joined by") };
                let organization = self.organization(organization);
                core.add_organization_user(caller, organization, self.id(who), builtin(word)).await
            }
            Deed::SetRoles { place, who, ref roles } => {
                let roles = self.roles(roles);
                core.update_user(caller, self.place(place), self.id(who), roles, None).await.map(drop)
            }
            Deed::Remove { place, who, force } => match place.workspace {
                None => {
                    let organization = self.organization(place.organization);
                    core.remove_organization_user(caller, organization, self.id(who), None, force)
                        .await
                        .map(drop)
                }
                Some(_) => core.remove_workspace_user(caller, self.target(place), self.id(who), None).await,
            },
            Deed::Invite { place, who, ref roles } => {
                let roles = self.roles(roles);
                let invited = core.invite(caller, self.place(place), self.address(who), roles).await;
                let (invitation, secret) = invited?;
                self.sent(invitation.id, secret.unwrap().expose());
                Ok(())
            }
            Deed::Accept { organization, invitation, secret } => {
                let secret = self.secret(invitation, secret);
                let id = self.invitation_id(invitation);
                core.accept_invitation(caller, self.organization(organization), id, secret).await.map(drop)
            }
            Deed::Decline { organization, invitation } => {
                let id = self.invitation_id(invitation);
                core.decline_invitation(caller, self.organization(organization), id, None).await.map(drop)
            }
            Deed::Resend { organization, invitation } => {
                let id = self.invitation_id(invitation);
                let resent = core.resend_invitation(caller, self.organization(organization), id).await?;
                self.invitations[invitation].secrets.push(resent.1.unwrap().expose().to_owned());
                Ok(())
            }
            Deed::Cancel { place, invitation } => {
                core.cancel_invitation(caller, self.place(place), self.invitation_id(invitation)).await
            }
            Deed::Suspend { who, suspended } => core.set_suspended(caller, self.id(who), suspended).await,
            Deed::Wait { days, sweep } => {
                core.clock().advance_seconds(i64::from(days) * 24 * 60 * 60);
                if sweep { core.expire_invitations().await.map(drop) } else { Ok(()) }
            }
        }
    }

    async fn create_organization(&mut self, caller: &Caller, name: &str) -> Result<()> {
        let new = NewOrganization { name: format!("{}{name}", self.prefix), ..NewOrganization::default() };
        let made = self.core.create_organization(caller, new).await?;
        self.organizations.push(made.id);
        let list = self.core.list_workspaces(caller, OrganizationRef::Id(made.id), every_workspace()).await?;
        self.workspaces.extend(list.page.items.into_iter().map(|seen| seen.workspace.id));
        Ok(())
    }

    fn sent(&mut self, id: InvitationId, secret: &str) {
        self.invitations.push(Sent { id, secrets: vec![secret.to_owned()] });
    }

    // What everybody is shown, in the words of the model.

    fn caller(&self, who: Who) -> &Caller {
        &self.people[who].caller
    }

    fn number<T: PartialEq>(all: &[T], id: &T) -> usize {
        all.iter().position(|known| known == id).expect("it was made in this history")
    }

    fn who(&self, id: PrincipalId) -> Who {
        self.people.iter().position(|member| member.id() == id).expect("it is one of these people")
    }

    /// Whether the person is let in.
    pub(super) async fn authenticate(&self, who: Who) -> Outcome {
        self.core.authenticate(&self.people[who].token).await.map(drop).map_err(|error| refusal(&error))
    }

    pub(super) async fn organizations(
        &self,
        who: Who,
    ) -> Outcome<BTreeSet<(usize, String, String, Who, bool)>> {
        let page = first_page(vec![Order::ascending(OrganizationField::Name)]);
        // Who runs the server sees those of other histories too.
        let filter =
            Filter::Is(OrganizationField::Name, Test::Like(vec![self.prefix.clone(), String::new()]));
        let query = OrganizationQuery { view: CoreView::Both, deleted: Deleted::Show, filter, page };
        let list = self.core.list_organizations(self.caller(who), query).await;
        let list = list.map_err(|error| refusal(&error))?.page.items.into_iter();
        Ok(list
            .map(|found| {
                let number = Self::number(&self.organizations, &found.id);
                let name = found.name[self.prefix.len()..].to_owned();
                let key = found.key[self.prefix.len()..].to_owned();
                (number, name, key, self.who(found.owner), found.deleted_at.is_some())
            })
            .collect())
    }

    pub(super) async fn held_at(&self, who: Who, place: Place) -> Outcome<BTreeSet<String>> {
        let held = match place.workspace {
            None => {
                self.core.held_in_organization(self.caller(who), self.organization(place.organization)).await
            }
            Some(_) => self.core.held_in_workspace(self.caller(who), self.target(place)).await,
        };
        let held = held.map_err(|error| refusal(&error))?;
        Ok(held.iter().map(|permission| permission.name().to_owned()).collect())
    }

    pub(super) async fn workspaces(
        &self,
        who: Who,
        organization: usize,
        view: View,
    ) -> Outcome<BTreeSet<(usize, String, String, bool, Option<Rights>)>> {
        let view = match (view.own_roles, view.administered) {
            (true, false) => CoreView::OwnRoles,
            (false, true) => CoreView::Administered,
            _ => CoreView::Both,
        };
        let query = WorkspaceQuery { view, deleted: Deleted::Show, ..every_workspace() };
        let list = self.core.list_workspaces(self.caller(who), self.organization(organization), query).await;
        let list = list.map_err(|error| refusal(&error))?.page.items.into_iter();
        Ok(list
            .map(|seen| {
                let found = seen.workspace;
                let number = Self::number(&self.workspaces, &found.id);
                (number, found.name, found.key, found.deleted_at.is_some(), seen.own.map(rights))
            })
            .collect())
    }

    pub(super) async fn users(&self, who: Who, place: Place) -> Outcome<BTreeSet<(Who, BTreeSet<String>)>> {
        let page = first_page(vec![Order::ascending(UserField::DisplayName)]);
        let query = ListQuery { filter: Filter::All, page };
        let list = self.core.list_users(self.caller(who), self.place(place), query).await;
        let list = list.map_err(|error| refusal(&error))?.items.into_iter();
        Ok(list
            .map(|found| (self.who(found.user.id), found.roles.into_iter().map(|role| role.title).collect()))
            .collect())
    }

    pub(super) async fn custom_roles(&self, who: Who, place: Place) -> Outcome<BTreeSet<(usize, Rights)>> {
        let page = first_page(vec![Order::ascending(RoleField::CreatedAt)]);
        let list = self.core.list_roles(self.caller(who), self.place(place), BuiltinRole::word, page).await;
        let list = list.map_err(|error| refusal(&error))?.items.into_iter();
        let custom = list.filter(|role| role.builtin.is_none());
        Ok(custom.map(|role| (Self::number(&self.roles, &role.id), rights(role.permissions))).collect())
    }

    pub(super) async fn open_invitations(
        &self,
        who: Who,
        place: Place,
    ) -> Outcome<BTreeSet<(usize, Who, Who)>> {
        let page = first_page(vec![Order::ascending(InvitationField::CreatedAt)]);
        let list = self.core.list_invitations(self.caller(who), self.place(place), page).await;
        let list = list.map_err(|error| refusal(&error))?.items.into_iter();
        Ok(list
            .map(|found| {
                let number = self.invitations.iter().position(|sent| sent.id == found.id);
                let to = (0..PEOPLE).find(|who| self.address(*who) == found.email);
                (number.expect("it was made"), to.expect("it is to one of these"), self.who(found.invited_by))
            })
            .collect())
    }

    pub(super) async fn invitation(
        &self,
        who: Who,
        organization: usize,
        number: usize,
    ) -> Outcome<Option<BTreeSet<String>>> {
        let organization = self.organization(organization);
        let found =
            self.core.get_invitation(self.caller(who), organization, self.invitation_id(number)).await;
        let found = found.map_err(|error| refusal(&error))?;
        let offered = found.roles.into_iter().map(|role| role.title).collect();
        Ok(found.invitation.is_open(self.core.clock().now()).then_some(offered))
    }
}

fn builtin(word: &str) -> BuiltinRole {
    BuiltinRole::from_word(word).expect("it is the word of a built-in role")
}
