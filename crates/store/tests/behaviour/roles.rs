//! Custom roles: what changes in a role changes for everybody who holds it, and what is derived follows.

use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::error::Kind;
use tenantry_core::filter::{Filter, ListQuery, Test};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::{OrganizationId, RoleId, WorkspaceId};
use tenantry_core::invitation::InvitationField;
use tenantry_core::page::Order;
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::{NewRole, RoleChange, RoleField};
use tenantry_core::workspace::WorkspaceChange;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{first_page, kind, reason};

on_both_engines!(
    a_change_reaches_every_holder,
    what_is_taken_is_gone,
    an_invitation_goes_with_its_only_role,
    an_expired_invitation_is_no_use_of_a_role,
    titles_are_unique_where_they_are_given,
    everybody_may_ask_for_their_own_roles,
    roles_of_a_workspace_are_seen_by_who_may_read_them,
    a_limited_credential_shows_no_role_because_it_is_held,
    who_holds_a_role_sees_it_while_there_is_its_workspace,
);

const READ: PermissionSet = PermissionSet::of(&[Permission::ReadWorkspace]);

fn role(level: Level, title: &str, permissions: PermissionSet) -> NewRole {
    let title = title.to_owned();
    NewRole { id: None, level, title, description: None, permissions, content: ContentRights::NONE }
}

/// A workspace of Ann's organization, of which Bob is a member.
struct Scene {
    core: TestCore,
    root: Member,
    ann: Member,
    bob: Member,
    org: OrganizationId,
    workspace: WorkspaceId,
}

impl Scene {
    async fn new(core: TestCore) -> Self {
        let root = core.root().await;
        let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
        let org = core.organization(&ann, "Org").await.id;
        let workspace = core.workspace(&ann, org, "W").await.id;
        let (by, member) = (OrganizationRef::Id(org), BuiltinRole::OrganizationMember);
        core.add_organization_user(&root.caller, by, bob.id(), member).await.unwrap();
        Self { core, root, ann, bob, org, workspace }
    }

    fn by(&self) -> OrganizationRef {
        OrganizationRef::Id(self.org)
    }

    fn at(&self) -> (OrganizationRef, WorkspaceRef) {
        target(self.org, self.workspace)
    }

    /// A role that the workspace has of its own.
    async fn role(&self, title: &str, permissions: PermissionSet) -> RoleId {
        let new = role(Level::Workspace, title, permissions);
        self.core.create_role(&self.ann.caller, self.at(), new).await.unwrap().id
    }

    /// Lets Bob into the workspace.
    async fn let_in(&self, role: RoleName) {
        self.core.add_user(&self.ann.caller, self.at(), Person::Id(self.bob.id()), vec![role]).await.unwrap();
    }

    /// Whether a role is shown, in the list as by itself.
    async fn shows(&self, who: &Member, role: RoleId) -> bool {
        let page = first_page(vec![Order::ascending(RoleField::Title)]);
        let all = self.core.list_every_role(&who.caller, self.by(), BuiltinRole::word, page).await.unwrap();
        let listed = all.items.iter().any(|found| found.id == role);
        let got = self.core.get_any_role(&who.caller, self.by(), role).await;
        assert_eq!(got.is_ok(), listed);
        assert!(listed || kind(got) == Kind::NotFound);
        listed
    }
}

