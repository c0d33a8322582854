//! Tenants: another one's real id is answered exactly as an id that nobody has: same kind, same reason, same text.

use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::error::{Kind, Result};
use tenantry_core::filter::{Filter, Test};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::{CredentialId, OrganizationId, PrincipalId, RoleId, WorkspaceId};
use tenantry_core::invitation::InvitationField;
use tenantry_core::organization::{OrganizationChange, OrganizationField, OrganizationQuery};
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::{NewServiceAccount, UserField};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::{NewRole, RoleField};
use tenantry_core::workspace::{Deleted, StatusReport, WorkspaceChange, WorkspaceField, WorkspaceQuery};
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::{called, every_workspace, first_page, kind, names, refusal};

on_both_engines!(
    other_tenants_targets_are_unknown,
    ids_in_bodies_and_filters_are_unknown,
    guests_see_their_workspace_only
);

/// Ann's organization with a workspace, an invitation and a role; Eve's own.
struct Estate {
    ann: Member,
    eve: Member,
    hers: (OrganizationId, WorkspaceId),
    eves: (OrganizationId, WorkspaceId),
    role: RoleId,
}

async fn estate(core: &TestCore) -> Estate {
    let root = core.root().await;
    let (ann, eve) = (core.user(&root, "ann").await, core.user(&root, "eve").await);
    let made = async |who: &Member, name: &str| {
        let org = core.organization(who, name).await.id;
        (org, core.workspace(who, org, "Plans").await.id)
    };
    let (hers, eves) = (made(&ann, "Anns").await, made(&eve, "Eves").await);
    let by = tenantry_testkit::estate::target(hers.0, hers.1);
    core.invite(&ann.caller, by, "x@example.org".into(), vec![]).await.unwrap();
    let role = NewRole {
        id: None,
        level: Level::Workspace,
        title: "Hers".into(),
        description: None,
        permissions: PermissionSet::NONE,
        content: ContentRights::NONE,
    };
    let role = core.create_role(&ann.caller, OrganizationRef::Id(hers.0), role).await.unwrap().id;
    Estate { ann, eve, hers, eves, role }
}

