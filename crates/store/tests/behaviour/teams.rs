//! Teams: whoever is in one holds what it holds, from the moment of joining to that of leaving.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::error::Kind;
use tenantry_core::grant::{AssignmentField, Member as Holder, Party, PartyQuery, RoleName, Subject};
use tenantry_core::ids::{OrganizationId, TeamId};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::{BuiltinRole, Permission};
use tenantry_core::team::{NewTeam, Team, TeamChange, TeamField, TeamMember, TeamMemberField, TeamMemberId};
use tenantry_core::workspace::Workspace;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{first_page, kind, reason};

on_both_engines!(
    they_are_made_changed_and_deleted,
    what_a_team_holds_its_members_hold,
    an_accepted_invitation_joins_the_teams_it_is_in,
    who_sends_again_holds_what_the_teams_hold,
    nobody_puts_others_where_they_could_not_be,
    other_organizations_teams_and_people_are_unknown,
    roles_are_given_and_taken_one_by_one,
    what_is_left_is_never_nothing,
    members_are_all_who_hold_a_role,
    each_change_leaves_one_event,
);

struct Scene {
    core: TestCore,
    root: Member,
    ann: Member,
    bob: Member,
    org: OrganizationId,
    workspace: Workspace,
}

impl Scene {
    async fn of(core: TestCore) -> Self {
        let root = core.root().await;
        let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
        let org = core.organization(&ann, "Org").await.id;
        let member = BuiltinRole::OrganizationMember;
        core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
        let workspace = core.workspace(&ann, org, "W").await;
        Self { core, root, ann, bob, org, workspace }
    }

    const fn by(&self) -> OrganizationRef {
        OrganizationRef::Id(self.org)
    }

    async fn team(&self, name: &str) -> Team {
        let new = NewTeam { name: name.to_owned(), description: None };
        self.core.create_team(&self.ann.caller, self.by(), new).await.unwrap()
    }

    async fn role(&self, role: BuiltinRole) -> RoleName {
        let at = target(self.org, self.workspace.id);
        let by = RoleName::Builtin(role);
        let found = match role.level() {
            tenantry_core::permission::Level::Workspace => self.core.get_role(&self.ann.caller, at, by).await,
            _ => self.core.get_role(&self.ann.caller, self.by(), by).await,
        };
        RoleName::Id(found.unwrap().id)
    }

    async fn enters(&self, who: &Member) -> bool {
        let at = target(self.org, self.workspace.id);
        self.core.get_workspace(&who.caller, at, View::Both).await.is_ok()
    }

    /// What everybody reaches is what follows from the grants.
    async fn holds_together(&self) {
        assert_eq!(self.core.examine().await.unwrap(), []);
    }

    async fn members(&self, team: TeamId) -> Vec<TeamMember> {
        let order = vec![Order::ascending(TeamMemberField::AddedAt)];
        let page = PageRequest { order, start: Start::Beginning, limit: 100 };
        self.core.list_team_members(&self.ann.caller, (self.by(), team), page).await.unwrap().items
    }
}

fn everybody() -> PartyQuery {
    PartyQuery {
        role: None,
        users: true,
        service_accounts: true,
        teams: true,
        invitations: true,
        skip: 0,
        limit: 100,
    }
}

async fn they_are_made_changed_and_deleted(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let made = scene.team("Straße").await;
    core.clock().advance_seconds(1);
    let second = scene.team("Second").await;
    let new = |name: &str| NewTeam { name: name.to_owned(), description: None };
    let again = core.create_team(ann, scene.by(), new("STRASSE")).await;
    assert_eq!(kind(again), Kind::AlreadyExists);
    for wrong in ["", " ", "a\u{7}", "01900000-0000-7000-8000-000000000000", &"x".repeat(61)] {
        assert_eq!(kind(core.create_team(ann, scene.by(), new(wrong)).await), Kind::Invalid, "{wrong:?}");
    }
    let change = |name: Option<&str>, version| TeamChange {
        name: name.map(str::to_owned),
        description: Some(Some("Where the sun sets.".to_owned())),
        expected_version: version,
    };
    let taken = core.update_team(ann, scene.by(), second.id, change(Some("strasse"), None)).await;
    assert_eq!(kind(taken), Kind::AlreadyExists);
    let changed = core.update_team(ann, scene.by(), second.id, change(Some("West"), Some(1.into()))).await;
    let changed = changed.unwrap();
    assert_eq!((&*changed.name, changed.version), ("West", 2));
    assert!(changed.updated_at > made.updated_at);
    let stale = core.update_team(ann, scene.by(), second.id, change(None, Some(1.into()))).await;
    assert_eq!(reason(stale), "team.stale");
    let newest = || first_page(vec![Order::descending(TeamField::CreatedAt)]);
    let listed = core.list_teams(ann, scene.by(), newest()).await.unwrap().items;
    assert_eq!(listed, [changed, made.clone()]);
    assert_eq!(kind(core.create_team(&scene.bob.caller, scene.by(), new("Mine")).await), Kind::Forbidden);
    core.delete_team(ann, scene.by(), made.id, None).await.unwrap();
    assert_eq!(kind(core.get_team(ann, scene.by(), made.id).await), Kind::NotFound);
    assert_eq!(kind(core.delete_team(ann, scene.by(), made.id, None).await), Kind::NotFound);
    scene.team("Straße").await;
    scene.holds_together().await;
}

