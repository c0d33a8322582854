//! Workspaces: made, found, changed, deleted, restored.

use tenantry_core::authz::{OrganizationRef, View, WorkspaceRef};
use tenantry_core::error::Kind;
use tenantry_core::ids::WorkspaceId;
use tenantry_core::organization::{DefaultWorkspaces, NewOrganization};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::preferences::{DateFormat, Preferences};
use tenantry_core::workspace::{
    BoundingBox, Deleted, NewWorkspace, State, StatusReport, Workspace, WorkspaceChange, WorkspaceQuery,
};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

use crate::asking::{called, every_workspace, kind, names, reason};

on_both_engines!(
    is_found_by_id_name_and_key,
    names_are_unique_ignoring_case,
    keys_are_numbered,
    every_field_comes_back,
    stale_versions_are_refused,
    what_changes_nothing_is_no_change,
    deleting_frees_name_and_key,
    restoring_brings_everything_back,
    restoring_gives_way_to_who_took_the_name,
    the_default_one_stays,
    deleting_one_in_use_needs_force,
    rehearsals_leave_nothing_behind,
    reports_are_kept,
    proposed_ids_are_kept_unless_taken,
);

async fn get(core: &TestCore, who: &Member, made: &Workspace) -> Workspace {
    let by = target(made.organization, made.id);
    core.get_workspace(&who.caller, by, View::Both).await.unwrap().seen.workspace
}

fn described(text: &str) -> WorkspaceChange {
    WorkspaceChange { description: Some(Some(text.to_owned())), ..Default::default() }
}

async fn is_found_by_id_name_and_key(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "Äther Ω").await;
    assert_eq!(made.key, "ather");
    for text in [made.id.to_string().to_uppercase(), "äTHER ω".into(), "ather".into()] {
        let by = (OrganizationRef::Name("ORG".into()), WorkspaceRef::parse(&text));
        let found = core.get_workspace(&root.caller, by, View::Both).await.unwrap();
        assert_eq!(found.seen.workspace, made, "{text}");
        assert_eq!(found.seen.own_role(), Some(BuiltinRole::WorkspaceOwner));
        assert_eq!(found.people[&root.id()].username, "root");
    }
    // Who sees every workspace may know that there is none.
    let by = (OrganizationRef::Id(org), WorkspaceRef::parse("a_her"));
    assert_eq!(kind(core.get_workspace(&root.caller, by, View::Both).await), Kind::NotFound);
}

async fn names_are_unique_ignoring_case(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let other = core.organization(&root, "Other").await.id;
    core.workspace(&root, org, "STRASSE").await;
    for taken in ["straße", " Strasse ", "strasse"] {
        let again = core.create_workspace(&root.caller, OrganizationRef::Id(org), called(taken)).await;
        assert_eq!(reason(again), "workspace.name_taken", "{taken}");
    }
    assert_eq!(core.workspace(&root, other, "straße").await.name, "straße");
    let second = core.workspace(&root, org, "Gasse").await;
    let rename = |name: &str| WorkspaceChange { name: Some(name.to_owned()), ..Default::default() };
    let by = || target(org, second.id);
    assert_eq!(
        reason(core.update_workspace(&root.caller, by(), rename("Straße")).await),
        "workspace.name_taken"
    );
    let own = core.update_workspace(&root.caller, by(), rename("GASSE")).await.unwrap();
    assert_eq!((own.seen.workspace.name.as_str(), own.seen.workspace.key.as_str()), ("GASSE", "gasse"));
}

async fn keys_are_numbered(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let keyed = |name: &str, key: &str| NewWorkspace { key: Some(key.to_owned()), ..called(name) };
    let make = async |new| core.create_workspace(&root.caller, OrganizationRef::Id(org), new).await;
    for (name, key) in
        [("North Sea", "north-sea"), ("North-Sea", "north-sea-2"), ("north_sea", "north-sea-3")]
    {
        assert_eq!(core.workspace(&root, org, name).await.key, key);
    }
    for (name, key) in [("日本語", "workspace"), ("=", "workspace-2")] {
        assert_eq!(core.workspace(&root, org, name).await.key, key);
    }
    // Only what could be a number counts, and only here; a gap is filled again.
    let other = core.organization(&root, "Other").await.id;
    core.workspace(&root, other, "North Sea 4").await;
    make(keyed("A", "north-sea-side")).await.unwrap();
    make(keyed("B", "north-sea-5")).await.unwrap();
    let fourth = core.workspace(&root, org, "north+sea").await;
    assert_eq!(fourth.key, "north-sea-4");
    assert_eq!(core.workspace(&root, org, "north=sea").await.key, "north-sea-6");
    core.delete_workspace(&root.caller, target(org, fourth.id), None, true).await.unwrap();
    assert_eq!(core.workspace(&root, org, "north,sea").await.key, "north-sea-4");
    let restored = core.undelete_workspace(&root.caller, target(org, fourth.id), None, None).await.unwrap();
    assert_eq!(restored.seen.workspace.key, "north-sea-4-2");
    // So long that a number has to take the place of its end.
    let longest = "k".repeat(64);
    let first = make(keyed("Long", &longest)).await.unwrap().seen.workspace.id;
    core.delete_workspace(&root.caller, target(org, first), None, true).await.unwrap();
    make(keyed("Longer", &longest)).await.unwrap();
    let restored = core.undelete_workspace(&root.caller, target(org, first), None, None).await.unwrap();
    assert_eq!(restored.seen.workspace.key, format!("{}-2", "k".repeat(62)));
    assert_eq!(reason(make(keyed("X", "north-sea-2")).await), "workspace.key_taken");
    assert_eq!(make(keyed("X", "own-key")).await.unwrap().seen.workspace.key, "own-key");
    assert_eq!(kind(make(keyed("Y", "Own_Key")).await), Kind::Invalid);
    assert_eq!(kind(make(keyed("Y", "0190b0a0-0000-7000-8000-000000000000")).await), Kind::Invalid);
}