async fn a_change_reaches_every_holder(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let by = || OrganizationRef::Id(org);
    core.add_organization_user(&root.caller, by(), bob.id(), BuiltinRole::OrganizationMember).await.unwrap();
    let (one, two) = (core.workspace(&ann, org, "1").await, core.workspace(&ann, org, "2").await);
    let made = core.create_role(&ann.caller, by(), role(Level::Workspace, "R", READ)).await.unwrap();
    for workspace in [&one, &two] {
        let wanted = vec![RoleName::Id(made.id)];
        core.add_user(&ann.caller, target(org, workspace.id), Person::Id(bob.id()), wanted).await.unwrap();
    }
    let rename = async |workspace| {
        let change = WorkspaceChange { icon: Some(Some("x".into())), ..Default::default() };
        core.update_workspace(&bob.caller, target(org, workspace), change).await
    };
    assert_eq!(kind(rename(one.id).await), Kind::Forbidden);
    let wider =
        RoleChange { permissions: Some(READ.with(Permission::UpdateWorkspace)), ..Default::default() };
    core.update_role(&ann.caller, by(), RoleName::Id(made.id), wider).await.unwrap();
    assert_eq!(core.examine().await.unwrap(), []);
    for workspace in [one.id, two.id] {
        rename(workspace).await.unwrap();
    }
    let none = RoleChange { permissions: Some(PermissionSet::NONE), ..Default::default() };
    core.update_role(&ann.caller, by(), RoleName::Id(made.id), none).await.unwrap();
    assert_eq!(kind(rename(one.id).await), Kind::Hidden);
    assert_eq!(core.examine().await.unwrap(), []);
}

async fn what_is_taken_is_gone(core: TestCore) {
    let scene = Scene::new(core).await;
    let (core, ann) = (&scene.core, &scene.ann);
    let custom = scene.role("R", READ).await;
    scene.let_in(RoleName::Id(custom)).await;
    let wanted = vec![RoleName::Id(custom)];
    core.invite(&ann.caller, scene.at(), "x@example.org".into(), wanted).await.unwrap();
    let delete =
        async |force| core.delete_role(&ann.caller, scene.at(), RoleName::Id(custom), None, force).await;
    assert_eq!(reason(delete(false).await), "role.in_use");
    delete(true).await.unwrap();
    assert_eq!(kind(core.get_workspace(&scene.bob.caller, scene.at(), View::Both).await), Kind::Hidden);
    assert_eq!(core.sql("SELECT COUNT(*) FROM grants WHERE subject_kind = 'invitation'"), "0");
    assert_eq!(core.examine().await.unwrap(), []);
}

/// An offer of nothing is none: it is neither shown as one that waits, nor in the way of another.
async fn an_invitation_goes_with_its_only_role(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await.id;
    let at = || target(org, made);
    let custom = core.create_role(&root.caller, at(), role(Level::Workspace, "R", READ)).await.unwrap().id;
    let viewer = RoleName::Builtin(BuiltinRole::WorkspaceViewer);
    let invite = async |email: &str, roles| {
        core.invite(&root.caller, at(), email.to_owned(), roles).await.map(|(invitation, _)| invitation.id)
    };
    invite("x@example.org", vec![RoleName::Id(custom)]).await.unwrap();
    let kept = invite("y@example.org", vec![RoleName::Id(custom), viewer.clone()]).await.unwrap();
    core.delete_role(&root.caller, at(), RoleName::Id(custom), None, true).await.unwrap();
    let page = first_page(vec![Order::ascending(InvitationField::CreatedAt)]);
    let left = core.list_invitations(&root.caller, at(), page).await.unwrap().items;
    assert_eq!(left.iter().map(|invitation| invitation.id).collect::<Vec<_>>(), [kept]);
    invite("x@example.org", vec![viewer]).await.unwrap();
    assert_eq!(core.examine().await.unwrap(), []);
}

/// Whether the server has swept since makes no difference.
async fn an_expired_invitation_is_no_use_of_a_role(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let by = || OrganizationRef::Id(org);
    let custom = core.create_role(&root.caller, by(), role(Level::Organization, "R", READ)).await.unwrap().id;
    let roles = vec![RoleName::Id(custom)];
    core.invite(&root.caller, by(), "x@example.org".into(), roles).await.unwrap();
    let delete = async || core.delete_role(&root.caller, by(), RoleName::Id(custom), None, false).await;
    core.clock().advance_seconds(core.settings().invitation_seconds - 1);
    assert_eq!(reason(delete().await), "role.in_use");
    core.clock().advance_seconds(1);
    delete().await.unwrap();
    assert_eq!(core.sql("SELECT COUNT(*) FROM grants WHERE subject_kind = 'invitation'"), "0");
}

