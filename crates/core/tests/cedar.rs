//! `docs/permissions.md` against the code: first row by row, then by Cedar, which decides from the table and the chain of
//! scopes alone, for every built-in role, wherever it is granted, every target, permission and view.
#![expect(clippy::unwrap_used, reason = "clippy lets only `#[test]` functions unwrap, not what they call")]

use std::collections::BTreeMap;
use std::fmt::Write;

use cedar_policy::{Authorizer, Context, Decision as Verdict, Entities, EntityUid, PolicySet, Request};
use tenantry_core::authz::{Decision, Holdings, View, decide_organization, decide_workspace};
use tenantry_core::caller::{Caller, Narrowing};
use tenantry_core::ids::{CredentialId, OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::permission::{BuiltinRole, Level, Permission, PermissionSet};
use uuid::Uuid;

/// The table: for each role's word the names that it holds, and for each name its level's word.
struct Table {
    holds: BTreeMap<String, Vec<String>>,
    levels: BTreeMap<String, String>,
}

impl Table {
    fn read() -> Self {
        let page = include_str!("../../../docs/permissions.md");
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        };
        let mut rows = page.lines().filter(|line| line.starts_with('|')).map(cells);
        let head = rows.next().unwrap();
        let mut table = Self { holds: BTreeMap::new(), levels: BTreeMap::new() };
        for row in rows.skip(1) {
            assert_eq!(row.len(), head.len(), "{row:?}");
            table.levels.insert(row[0].clone(), row[1].clone());
            for (role, cell) in head.iter().zip(&row).skip(2) {
                assert!(["yes", ""].contains(&cell.as_str()), "{row:?}");
                let holds = table.holds.entry(role.clone()).or_default();
                if cell == "yes" {
                    holds.push(row[0].clone());
                }
            }
        }
        table
    }
}

#[test]
fn the_table_is_the_code() {
    let table = Table::read();
    let roles: Vec<_> = table.holds.keys().map(String::as_str).collect();
    let mut words = BuiltinRole::ALL.map(BuiltinRole::word);
    words.sort_unstable();
    assert_eq!(roles, words);
    assert_eq!(table.levels.len(), Permission::ALL.len());
    for role in BuiltinRole::ALL {
        let held: Vec<_> = role.permissions().iter().map(Permission::name).collect();
        assert_eq!(table.holds[role.word()], held, "{role:?}");
    }
    for permission in Permission::ALL {
        let level = format!("{:?}", permission.level()).to_lowercase();
        assert_eq!(table.levels[permission.name()], level, "{permission:?}");
    }
}