async fn what_a_team_holds_its_members_hold(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let (one, two) = (scene.team("One").await, scene.team("Two").await);
    let viewer = scene.role(BuiltinRole::WorkspaceViewer).await;
    let bob = TeamMemberId::Principal(scene.bob.id());
    let at = || target(scene.org, scene.workspace.id);
    assert!(!scene.enters(&scene.bob).await);
    for team in [&one, &two] {
        core.assign_role(ann, at(), viewer.clone(), Subject::Team(team.id)).await.unwrap();
        core.add_team_member(ann, (scene.by(), team.id), bob).await.unwrap();
        assert!(scene.enters(&scene.bob).await);
        scene.holds_together().await;
    }
    let again = core.add_team_member(ann, (scene.by(), one.id), bob).await;
    assert_eq!(reason(again), "team.member_exists");
    assert_eq!(core.get_team(ann, scene.by(), one.id).await.unwrap().member_count, 1);
    core.remove_team_member(ann, (scene.by(), one.id), bob).await.unwrap();
    assert!(scene.enters(&scene.bob).await, "the other team still holds it");
    assert_eq!(kind(core.remove_team_member(ann, (scene.by(), one.id), bob).await), Kind::NotFound);
    core.delete_team(ann, scene.by(), two.id, None).await.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    scene.holds_together().await;
    // Who joins a team that holds something holds it; who leaves the organization leaves its teams.
    core.add_team_member(ann, (scene.by(), one.id), bob).await.unwrap();
    assert!(scene.enters(&scene.bob).await);
    core.remove_organization_user(ann, scene.by(), scene.bob.id(), None, false).await.unwrap();
    assert_eq!(scene.members(one.id).await, []);
    scene.holds_together().await;
}

async fn an_accepted_invitation_joins_the_teams_it_is_in(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let (joined, left) = (scene.team("Joined").await, scene.team("Left").await);
    let eve = core.user(&scene.root, "eve").await;
    let viewer = scene.role(BuiltinRole::WorkspaceViewer).await;
    core.assign_role(ann, target(scene.org, scene.workspace.id), viewer.clone(), Subject::Team(joined.id))
        .await
        .unwrap();
    let (made, _) = core.invite(ann, scene.by(), "eve@example.org".into(), vec![]).await.unwrap();
    let waiting = TeamMemberId::Invitation(made.id);
    for team in [&joined, &left] {
        core.add_team_member(ann, (scene.by(), team.id), waiting).await.unwrap();
        assert_eq!(scene.members(team.id).await, [TeamMember::Invitation(made.clone())]);
    }
    core.remove_team_member(ann, (scene.by(), left.id), waiting).await.unwrap();
    // Members see teams, and not who is invited.
    let order = vec![Order::ascending(TeamMemberField::AddedAt)];
    let page = PageRequest { order, start: Start::Beginning, limit: 100 };
    let seen = core.list_team_members(&scene.bob.caller, (scene.by(), joined.id), page).await.unwrap();
    assert_eq!(seen.items, []);
    core.accept_invitation(&eve.caller, scene.by(), made.id, None).await.unwrap();
    assert!(scene.enters(&eve).await);
    let members = scene.members(joined.id).await;
    assert_eq!(members.iter().map(TeamMember::id).collect::<Vec<_>>(), [TeamMemberId::Principal(eve.id())]);
    assert_eq!(scene.members(left.id).await, []);
    scene.holds_together().await;
    // What ends otherwise leaves no trace.
    let (made, _) = core.invite(ann, scene.by(), "zoe@example.org".into(), vec![]).await.unwrap();
    let waiting = TeamMemberId::Invitation(made.id);
    core.add_team_member(ann, (scene.by(), left.id), waiting).await.unwrap();
    core.cancel_invitation(ann, scene.by(), made.id).await.unwrap();
    assert_eq!(core.sql("SELECT COUNT(*) FROM team_invitations"), "0");
    assert_eq!(kind(core.add_team_member(ann, (scene.by(), left.id), waiting).await), Kind::NotFound);
}