async fn titles_are_unique_where_they_are_given(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    let (by, at) = (|| OrganizationRef::Id(org), || target(org, made.id));
    let wide = core.create_role(&root.caller, by(), role(Level::Workspace, "Straße", READ)).await.unwrap();
    let again = core.create_role(&root.caller, by(), role(Level::Workspace, "STRASSE", READ)).await;
    assert_eq!(kind(again), Kind::AlreadyExists);
    // A workspace's own comes before the organization's of the same title.
    let own = core.create_role(&root.caller, at(), role(Level::Workspace, "strasse", READ)).await.unwrap();
    let person = Person::Email { email: "x@example.org".into(), display_name: None };
    core.add_user(&root.caller, at(), person, vec![RoleName::Title("STRASSE".into())]).await.unwrap();
    let offered = core.sql("SELECT role_id FROM grants WHERE subject_kind = 'invitation'");
    assert!(offered.ends_with(&own.id.as_uuid().simple().to_string()), "{offered} {wide:?}");
    let level = core.create_role(&root.caller, at(), role(Level::Organization, "O", READ)).await;
    assert_eq!(kind(level), Kind::Invalid);
}

/// The titles of the roles that somebody holds, as another is told.
async fn held(
    core: &TestCore,
    who: &Member,
    org: OrganizationId,
    holder: &Member,
) -> tenantry_core::Result<Vec<String>> {
    let page = first_page(vec![Order::ascending(RoleField::Title)]);
    let filter = Filter::Is(RoleField::HeldBy, Test::Id(*holder.id().as_uuid()));
    let query = ListQuery { filter, page };
    let found = core.list_every_role(&who.caller, OrganizationRef::Id(org), BuiltinRole::word, query).await?;
    Ok(found.items.iter().map(|role| role.shown_title(BuiltinRole::word).to_owned()).collect())
}

async fn everybody_may_ask_for_their_own_roles(core: TestCore) {
    let root = core.root().await;
    let (ann, bob, cat) =
        (core.user(&root, "ann").await, core.user(&root, "bob").await, core.user(&root, "cat").await);
    let org = core.organization(&ann, "Org").await.id;
    let made = core.workspace(&ann, org, "W").await;
    let (by, at) = (|| OrganizationRef::Id(org), || target(org, made.id));
    for (who, role) in [(&bob, BuiltinRole::OrganizationBilling), (&cat, BuiltinRole::OrganizationMember)] {
        core.add_organization_user(&root.caller, by(), who.id(), role).await.unwrap();
    }
    let custom = core.create_role(&ann.caller, at(), role(Level::Workspace, "Own", READ)).await.unwrap();
    let wanted = || vec![RoleName::Id(custom.id), RoleName::Builtin(BuiltinRole::WorkspaceViewer)];
    core.add_user(&ann.caller, at(), Person::Id(bob.id()), wanted()).await.unwrap();
    let all = ["Own", "organization-billing", "workspace-viewer"];
    for who in [&bob, &ann] {
        assert_eq!(held(&core, who, org, &bob).await.unwrap(), all);
    }
    // Nobody else learns what they hold in workspaces.
    assert_eq!(held(&core, &cat, org, &bob).await.unwrap(), ["organization-billing"]);
    assert_eq!(kind(held(&core, &bob, org, &cat).await), Kind::Forbidden);
    // Nor does a credential that leaves less.
    let mut narrow = bob.clone();
    narrow.caller.narrowing.permissions = Some(READ);
    assert_eq!(kind(held(&core, &narrow, org, &bob).await), Kind::Forbidden);
    // A question about somebody else is none about oneself.
    let page = first_page(vec![Order::ascending(RoleField::Title)]);
    let is = |who: &Member| Filter::Is(RoleField::HeldBy, Test::Id(*who.id().as_uuid()));
    for filter in [is(&bob).and(is(&cat)), Filter::Or(vec![is(&bob), is(&cat)]), is(&bob).not()] {
        let query = ListQuery { filter, page: page.clone() };
        let asked = core.list_every_role(&bob.caller, by(), BuiltinRole::word, query).await;
        assert_eq!(kind(asked), Kind::Forbidden);
    }
}