/// Two organizations; the first has two workspaces, the second one.
const ESTATE: &str = r#"[
    {"uid": {"type": "Server", "id": "s"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Organization", "id": "1"}, "attrs": {}, "parents": [{"type": "Server", "id": "s"}]},
    {"uid": {"type": "Organization", "id": "2"}, "attrs": {}, "parents": [{"type": "Server", "id": "s"}]},
    {"uid": {"type": "Workspace", "id": "11"}, "attrs": {}, "parents": [{"type": "Organization", "id": "1"}]},
    {"uid": {"type": "Workspace", "id": "12"}, "attrs": {}, "parents": [{"type": "Organization", "id": "1"}]},
    {"uid": {"type": "Workspace", "id": "21"}, "attrs": {}, "parents": [{"type": "Organization", "id": "2"}]}
]"#;

/// A place in the estate: 0 is the server, 1 and 2 are organizations, the others workspaces.
type Place = u128;

const fn organization_of(place: Place) -> Place {
    if place > 2 { place / 10 } else { place }
}

fn level_of(place: Place) -> Level {
    match place {
        0 => Level::Server,
        1 | 2 => Level::Organization,
        _ => Level::Workspace,
    }
}

fn entity(place: Place) -> String {
    match level_of(place) {
        Level::Server => "Server::\"s\"".to_owned(),
        level => format!("{level:?}::\"{place}\""),
    }
}

/// The policies of one role granted at one place. Administration reaches down where the view accepts it; a role in a
/// workspace counts where the view accepts roles of one's own.
fn policies(table: &Table, role: BuiltinRole, place: Place) -> PolicySet {
    let actions: Vec<_> = table.holds[role.word()].iter().map(|name| format!("Action::\"{name}\"")).collect();
    let (actions, place_is) = (actions.join(", "), entity(place));
    let mut text = String::new();
    let mut permit = |resource: &str, when: &str| {
        writeln!(text, "permit (principal, action in [{actions}], resource {resource}) when {{ {when} }};")
            .unwrap();
    };
    match role.level() {
        Level::Server => permit(&format!("in {place_is}"), "context.administered"),
        Level::Organization => {
            permit(&format!("== {place_is}"), "true");
            permit(&format!("in {place_is}"), "resource is Workspace && context.administered");
        }
        _ => permit(&format!("== {place_is}"), "context.own_roles"),
    }
    text.parse().unwrap()
}

fn caller() -> Caller {
    Caller {
        principal: PrincipalId::from_uuid(Uuid::from_u128(99)),
        is_service_account: false,
        credential: CredentialId::from_uuid(Uuid::from_u128(98)),
        narrowing: Narrowing::default(),
        auth_version: 1,
        request_id: None,
        source: None,
    }
}

/// What the code decides, given what the store derives from the grant.
fn decision(
    role: BuiltinRole,
    granted: Place,
    target: Place,
    view: View,
    permission: Permission,
) -> Decision {
    let held_at = |level, place| {
        if level == role.level() && place == granted { role.permissions() } else { PermissionSet::NONE }
    };
    let home = organization_of(target);
    let held = Holdings {
        server: held_at(Level::Server, 0),
        organization: held_at(Level::Organization, home),
        workspace: held_at(Level::Workspace, target),
        belongs: granted != 0 && organization_of(granted) == home,
        suspended: false,
    };
    let organization = OrganizationId::from_uuid(Uuid::from_u128(home));
    match level_of(target) {
        Level::Workspace => {
            let workspace = WorkspaceId::from_uuid(Uuid::from_u128(target));
            decide_workspace(&caller(), view, &held, permission, organization, workspace)
        }
        _ => decide_organization(&caller(), view, &held, Some(permission), organization),
    }
}

#[test]
fn cedar_decides_alike() {
    let table = Table::read();
    let entities = Entities::from_json_str(ESTATE, None).unwrap();
    let authorizer = Authorizer::new();
    let uid = |text: &str| text.parse::<EntityUid>().unwrap();
    let mut allowed = 0;
    for role in BuiltinRole::ALL {
        for granted in [0, 1, 2, 11, 12, 21].into_iter().filter(|place| level_of(*place) == role.level()) {
            let policies = policies(&table, role, granted);
            for (view, own_roles, administered) in
                [(View::OwnRoles, true, false), (View::Administered, false, true), (View::Both, true, true)]
            {
                let verdict = |permission: Permission, target: Place| {
                    let context = serde_json::json!({"own_roles": own_roles, "administered": administered});
                    let context = Context::from_json_value(context, None).unwrap();
                    let action = uid(&format!("Action::\"{}\"", permission.name()));
                    let (who, what) = (uid("Principal::\"p\""), uid(&entity(target)));
                    let request = Request::new(who, action, what, context, None).unwrap();
                    authorizer.is_authorized(&request, &policies, &entities).decision() == Verdict::Allow
                };
                for target in [1, 2, 11, 12, 21] {
                    let inside = granted != 0 && organization_of(granted) == target;
                    let known = match level_of(target) {
                        Level::Workspace => verdict(Permission::ReadWorkspace, target),
                        _ => inside || verdict(Permission::ReadOrganization, target),
                    };
                    for permission in Permission::ALL {
                        let found = decision(role, granted, target, view, *permission);
                        // Nothing can be done to what may not be known.
                        let expected = (known && verdict(*permission, target), known);
                        let code = (matches!(found, Decision::Allowed(_)), found != Decision::Hidden);
                        assert_eq!(
                            code, expected,
                            "{role:?} at {granted}: {permission:?} at {target} by {view:?}"
                        );
                        allowed += usize::from(code.0);
                    }
                }
            }
        }
    }
    assert!(allowed > 1000, "{allowed}: Cedar allowed hardly anything");
}
