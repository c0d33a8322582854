//! What is shared inside the server of a workspace is held like a role: nobody hands it out who does not hold it.

use tenantry_core::authz::OrganizationRef;
use tenantry_core::error::Result;
use tenantry_core::grant::{RoleName, Subject};
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::principal::NewServiceAccount;
use tenantry_core::resource::{Action, ContentRights, Resource, ResourceKind, ShareSubject};
use tenantry_core::role::NewRole;
use tenantry_core::service_account::{AccountSecret, NewAccountSecret, ServiceAccountChange};
use tenantry_core::team::TeamMemberId;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::reason;
use crate::content::{Scene, team};

on_both_engines!(
    who_puts_others_in_a_team_holds_what_is_shared_with_it,
    who_makes_keys_for_an_account_holds_what_is_shared_with_it,
);

const EXCEEDS: &str = "share.exceeds_own";
const ACTIONS: &[Action] = &[Action::Read, Action::Delete];

fn pipeline() -> Resource {
    let (project, id) = (Some(Uuid::from_u128(5)), Some(Uuid::from_u128(7)));
    Resource { project, kind: ResourceKind::Pipeline, id }
}

impl Scene {
    fn by(&self) -> OrganizationRef {
        OrganizationRef::Id(self.org)
    }

    /// A member of the organization who holds these permissions in it besides.
    async fn clerk(&self, name: &str, permissions: &[Permission]) -> Member {
        let (clerk, ann) = (self.member(name).await, &self.ann.caller);
        let new = NewRole {
            id: None,
            level: Level::Organization,
            title: name.to_owned(),
            description: None,
            permissions: permissions.iter().copied().collect::<PermissionSet>(),
            content: ContentRights::NONE,
        };
        let role = RoleName::Id(self.core.create_role(ann, self.by(), new).await.unwrap().id);
        let whose = Subject::Principal(clerk.id());
        self.core.assign_role(ann, self.by(), role, whose).await.unwrap();
        clerk
    }
}

async fn who_puts_others_in_a_team_holds_what_is_shared_with_it(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann, team) = (&scene.core, &scene.ann.caller, team(&scene).await);
    let permissions = [
        Permission::ReadOrganization,
        Permission::ReadOrganizationUsers,
        Permission::ReadOrganizationInvitations,
        Permission::ManageOrganizationInvitations,
        Permission::ReadTeams,
        Permission::ManageTeams,
    ];
    let clerk = scene.clerk("clerk", &permissions).await;
    let (own, bob) = (TeamMemberId::Principal(clerk.id()), TeamMemberId::Principal(scene.bob.id()));
    core.add_team_member(&clerk.caller, (scene.by(), team), bob).await.unwrap();
    // Who is invited comes into the team as well, and so answers for it who invites.
    let eve = core.user(&scene.root, "eve").await;
    let (invitation, _) = core.invite(ann, scene.by(), "eve@example.org".into(), vec![]).await.unwrap();
    core.add_team_member(ann, (scene.by(), team), TeamMemberId::Invitation(invitation.id)).await.unwrap();
    scene.share(pipeline(), ShareSubject::Team(team), ACTIONS).await;
    let refusals: [Result<()>; 5] = [
        core.add_team_member(&clerk.caller, (scene.by(), team), own).await.map(drop),
        core.remove_team_member(&clerk.caller, (scene.by(), team), bob).await,
        core.delete_team(&clerk.caller, scene.by(), team, None).await,
        core.resend_invitation(&clerk.caller, scene.by(), invitation.id).await.map(drop),
        core.add_team_member(&clerk.caller, (scene.by(), team), TeamMemberId::Invitation(invitation.id))
            .await
            .map(drop),
    ];
    for (number, refused) in refusals.into_iter().enumerate() {
        assert_eq!(reason(refused), EXCEEDS, "{number}");
    }
    let clerks = core.literal(clerk.id().as_uuid());
    core.sql(&format!("UPDATE invitations SET invited_by = {clerks}"));
    let accepted = core.accept_invitation(&eve.caller, scene.by(), invitation.id, None).await;
    assert_eq!(reason(accepted), "invitation.inviter");
    core.resend_invitation(ann, scene.by(), invitation.id).await.unwrap();
    core.accept_invitation(&eve.caller, scene.by(), invitation.id, None).await.unwrap();
    core.remove_team_member(ann, (scene.by(), team), bob).await.unwrap();
    // What is shared no longer is in nobody's way.
    scene.share(pipeline(), ShareSubject::Team(team), &[]).await;
    core.add_team_member(&clerk.caller, (scene.by(), team), own).await.unwrap();
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn who_makes_keys_for_an_account_holds_what_is_shared_with_it(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let permissions =
        [Permission::ReadOrganization, Permission::ReadServiceAccounts, Permission::ManageServiceAccounts];
    let clerk = scene.clerk("clerk", &permissions).await.caller;
    let new = NewServiceAccount::new("ci", BuiltinRole::OrganizationMember);
    let account = core.create_service_account(ann, scene.by(), new).await.unwrap().account.id;
    let key = || NewAccountSecret { title: "k".into(), ..NewAccountSecret::default() };
    let make = async |caller| {
        let whose = (scene.by(), account);
        core.create_account_secret(caller, whose, AccountSecret::ApiKey, key()).await.map(drop)
    };
    let in_team = team(&scene).await;
    for with in [ShareSubject::Principal(account), ShareSubject::Team(in_team)] {
        let member = TeamMemberId::Principal(account);
        core.add_team_member(ann, (scene.by(), in_team), member).await.unwrap();
        make(&clerk).await.unwrap();
        scene.share(pipeline(), with, ACTIONS).await;
        assert_eq!(reason(make(&clerk).await), EXCEEDS);
        let changed =
            core.update_service_account(&clerk, (scene.by(), account), ServiceAccountChange::default());
        assert_eq!(reason(changed.await), EXCEEDS);
        make(ann).await.unwrap();
        scene.share(pipeline(), with, &[]).await;
        core.remove_team_member(ann, (scene.by(), in_team), member).await.unwrap();
    }
}