async fn roles_of_a_workspace_are_seen_by_who_may_read_them(core: TestCore) {
    let scene = Scene::new(core).await;
    let (core, bob) = (&scene.core, &scene.bob);
    let (cat, member) = (core.user(&scene.root, "cat").await, BuiltinRole::OrganizationMember);
    core.add_organization_user(&scene.root.caller, scene.by(), cat.id(), member).await.unwrap();
    let custom = scene.role("Own", READ).await;
    scene.let_in(RoleName::Builtin(BuiltinRole::WorkspaceOwner)).await;
    assert!(scene.shows(&scene.ann, custom).await);
    assert!(scene.shows(bob, custom).await);
    assert!(!scene.shows(&cat, custom).await);
    // A credential that leaves other permissions does not show it, and one that leaves some workspaces shows no role at all.
    let narrow = limited(bob, &[Permission::ReadOrganization, Permission::ReadOrganizationRoles]);
    assert!(!scene.shows(&narrow, custom).await);
    let mut elsewhere = bob.clone();
    elsewhere.caller.narrowing.workspaces = Some(vec![scene.workspace]);
    let page = first_page(vec![Order::ascending(RoleField::Title)]);
    let listed = core.list_every_role(&elsewhere.caller, scene.by(), BuiltinRole::word, page).await;
    assert_eq!(kind(listed), Kind::Forbidden);
    assert_eq!(kind(core.get_any_role(&elsewhere.caller, scene.by(), custom).await), Kind::Forbidden);
}

fn limited(who: &Member, left: &[Permission]) -> Member {
    let mut limited = who.clone();
    limited.caller.narrowing.permissions = Some(left.iter().copied().collect());
    limited
}

async fn a_limited_credential_shows_no_role_because_it_is_held(core: TestCore) {
    let scene = Scene::new(core).await;
    let (core, ann, bob, org) = (&scene.core, &scene.ann, &scene.bob, scene.org);
    let custom = scene.role("Own", READ).await;
    scene.let_in(RoleName::Id(custom)).await;
    assert!(scene.shows(bob, custom).await);
    let reading = [Permission::ReadOrganization, Permission::ReadOrganizationRoles];
    let narrow = limited(bob, &reading);
    assert!(!scene.shows(&narrow, custom).await);
    assert_eq!(kind(held(core, &narrow, org, bob).await), Kind::Forbidden);
    let narrow = limited(bob, &[reading[0], reading[1], Permission::ReadOrganizationUsers]);
    assert_eq!(held(core, &narrow, org, bob).await.unwrap(), ["organization-member"]);
    // To see workspaces is not to see their roles.
    let narrow = limited(ann, &[reading[0], reading[1], Permission::ReadWorkspace]);
    assert!(!scene.shows(&narrow, custom).await);
    let narrow = limited(ann, &[reading[0], reading[1], Permission::ReadWorkspaceRoles]);
    assert!(scene.shows(&narrow, custom).await);
}

async fn who_holds_a_role_sees_it_while_there_is_its_workspace(core: TestCore) {
    let scene = Scene::new(core).await;
    let (core, ann, bob) = (&scene.core, &scene.ann, &scene.bob);
    let plain = scene.role("Plain", READ).await;
    let reader = scene.role("Reader", READ.with(Permission::ReadWorkspaceRoles)).await;
    scene.let_in(RoleName::Id(plain)).await;
    assert!(scene.shows(bob, plain).await);
    assert!(!scene.shows(bob, reader).await);
    let reading = vec![RoleName::Id(reader)];
    core.update_user(&ann.caller, scene.at(), bob.id(), reading, None).await.unwrap();
    assert!(scene.shows(bob, plain).await);
    core.delete_workspace(&ann.caller, scene.at(), None, true).await.unwrap();
    for role in [plain, reader] {
        assert!(!scene.shows(bob, role).await);
    }
    assert_eq!(held(core, bob, scene.org, bob).await.unwrap(), ["organization-member"]);
}