/// Who sends an invitation again answers for what its teams hold, too.
async fn who_sends_again_holds_what_the_teams_hold(scene_core: TestCore) {
    let scene = Scene::of(scene_core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let team = scene.team("Owners").await;
    let owner = scene.role(BuiltinRole::OrganizationOwner).await;
    core.assign_role(ann, scene.by(), owner, Subject::Team(team.id)).await.unwrap();
    let cat = core.user(&scene.root, "cat").await;
    let admin = BuiltinRole::OrganizationAdmin;
    core.add_organization_user(&scene.root.caller, scene.by(), cat.id(), admin).await.unwrap();
    let (made, _) = core.invite(ann, scene.by(), "eve@example.org".into(), vec![]).await.unwrap();
    core.resend_invitation(&cat.caller, scene.by(), made.id).await.unwrap();
    let waiting = TeamMemberId::Invitation(made.id);
    core.add_team_member(ann, (scene.by(), team.id), waiting).await.unwrap();
    assert_eq!(reason(core.resend_invitation(&cat.caller, scene.by(), made.id).await), "role.exceeds_own");
    core.resend_invitation(ann, scene.by(), made.id).await.unwrap();
}

/// Whoever manages teams gets nobody into a team that holds more than they do, themselves least of all.
async fn nobody_puts_others_where_they_could_not_be(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let team = scene.team("Owners").await;
    let owner = scene.role(BuiltinRole::OrganizationOwner).await;
    core.assign_role(ann, scene.by(), owner.clone(), Subject::Team(team.id)).await.unwrap();
    let admin = core.user(&scene.root, "admin").await;
    let role = BuiltinRole::OrganizationAdmin;
    core.add_organization_user(&scene.root.caller, scene.by(), admin.id(), role).await.unwrap();
    let own = TeamMemberId::Principal(admin.id());
    let bob = TeamMemberId::Principal(scene.bob.id());
    let by_admin = &admin.caller;
    for member in [own, bob] {
        let added = core.add_team_member(by_admin, (scene.by(), team.id), member).await;
        assert_eq!(reason(added), "role.exceeds_own");
    }
    core.add_team_member(ann, (scene.by(), team.id), bob).await.unwrap();
    let removed = core.remove_team_member(by_admin, (scene.by(), team.id), bob).await;
    assert_eq!(reason(removed), "role.exceeds_own");
    assert_eq!(reason(core.delete_team(by_admin, scene.by(), team.id, None).await), "role.exceeds_own");
    let given = core.assign_role(by_admin, scene.by(), owner.clone(), Subject::Team(team.id)).await;
    assert_eq!(reason(given), "role.exceeds_own");
    let taken = core.unassign_role(by_admin, scene.by(), owner.clone(), Subject::Team(team.id)).await;
    assert_eq!(reason(taken), "role.exceeds_own");
    // Nor does removing somebody take more than is held, whether directly held or by team.
    let gone = core.remove_organization_user(by_admin, scene.by(), scene.bob.id(), None, true).await;
    assert_eq!(reason(gone), "role.exceeds_own");
    // An offer stands while its maker may still make it, teams and all.
    let eve = core.user(&scene.root, "eve").await;
    let (made, _) = core.invite(by_admin, scene.by(), "eve@example.org".into(), vec![]).await.unwrap();
    let waiting = TeamMemberId::Invitation(made.id);
    core.add_team_member(ann, (scene.by(), team.id), waiting).await.unwrap();
    let accepted = core.accept_invitation(&eve.caller, scene.by(), made.id, None).await;
    assert_eq!(reason(accepted), "invitation.inviter");
    scene.holds_together().await;
}

async fn other_organizations_teams_and_people_are_unknown(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let team = scene.team("Ours").await;
    let dan = core.user(&scene.root, "dan").await;
    let theirs = core.organization(&dan, "Theirs").await.id;
    let new = NewTeam { name: "Theirs".into(), description: None };
    let other = core.create_team(&dan.caller, OrganizationRef::Id(theirs), new).await.unwrap();
    let (invited, _) =
        core.invite(&dan.caller, OrganizationRef::Id(theirs), "x@example.org".into(), vec![]).await.unwrap();
    assert_eq!(kind(core.get_team(ann, scene.by(), other.id).await), Kind::NotFound);
    assert_eq!(kind(core.get_team(ann, OrganizationRef::Id(theirs), other.id).await), Kind::Hidden);
    for member in [TeamMemberId::Principal(dan.id()), TeamMemberId::Invitation(invited.id)] {
        let added = core.add_team_member(ann, (scene.by(), team.id), member).await;
        assert_eq!(kind(added), Kind::NotFound, "{member:?}");
    }
    let role = scene.role(BuiltinRole::OrganizationMember).await;
    for subject in [Subject::Principal(dan.id()), Subject::Team(other.id), Subject::Invitation(invited.id)] {
        let given = core.assign_role(ann, scene.by(), role.clone(), subject).await;
        assert_eq!(kind(given), Kind::NotFound, "{subject:?}");
        let taken = core.unassign_role(ann, scene.by(), role.clone(), subject).await;
        assert_eq!(kind(taken), Kind::NotFound, "{subject:?}");
    }
    let at_home = core
        .assign_role(&dan.caller, OrganizationRef::Id(theirs), role.clone(), Subject::Team(other.id))
        .await;
    assert_eq!(kind(at_home), Kind::NotFound, "another organization's role");
}

async fn roles_are_given_and_taken_one_by_one(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let viewer = scene.role(BuiltinRole::WorkspaceViewer).await;
    let admin = scene.role(BuiltinRole::OrganizationAdmin).await;
    let bob = Subject::Principal(scene.bob.id());
    let at = || target(scene.org, scene.workspace.id);
    let made = core.assign_role(ann, at(), viewer.clone(), bob).await.unwrap();
    assert!(scene.enters(&scene.bob).await);
    assert_eq!(reason(core.assign_role(ann, at(), viewer.clone(), bob).await), "role.assigned");
    assert_eq!(reason(core.assign_role(ann, scene.by(), viewer.clone(), bob).await), "role.place");
    assert_eq!(reason(core.assign_role(ann, at(), admin.clone(), bob).await), "role.place");
    assert_eq!(kind(core.assign_role(&scene.bob.caller, at(), viewer.clone(), bob).await), Kind::Forbidden);
    let order = vec![Order::ascending(AssignmentField::CreatedAt)];
    let page = || first_page(order.clone());
    let all = core.list_assignments(ann, scene.by(), page()).await.unwrap().items;
    assert_eq!(all.len(), 4, "ann owns both, bob is a member and a viewer: {all:?}");
    assert_eq!(core.list_assignments(ann, at(), page()).await.unwrap().items.len(), 2);
    assert_eq!(core.get_assignment(ann, scene.by(), made.grant.id).await.unwrap(), made);
    core.unassign_role(ann, at(), viewer.clone(), bob).await.unwrap();
    assert!(!scene.enters(&scene.bob).await);
    assert_eq!(kind(core.unassign_role(ann, at(), viewer.clone(), bob).await), Kind::NotFound);
    assert_eq!(kind(core.get_assignment(ann, scene.by(), made.grant.id).await), Kind::NotFound);
    // Members see who is in the organization, and nothing of workspaces that they do not see.
    let seen = core.list_assignments(&scene.bob.caller, scene.by(), page()).await.unwrap().items;
    assert_eq!(seen.len(), 2, "{seen:?}");
    scene.holds_together().await;
}

async fn what_is_left_is_never_nothing(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let (owner, member) =
        (scene.role(BuiltinRole::OrganizationOwner).await, scene.role(BuiltinRole::OrganizationMember).await);
    let (of_ann, of_bob) = (Subject::Principal(scene.ann.id()), Subject::Principal(scene.bob.id()));
    assert_eq!(
        reason(core.unassign_role(ann, scene.by(), owner.clone(), of_ann).await),
        "member.account_owner"
    );
    assert_eq!(reason(core.unassign_role(ann, scene.by(), member.clone(), of_bob).await), "member.last_role");
    let workspace_owner = scene.role(BuiltinRole::WorkspaceOwner).await;
    let at = || target(scene.org, scene.workspace.id);
    let taken = core.unassign_role(ann, at(), workspace_owner.clone(), of_ann).await;
    assert_eq!(reason(taken), "member.last_owner");
    let (made, _) = core.invite(ann, scene.by(), "x@example.org".into(), vec![]).await.unwrap();
    let offered = core.unassign_role(ann, scene.by(), member.clone(), Subject::Invitation(made.id)).await;
    assert_eq!(reason(offered), "member.last_role");
    // With another one it can be taken.
    core.assign_role(ann, at(), workspace_owner.clone(), of_bob).await.unwrap();
    core.unassign_role(ann, at(), workspace_owner.clone(), of_ann).await.unwrap();
    let viewer = scene.role(BuiltinRole::OrganizationViewer).await;
    core.assign_role(ann, scene.by(), viewer.clone(), of_bob).await.unwrap();
    core.unassign_role(ann, scene.by(), member.clone(), of_bob).await.unwrap();
    scene.holds_together().await;
}

async fn members_are_all_who_hold_a_role(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let viewer = scene.role(BuiltinRole::OrganizationViewer).await;
    core.clock().advance_seconds(1);
    let team = scene.team("T").await;
    core.assign_role(ann, scene.by(), viewer.clone(), Subject::Team(team.id)).await.unwrap();
    core.clock().advance_seconds(1);
    core.invite(ann, scene.by(), "x@example.org".into(), vec![]).await.unwrap();
    let named = |members: Vec<Holder>| -> Vec<String> {
        let name = |member: &Holder| match &member.party {
            Party::Principal(principal) => principal.username.clone(),
            Party::Team(team) => team.name.clone(),
            Party::Invitation(invitation) => invitation.email.clone(),
        };
        members.iter().map(name).collect()
    };
    let list = async |who: &Member, query| core.list_members(&who.caller, scene.by(), query).await.unwrap();
    let all = named(list(&scene.ann, everybody()).await);
    assert_eq!(all[..2], ["x@example.org", "T"]);
    assert_eq!(all.len(), 4, "{all:?}");
    let users = PartyQuery { teams: false, invitations: false, ..everybody() };
    assert_eq!(list(&scene.ann, users).await.len(), 2);
    let RoleName::Id(viewer) = viewer else { panic!("by id") };
    let viewers = PartyQuery { role: Some(viewer), ..everybody() };
    assert_eq!(named(list(&scene.ann, viewers).await), ["T"]);
    let second = PartyQuery { skip: 1, limit: 1, ..everybody() };
    assert_eq!(named(list(&scene.ann, second).await), ["T"]);
    assert_eq!(list(&scene.bob, everybody()).await.len(), 3, "members do not see who is invited");
    let there = core.list_members(ann, target(scene.org, scene.workspace.id), everybody()).await.unwrap();
    assert_eq!(there.len(), 1);
    assert!(there[0].roles[0].permissions.contains(Permission::DeleteWorkspace));
    core.clock().advance_seconds(core.settings().invitation_seconds);
    assert_eq!(list(&scene.ann, everybody()).await.len(), 3, "an invitation that expired is none");
}

async fn each_change_leaves_one_event(core: TestCore) {
    let scene = Scene::of(core).await;
    let (core, ann) = (&scene.core, &scene.ann.caller);
    let viewer = scene.role(BuiltinRole::WorkspaceViewer).await;
    let before = core.sql("SELECT COUNT(*) FROM audit_events").parse::<usize>().unwrap();
    let team = scene.team("T").await;
    let change = TeamChange { name: Some("U".into()), ..TeamChange::default() };
    core.update_team(ann, scene.by(), team.id, change).await.unwrap();
    let (at, subject) = (|| target(scene.org, scene.workspace.id), Subject::Team(team.id));
    core.assign_role(ann, at(), viewer.clone(), subject).await.unwrap();
    let bob = TeamMemberId::Principal(scene.bob.id());
    core.add_team_member(ann, (scene.by(), team.id), bob).await.unwrap();
    // What is refused leaves none.
    core.add_team_member(ann, (scene.by(), team.id), bob).await.unwrap_err();
    core.assign_role(ann, at(), viewer.clone(), subject).await.unwrap_err();
    core.remove_team_member(ann, (scene.by(), team.id), bob).await.unwrap();
    core.unassign_role(ann, at(), viewer, subject).await.unwrap();
    core.delete_team(ann, scene.by(), team.id, None).await.unwrap();
    let all = core.sql("SELECT action FROM audit_events ORDER BY id");
    let expected = [
        "team.create",
        "team.update",
        "role.assign",
        "team.add_member",
        "team.remove_member",
        "role.unassign",
        "team.delete",
    ];
    assert_eq!(all.lines().skip(before).collect::<Vec<_>>(), expected);
}
