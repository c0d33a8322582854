//! Hostile text: refused with the same kind on both engines, or kept as it is.

use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::error::Kind;
use tenantry_core::filter::{Comparison, Filter, Test};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::organization::{DefaultWorkspaces, Link, NewOrganization, OrganizationChange};
use tenantry_core::permission::{Level, PermissionSet};
use tenantry_core::principal::{NewServiceAccount, NewUser};
use tenantry_core::resource::ContentRights;
use tenantry_core::role::NewRole;
use tenantry_core::workspace::{NewWorkspace, StatusReport, WorkspaceChange, WorkspaceField, WorkspaceQuery};
use tenantry_testkit::TestCore;
use tenantry_testkit::estate::target;

use crate::asking::{called, every_workspace, kind, names};

on_both_engines!(nul_is_refused_everywhere, odd_text_is_kept, long_patterns_are_matched);

const NUL: &str = "a\0b";

async fn nul_is_refused_everywhere(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    let (at, by) = (|| OrganizationRef::Id(org), || target(org, made.id));
    let nul = || Some(NUL.to_owned());

    let new = NewOrganization { default_workspaces: DefaultWorkspaces::None, ..Default::default() };
    for new in [
        NewOrganization { name: NUL.into(), ..new.clone() },
        NewOrganization { name: "N".into(), key: nul(), ..new.clone() },
        NewOrganization { name: "N".into(), description: nul(), ..new.clone() },
        NewOrganization { name: "N".into(), logo_url: Some("https://a\0".into()), ..new },
    ] {
        assert_eq!(kind(core.create_organization(&root.caller, new.clone()).await), Kind::Invalid, "{new:?}");
    }
    let links = Some(vec![Link { name: NUL.into(), url: "https://a".into() }]);
    let change = OrganizationChange { links, ..Default::default() };
    assert_eq!(kind(core.update_organization(&root.caller, at(), change).await), Kind::Invalid);

    let new = NewWorkspace { name: "N".into(), key: nul(), ..Default::default() };
    for new in [new, called(NUL)] {
        assert_eq!(kind(core.create_workspace(&root.caller, at(), new).await), Kind::Invalid);
    }
    let change = WorkspaceChange::default();
    for change in [
        WorkspaceChange { name: nul(), ..change.clone() },
        WorkspaceChange { description: Some(nul()), ..change.clone() },
        WorkspaceChange { labels: Some(vec![NUL.into()]), ..change.clone() },
        WorkspaceChange { coordinate_system: Some(nul()), ..change.clone() },
        WorkspaceChange { icon: Some(nul()), ..change.clone() },
        WorkspaceChange { icon_color: Some(nul()), ..change.clone() },
        WorkspaceChange { logo_url: Some(Some("https://a\0".into())), ..change.clone() },
        WorkspaceChange { zenml_configuration: Some("{\"\0\": 1}".into()), ..change },
    ] {
        let update = core.update_workspace(&root.caller, by(), change.clone()).await;
        assert_eq!(kind(update), Kind::Invalid, "{change:?}");
    }
    let report = StatusReport { mlflow_status: Some(NUL.into()), ..Default::default() };
    assert_eq!(kind(core.report_workspace_status(&root.caller, by(), report).await), Kind::Invalid);

    let user = NewUser { email: "u@example.org".into(), ..NewUser::default() };
    for new in [
        NewUser { email: "a\0@example.org".into(), ..user.clone() },
        NewUser { username: nul(), ..user.clone() },
        NewUser { display_name: nul(), ..user },
    ] {
        assert_eq!(kind(core.create_user(&root.caller, new).await.map(drop)), Kind::Invalid);
    }
    let account = NewServiceAccount::new(NUL, tenantry_core::permission::BuiltinRole::OrganizationViewer);
    assert_eq!(kind(core.create_service_account(&root.caller, at(), account).await), Kind::Invalid);
    let role = NewRole {
        id: None,
        level: Level::Workspace,
        title: NUL.into(),
        description: None,
        permissions: PermissionSet::NONE,
        content: ContentRights::NONE,
    };
    assert_eq!(kind(core.create_role(&root.caller, at(), role).await), Kind::Invalid);
    let invite = core.invite(&root.caller, by(), "a\0@b".into(), vec![]).await;
    assert_eq!(kind(invite), Kind::Invalid);
    let person = Person::Email { email: "a\0@b".into(), display_name: None };
    let roles = vec![RoleName::Title(NUL.into())];
    assert_eq!(kind(core.add_user(&root.caller, by(), person, roles).await), Kind::Invalid);
    assert_eq!(kind(core.sign_in_user(NUL, NUL, None).await), Kind::Invalid);

    let named = (at(), WorkspaceRef::parse(NUL));
    assert_eq!(kind(core.get_workspace(&root.caller, named, View::Both).await), Kind::Invalid);
    assert_eq!(kind(core.get_organization(&root.caller, OrganizationRef::parse(NUL)).await), Kind::Invalid);
    for test in [
        Test::Text(Comparison::Equal, NUL.into()),
        Test::Like(vec![NUL.into(), String::new()]),
        Test::Contains(NUL.into()),
        Test::Folded(NUL.into()),
    ] {
        let filter = Filter::Is(WorkspaceField::Name, test);
        let query = WorkspaceQuery { filter, ..every_workspace() };
        assert_eq!(kind(core.list_workspaces(&root.caller, at(), query).await), Kind::Invalid);
    }
}

async fn odd_text_is_kept(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let longest = "😀".repeat(60);
    let mut odd = ["' OR ''='", "$1", "?1", "İ", "ﬁ", longest.as_str()];
    for name in odd {
        let made = core.workspace(&root, org, name).await;
        assert_eq!(made.name, name);
        let again = core.create_workspace(&root.caller, OrganizationRef::Id(org), called(name)).await;
        assert_eq!(kind(again), Kind::AlreadyExists, "{name}");
        let by = (OrganizationRef::Id(org), WorkspaceRef::Name(name.to_owned()));
        let found = core.get_workspace(&root.caller, by, View::Both).await.unwrap();
        assert_eq!(found.seen.workspace.id, made.id);
    }
    odd.sort_unstable();
    assert_eq!(names(&core, &root, org, every_workspace()).await, odd);
    let ligature = core.create_workspace(&root.caller, OrganizationRef::Id(org), called("FI")).await;
    assert_eq!(kind(ligature), Kind::AlreadyExists, "folding is full");
}

/// SQLite gives up on patterns beyond 50,000 bytes unless it is told otherwise.
async fn long_patterns_are_matched(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    core.workspace(&root, org, "W").await;
    let none: &[&str] = &[];
    for (test, found) in [
        (Test::Contains("x".repeat(60_000)), none),
        (Test::Contains("%".repeat(16_000)), none),
        (Test::Like(vec!["%".repeat(60_000), String::new()]), none),
        (Test::Like(vec![String::new(); 60_000]), &["W"]),
    ] {
        let filter = Filter::Is(WorkspaceField::Name, test);
        let query = WorkspaceQuery { filter, ..every_workspace() };
        assert_eq!(names(&core, &root, org, query).await, found);
    }
}