type Refusal = (Kind, &'static str, String);

/// Everything that can be asked about a workspace, and how each is refused.
async fn about_workspace(
    core: &TestCore,
    who: &Member,
    by: &(OrganizationRef, WorkspaceRef),
) -> Vec<Refusal> {
    let (caller, by) = (&who.caller, || by.clone());
    let mut refused = vec![];
    for view in [View::OwnRoles, View::Administered, View::Both] {
        refused.push(refusal(core.get_workspace(caller, by(), view).await));
    }
    refused.push(refusal(core.get_workspace_preferences(caller, by()).await));
    let page = first_page(vec![Order::ascending(UserField::Email)]);
    let users = tenantry_core::filter::ListQuery { filter: Filter::All, page };
    refused.push(refusal(core.list_users(caller, by(), users).await));
    let page = first_page(vec![Order::ascending(RoleField::CreatedAt)]);
    refused.push(refusal(core.list_roles(caller, by(), BuiltinRole::word, page).await));
    let page = first_page(vec![Order::ascending(InvitationField::CreatedAt)]);
    refused.push(refusal(core.list_invitations(caller, by(), page).await));
    let rename = WorkspaceChange { name: Some("Plans".into()), ..Default::default() };
    refused.push(refusal(core.rehearsal().update_workspace(caller, by(), rename).await));
    refused.push(refusal(core.delete_workspace(caller, by(), None, true).await));
    refused.push(refusal(core.undelete_workspace(caller, by(), None, None).await));
    refused.push(refusal(core.report_workspace_status(caller, by(), StatusReport::default()).await));
    let viewer = || vec![RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    let (me, id) = (Person::Id(who.id()), who.id());
    refused.push(refusal(core.add_user(caller, by(), me, viewer()).await));
    refused.push(refusal(core.update_user(caller, by(), id, viewer(), None).await));
    refused.push(refusal(core.remove_workspace_user(caller, by(), id, None).await));
    let invite = core.invite(caller, by(), "eve@example.org".into(), viewer()).await;
    refused.push(refusal(invite));
    refused
}

/// Everything that can be asked about an organization.
async fn about_organization(
    core: &TestCore,
    who: &Member,
    by: &OrganizationRef,
    inside: WorkspaceId,
) -> Vec<Refusal> {
    let (caller, by) = (&who.caller, || by.clone());
    let mut refused = vec![refusal(core.get_organization(caller, by()).await)];
    for view in [View::OwnRoles, View::Administered, View::Both] {
        let query = WorkspaceQuery { view, count: true, ..every_workspace() };
        refused.push(refusal(core.list_workspaces(caller, by(), query).await));
    }
    refused.push(refusal(core.count_workspace_users(caller, by(), vec![inside]).await));
    refused.push(refusal(core.count_workspace_users(caller, by(), vec![]).await));
    refused.push(refusal(core.rehearsal().create_workspace(caller, by(), called("Plans")).await));
    let rename = OrganizationChange { name: Some("Anns".into()), ..Default::default() };
    refused.push(refusal(core.update_organization(caller, by(), rename).await));
    refused.push(refusal(core.delete_organization(caller, by(), None, true).await));
    let member = BuiltinRole::OrganizationMember;
    refused.push(refusal(core.add_organization_user(caller, by(), who.id(), member).await));
    refused.push(refusal(
        core.invite(caller, by(), "eve@example.org".into(), vec![RoleName::Builtin(member)]).await,
    ));
    let account = NewServiceAccount::new("bot", member);
    refused.push(refusal(core.create_service_account(caller, by(), account).await));
    let role = NewRole {
        id: None,
        level: Level::Workspace,
        title: "Hers".into(),
        description: None,
        permissions: PermissionSet::NONE,
        content: ContentRights::NONE,
    };
    refused.push(refusal(core.create_role(caller, by(), role).await));
    refused
}

async fn other_tenants_targets_are_unknown(core: TestCore) {
    let e = estate(&core).await;
    let organization = |id| OrganizationRef::Id(OrganizationId::from_uuid(id));
    let workspace = |id| WorkspaceRef::Id(WorkspaceId::from_uuid(id));
    let nobodys = Uuid::from_u128(0xdead_beef);
    let (org, inside) = (*e.hers.0.as_uuid(), *e.hers.1.as_uuid());
    let named = |name: &str| OrganizationRef::parse(name);

    let unknown =
        about_organization(&core, &e.eve, &organization(nobodys), WorkspaceId::from_uuid(nobodys)).await;
    assert!(unknown.iter().all(|(kind, ..)| *kind == Kind::Hidden), "{unknown:?}");
    for by in [organization(org), named("Anns"), named("anns"), organization(Uuid::nil())] {
        assert_eq!(about_organization(&core, &e.eve, &by, e.hers.1).await, unknown, "{by:?}");
    }

    let unknown = about_workspace(&core, &e.eve, &(organization(nobodys), workspace(nobodys))).await;
    assert!(unknown.iter().all(|(kind, ..)| *kind == Kind::Hidden), "{unknown:?}");
    for by in [organization(org), named("Anns")] {
        for inside in [workspace(inside), workspace(nobodys), WorkspaceRef::parse("plans")] {
            assert_eq!(about_workspace(&core, &e.eve, &(by.clone(), inside)).await, unknown);
        }
    }
    // Inside her own organization another tenant's workspace is one that is not there.
    let own = organization(*e.eves.0.as_uuid());
    let unknown = about_workspace(&core, &e.eve, &(own.clone(), workspace(nobodys))).await;
    assert_eq!(about_workspace(&core, &e.eve, &(own, workspace(inside))).await, unknown);

    // Nothing of it left a trace, and the owner still finds everything as it was.
    assert_eq!(names(&core, &e.ann, e.hers.0, every_workspace()).await, ["Plans"]);
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn ids_in_bodies_and_filters_are_unknown(core: TestCore) {
    let e = estate(&core).await;
    let (caller, org) = (&e.eve.caller, || OrganizationRef::Id(e.eves.0));
    let by = || tenantry_testkit::estate::target(e.eves.0, e.eves.1);
    let nobodys = Uuid::from_u128(0xdead_beef);
    let nobody = PrincipalId::from_uuid(nobodys);
    let mut pairs: Vec<(Result<()>, Result<()>)> = vec![];

    let count = async |id| core.count_workspace_users(caller, org(), vec![e.eves.1, id]).await.map(drop);
    pairs.push((count(e.hers.1).await, count(WorkspaceId::from_uuid(nobodys)).await));
    let hand_over = async |owner| {
        let change = OrganizationChange { owner: Some(owner), ..Default::default() };
        core.update_organization(caller, org(), change).await.map(drop)
    };
    pairs.push((hand_over(e.ann.id()).await, hand_over(nobody).await));
    let viewer = || vec![RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    let add = async |id| core.add_user(caller, by(), Person::Id(id), viewer()).await.map(drop);
    pairs.push((add(e.ann.id()).await, add(nobody).await));
    let update = async |id| core.update_user(caller, by(), id, viewer(), None).await.map(drop);
    pairs.push((update(e.ann.id()).await, update(nobody).await));
    let remove = async |id| core.remove_workspace_user(caller, by(), id, None).await;
    pairs.push((remove(e.ann.id()).await, remove(nobody).await));
    let role = async |role| core.update_user(caller, by(), e.eve.id(), vec![role], None).await.map(drop);
    pairs.push((role(RoleName::Id(e.role)).await, role(RoleName::Id(RoleId::from_uuid(nobodys))).await));
    pairs.push((role(RoleName::Title("Hers".into())).await, role(RoleName::Title("Nobodys".into())).await));
    let join =
        async |id| core.add_organization_user(caller, org(), id, BuiltinRole::OrganizationMember).await;
    pairs.push((join(e.ann.id()).await, join(nobody).await));
    let revoke = async |id| core.revoke_own_credential(caller, id).await;
    let unknown = CredentialId::from_uuid(nobodys);
    pairs.push((revoke(e.ann.caller.credential).await, revoke(unknown).await));
    let suspend = async |id| core.set_suspended(caller, id, true).await;
    pairs.push((suspend(e.ann.id()).await, suspend(nobody).await));
    for (number, (real, unreal)) in pairs.into_iter().enumerate() {
        assert_eq!(refusal(real), refusal(unreal), "pair {number}");
    }

    let filtered = async |field, id| {
        let query = WorkspaceQuery { filter: Filter::Is(field, Test::Id(id)), ..every_workspace() };
        names(&core, &e.eve, e.eves.0, query).await
    };
    for field in [WorkspaceField::CreatedBy, WorkspaceField::HasUser] {
        assert_eq!(filtered(field, *e.ann.id().as_uuid()).await, filtered(field, nobodys).await);
    }
    let page = || first_page(vec![Order::ascending(OrganizationField::Name)]);
    for test in [Filter::All, Filter::Is(OrganizationField::Owner, Test::Id(*e.ann.id().as_uuid())).not()] {
        let query =
            OrganizationQuery { view: View::Both, deleted: Deleted::Show, filter: test, page: page() };
        let list = core.list_organizations(caller, query).await.unwrap().page.items;
        assert_eq!(list.iter().map(|org| org.name.as_str()).collect::<Vec<_>>(), ["Eves"]);
    }
}

/// A role in one workspace shows nothing of its siblings, and none of the organization's people.
async fn guests_see_their_workspace_only(core: TestCore) {
    let e = estate(&core).await;
    let sibling = core.workspace(&e.ann, e.hers.0, "Secret").await.id;
    let by = |id| tenantry_testkit::estate::target(e.hers.0, id);
    let root_made = core.sql("SELECT COUNT(*) FROM principals");
    // There is no way in for a guest yet but an invitation: its grants are handed over as acceptance will.
    let (invitation, _) =
        core.invite(&e.ann.caller, by(e.hers.1), "eve@example.org".into(), vec![]).await.unwrap();
    let data = (e.ann.caller.clone(), e.hers.0, invitation.id, e.eve.id());
    let redeemed = core.store().write(data, |session, (caller, org, invitation, guest)| {
        Box::pin(async move {
            let needed = tenantry_core::permission::Permission::ManageOrganizationUsers;
            let org = OrganizationRef::Id(*org);
            let scope =
                tenantry_core::authz::require_change(session, caller, needed, &org, View::Both).await?;
            session.redeem_grants(&scope, *invitation, *guest).await
        })
    });
    assert_eq!(redeemed.await.unwrap().len(), 1);

    assert_eq!(names(&core, &e.eve, e.hers.0, every_workspace()).await, ["Plans"]);
    core.get_workspace(&e.eve.caller, by(e.hers.1), View::OwnRoles).await.unwrap();
    let unknown = about_workspace(&core, &e.eve, &by(WorkspaceId::from_uuid(Uuid::from_u128(1)))).await;
    assert_eq!(about_workspace(&core, &e.eve, &by(sibling)).await, unknown);
    let create = core.create_workspace(&e.eve.caller, OrganizationRef::Id(e.hers.0), called("New")).await;
    assert_eq!(kind(create), Kind::Forbidden);
    assert_eq!(core.sql("SELECT COUNT(*) FROM principals"), root_made);
}