async fn every_field_comes_back(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let ring = [[-179.5, -89.25], [3.125, -89.25], [3.125, 60.1], [-179.5, 60.1], [-179.5, -89.25]];
    let preferences = Preferences {
        support_team_access: true,
        time_zone: Some("Europe/Oslo".into()),
        date_format: Some(DateFormat::DayLongMonthYear),
        decimal_places: Some(20),
        ..Preferences::default()
    };
    let fields = WorkspaceChange {
        description: Some(Some("über\t\"quoted\"\n\\ '; DROP TABLE workspaces; --".into())),
        labels: Some(vec!["a".into(), "%_\\".into()]),
        bounding_box: Some(Some(BoundingBox::new(&ring).unwrap())),
        coordinate_system: Some(Some("EPSG:4326".into())),
        icon: Some(Some("rocket".into())),
        icon_color: Some(Some("#fff".into())),
        logo_url: Some(Some("https://example.org/logo.svg".into())),
        is_active: Some(false),
        zenml_configuration: Some(r#"{"version": "0.98", "nul": "\u0000"}"#.into()),
        mlflow_configuration: Some("{}".into()),
        desired_state: Some(State::Available),
        preferences: Some(preferences.clone()),
        ..WorkspaceChange::default()
    };
    let new = NewWorkspace { fields: fields.clone(), ..called("Everything") };
    let made = core.create_workspace(&root.caller, OrganizationRef::Id(org), new).await.unwrap();
    let made = made.seen.workspace;
    assert_eq!(get(&core, &root, &made).await, made);
    assert_eq!(made.description.as_deref(), fields.description.unwrap().as_deref());
    assert_eq!(made.labels, ["a", "%_\\"]);
    assert_eq!(made.bounding_box.unwrap().ring(), &ring);
    assert_eq!((made.is_active, made.lifecycle.desired, made.project_count), (false, State::Available, 1));
    assert_eq!(made.details.preferences, preferences);
    assert!(made.details.zenml.unwrap().configuration.contains("\\u0000"));

    let clear = WorkspaceChange {
        description: Some(None),
        labels: Some(vec![]),
        bounding_box: Some(None),
        coordinate_system: Some(Some(" ".into())),
        icon: Some(None),
        preferences: Some(Preferences::default()),
        ..WorkspaceChange::default()
    };
    let by = target(org, made.id);
    let cleared = core.update_workspace(&root.caller, by, clear).await.unwrap().seen.workspace;
    assert_eq!(
        (&cleared.description, &cleared.coordinate_system, &cleared.bounding_box),
        (&None, &None, &None)
    );
    assert_eq!((cleared.labels.len(), &cleared.details.icon), (0, &None));
    assert_eq!(cleared.details.preferences, Preferences::default());
}

async fn stale_versions_are_refused(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    let by = || target(org, made.id);
    let at = |version: i64| WorkspaceChange { expected_version: Some(version.into()), ..described("new") };
    assert_eq!(made.version, 1);
    let first = core.update_workspace(&root.caller, by(), at(1)).await.unwrap();
    assert_eq!(first.seen.workspace.version, 2);
    let stale = core.update_workspace(&root.caller, by(), at(1)).await;
    assert_eq!(reason(stale), "workspace.stale");
    let stale = core.delete_workspace(&root.caller, by(), Some(1.into()), true).await;
    assert_eq!(kind(stale), Kind::Conflict);
    core.delete_workspace(&root.caller, by(), Some(2.into()), true).await.unwrap();
}

async fn what_changes_nothing_is_no_change(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    let by = || target(org, made.id);
    let set = core.update_workspace(&root.caller, by(), described("new")).await.unwrap().seen.workspace;
    let events = core.sql("SELECT COUNT(*) FROM audit_events");
    core.clock().advance_seconds(5);
    let same_name = WorkspaceChange { name: Some("W".into()), ..WorkspaceChange::default() };
    for same in [WorkspaceChange::default(), same_name, described("new")] {
        let updated = core.update_workspace(&root.caller, by(), same.clone()).await.unwrap();
        assert_eq!((&updated.seen.workspace, &get(&core, &root, &made).await), (&set, &set), "{same:?}");
    }
    assert_eq!(core.sql("SELECT COUNT(*) FROM audit_events"), events);
    let stale = WorkspaceChange { expected_version: Some(1.into()), ..WorkspaceChange::default() };
    assert_eq!(kind(core.update_workspace(&root.caller, by(), stale).await), Kind::Conflict);
}

async fn deleting_frees_name_and_key(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let first = core.workspace(&ann, org, "W").await;
    let by = || target(org, first.id);
    core.clock().advance_seconds(3);
    let gone = core.delete_workspace(&ann.caller, by(), None, false).await.unwrap();
    assert_eq!(gone.seen.workspace.deleted_at.unwrap(), first.created_at.plus_seconds(3));
    let second = core.workspace(&ann, org, "w").await;
    assert_eq!((second.key.as_str(), second.id == first.id), ("w", false));

    // By id it can still be read, by name only the new one; nothing else can be done to it.
    assert_eq!(get(&core, &ann, &first).await.deleted_at, gone.seen.workspace.deleted_at);
    let by_name = (OrganizationRef::Id(org), WorkspaceRef::Name("W".into()));
    let found = core.get_workspace(&ann.caller, by_name, View::Both).await.unwrap();
    assert_eq!(found.seen.workspace.id, second.id);
    assert_eq!(kind(core.delete_workspace(&ann.caller, by(), None, true).await), Kind::NotFound);
    assert_eq!(kind(core.update_workspace(&ann.caller, by(), described("x")).await), Kind::NotFound);
    assert_eq!(kind(core.get_workspace_preferences(&ann.caller, by()).await), Kind::NotFound);
    let report = StatusReport { status: Some(State::Available), ..Default::default() };
    assert_eq!(kind(core.report_workspace_status(&ann.caller, by(), report).await), Kind::NotFound);
    let invite = core.invite(&ann.caller, by(), "x@example.org".into(), vec![]).await;
    assert_eq!(kind(invite), Kind::NotFound);

    let query = |deleted| WorkspaceQuery { deleted, ..every_workspace() };
    assert_eq!(names(&core, &ann, org, query(Deleted::Hide)).await, ["w"]);
    assert_eq!(names(&core, &ann, org, query(Deleted::Only)).await, ["W"]);
    assert_eq!(names(&core, &ann, org, query(Deleted::Show)).await, ["W", "w"]);
}

async fn restoring_brings_everything_back(core: TestCore) {
    let root = core.root().await;
    let (ann, bob) = (core.user(&root, "ann").await, core.user(&root, "bob").await);
    let org = core.organization(&ann, "Org").await.id;
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
    let made = core.workspace(&bob, org, "W").await;
    let by = || target(org, made.id);
    assert_eq!(reason(core.undelete_workspace(&bob.caller, by(), None, None).await), "workspace.not_deleted");
    core.delete_workspace(&bob.caller, by(), None, false).await.unwrap();
    let back = core.undelete_workspace(&bob.caller, by(), None, None).await.unwrap().seen;
    assert_eq!(back.own_role(), Some(BuiltinRole::WorkspaceOwner));
    assert_eq!(back.workspace.version, 3);
    assert_eq!(back.workspace, Workspace { version: 3, ..made.clone() });
    assert_eq!(names(&core, &bob, org, every_workspace()).await, ["W"]);
}

async fn restoring_gives_way_to_who_took_the_name(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let first = core.workspace(&root, org, "W").await;
    core.delete_workspace(&root.caller, target(org, first.id), None, true).await.unwrap();
    let second = core.workspace(&root, org, "w").await;
    let by = || target(org, first.id);
    assert_eq!(reason(core.undelete_workspace(&root.caller, by(), None, None).await), "workspace.name_taken");
    let back = core.undelete_workspace(&root.caller, by(), Some("W again".into()), None).await.unwrap();
    let back = back.seen.workspace;
    assert_eq!((back.name.as_str(), back.key.as_str()), ("W again", "w-2"));

    // A key as long as a key may be gets its number too.
    let longest = "k".repeat(64);
    let keyed = |name: &str| NewWorkspace { key: Some(longest.clone()), ..called(name) };
    let long = core.create_workspace(&root.caller, OrganizationRef::Id(org), keyed("L")).await.unwrap();
    let by = || target(org, long.seen.workspace.id);
    core.delete_workspace(&root.caller, by(), None, true).await.unwrap();
    core.create_workspace(&root.caller, OrganizationRef::Id(org), keyed("M")).await.unwrap();
    let back = core.undelete_workspace(&root.caller, by(), None, None).await.unwrap();
    assert_eq!(back.seen.workspace.key, format!("{}-2", "k".repeat(62)));
    assert_eq!(get(&core, &root, &second).await.key, "w");
}

async fn the_default_one_stays(core: TestCore) {
    let root = core.root().await;
    let new = NewOrganization {
        name: "Org".into(),
        default_workspaces: DefaultWorkspaces::Shared,
        ..NewOrganization::default()
    };
    let org = core.create_organization(&root.caller, new).await.unwrap().id;
    let by = || (OrganizationRef::Id(org), WorkspaceRef::parse("default"));
    let found = core.get_workspace(&root.caller, by(), View::OwnRoles).await.unwrap();
    assert!(found.seen.workspace.is_default);
    let refused = core.delete_workspace(&root.caller, by(), None, true).await;
    assert_eq!(reason(refused), "workspace.default");
}

async fn deleting_one_in_use_needs_force(core: TestCore) {
    let root = core.root().await;
    let ann = core.user(&root, "ann").await;
    let org = core.organization(&ann, "Org").await.id;
    let made = core.workspace(&ann, org, "W").await;
    let by = || target(org, made.id);
    let email = "guest@example.org".to_owned();
    core.invite(&ann.caller, by(), email, vec![]).await.unwrap();
    let refused = core.delete_workspace(&ann.caller, by(), None, false).await;
    assert_eq!(reason(refused), "workspace.in_use");
    core.clock().advance_seconds(core.settings().invitation_seconds);
    core.delete_workspace(&ann.caller, by(), None, false).await.unwrap();
}

async fn rehearsals_leave_nothing_behind(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    let by = || target(org, made.id);
    let tables = ["workspaces", "projects", "grants", "reach", "locator", "audit_events"];
    let count = || tables.map(|table| core.sql(&format!("SELECT COUNT(*) FROM {table}")));
    let (before, version) = (count(), core.sql("SELECT SUM(version) FROM versions"));

    let new = core
        .rehearsal()
        .create_workspace(&root.caller, OrganizationRef::Id(org), called("New"))
        .await
        .unwrap();
    assert_eq!((new.seen.workspace.name.as_str(), new.seen.workspace.project_count), ("New", 1));
    let changed = core.rehearsal().update_workspace(&root.caller, by(), described("x")).await.unwrap();
    assert_eq!(changed.seen.workspace.version, 2);
    core.rehearsal().delete_workspace(&root.caller, by(), None, true).await.unwrap();
    let again = core.rehearsal().create_workspace(&root.caller, OrganizationRef::Id(org), called("w")).await;
    assert_eq!(reason(again), "workspace.name_taken", "a rehearsal refuses what the deed would");

    assert_eq!(count(), before);
    assert_eq!(core.sql("SELECT SUM(version) FROM versions"), version);
    assert_eq!(get(&core, &root, &made).await, made);
}

async fn reports_are_kept(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let made = core.workspace(&root, org, "W").await;
    let report = StatusReport {
        status: Some(State::Available),
        zenml_status: Some(r#"{"server_url": "https://example.org"}"#.into()),
        usage: Some([("pipelines".to_owned(), i64::MAX)].into()),
        ..StatusReport::default()
    };
    core.clock().advance_seconds(60);
    let by = target(org, made.id);
    let told = core.report_workspace_status(&root.caller, by, report).await.unwrap().seen.workspace;
    assert_eq!(told.lifecycle.status, State::Available);
    assert_eq!(told.lifecycle.changed_at, made.created_at.plus_seconds(60));
    assert_eq!(get(&core, &root, &made).await, told);
}

async fn proposed_ids_are_kept_unless_taken(core: TestCore) {
    let root = core.root().await;
    let org = core.organization(&root, "Org").await.id;
    let other = core.organization(&root, "Other").await.id;
    let make = async |org, id: Uuid, name: &str| {
        let new = NewWorkspace { id: Some(WorkspaceId::from_uuid(id)), ..called(name) };
        core.create_workspace(&root.caller, OrganizationRef::Id(org), new).await
    };
    let id = Uuid::from_u128(u128::MAX);
    assert_eq!(make(org, id, "W").await.unwrap().seen.workspace.id.as_uuid(), &id);
    for taken in [id, Uuid::nil(), *org.as_uuid(), *root.id().as_uuid()] {
        assert_eq!(reason(make(other, taken, "V").await), "workspace.id_taken");
    }
}
