//! The rules of authorization, for whatever anybody may hold.

use proptest::prelude::*;
use tenantry_core::authz::{
    Decision, Holdings, View, decide_organization, decide_workspace, require_to_hold,
};
use tenantry_core::caller::{Caller, Narrowing};
use tenantry_core::ids::{CredentialId, OrganizationId, PrincipalId, WorkspaceId};
use tenantry_core::permission::{Permission, PermissionSet};
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId::from_uuid(Uuid::from_u128(1));
const WORKSPACE: WorkspaceId = WorkspaceId::from_uuid(Uuid::from_u128(2));

fn caller(narrowing: Narrowing) -> Caller {
    Caller {
        principal: PrincipalId::from_uuid(Uuid::from_u128(3)),
        is_service_account: false,
        credential: CredentialId::from_uuid(Uuid::from_u128(4)),
        narrowing,
        auth_version: 1,
        request_id: None,
        source: None,
    }
}

fn whole() -> Caller {
    caller(Narrowing::default())
}

fn set() -> impl Strategy<Value = PermissionSet> {
    let some = prop::collection::vec(prop::sample::select(Permission::ALL), 0..12);
    some.prop_map(PermissionSet::from_iter)
}

fn held() -> impl Strategy<Value = Holdings> {
    (set(), set(), set(), any::<bool>()).prop_map(|(server, organization, workspace, guest)| Holdings {
        server,
        organization,
        workspace,
        belongs: guest || !organization.is_empty() || !workspace.is_empty(),
        suspended: false,
    })
}

fn view() -> impl Strategy<Value = View> {
    prop::sample::select(vec![View::OwnRoles, View::Administered, View::Both])
}

fn narrowing() -> impl Strategy<Value = Narrowing> {
    let organization = prop::option::of(prop::sample::select(vec![ORGANIZATION, OrganizationId::SERVER]));
    let other = WorkspaceId::from_uuid(Uuid::from_u128(5));
    let workspaces = prop::option::of(prop::sample::subsequence(vec![WORKSPACE, other], 0..=2));
    (prop::option::of(set()), organization, workspaces).prop_map(|(permissions, organization, workspaces)| {
        Narrowing { permissions, organization, workspaces }
    })
}

fn on_workspace(caller: &Caller, view: View, held: &Holdings, permission: Permission) -> Decision {
    decide_workspace(caller, view, held, permission, ORGANIZATION, WORKSPACE)
}

fn on_organization(caller: &Caller, view: View, held: &Holdings, permission: Permission) -> Decision {
    decide_organization(caller, view, held, Some(permission), ORGANIZATION)
}

/// Allowed tells more than forbidden, which tells more than hidden.
fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::Hidden => 0,
        Decision::Forbidden => 1,
        Decision::Allowed(_) => 2,
    }
}

fn permissions(decision: Decision) -> PermissionSet {
    match decision {
        Decision::Allowed(permissions) => permissions,
        Decision::Forbidden | Decision::Hidden => PermissionSet::NONE,
    }
}

proptest! {
    #[test]
    fn narrowing_never_widens(
        held in held(), view in view(), narrowing in narrowing(), permission in prop::sample::select(Permission::ALL),
    ) {
        let narrow = caller(narrowing);
        for decide in [on_workspace, on_organization] {
            let (less, more) = (decide(&narrow, view, &held, permission), decide(&whole(), view, &held, permission));
            prop_assert!(rank(less) <= rank(more));
            prop_assert!(permissions(more).includes(permissions(less)));
        }
    }

    #[test]
    fn who_is_suspended_holds_nothing(
        held in held(), view in view(), permission in prop::sample::select(Permission::ALL),
    ) {
        let suspended = Holdings { suspended: true, ..held };
        for decide in [on_workspace, on_organization] {
            prop_assert_eq!(decide(&whole(), view, &suspended, permission), Decision::Hidden);
        }
        prop_assert_eq!(decide_organization(&whole(), view, &suspended, None, ORGANIZATION), Decision::Hidden);
    }

    #[test]
    fn the_two_ways_to_a_workspace_stay_apart(
        held in held(), permission in prop::sample::select(Permission::ALL),
    ) {
        let decide = |view, held: &Holdings| on_workspace(&whole(), view, held, permission);
        let own = Holdings { workspace: held.workspace, belongs: true, ..Holdings::default() };
        let administered = Holdings { workspace: PermissionSet::NONE, ..held };
        prop_assert_eq!(decide(View::OwnRoles, &held), decide(View::OwnRoles, &own));
        prop_assert_eq!(decide(View::Administered, &held), decide(View::Administered, &administered));
        prop_assert_eq!(rank(decide(View::OwnRoles, &administered)), 0);
        prop_assert_eq!(rank(decide(View::Administered, &own)), 0);
        let both = rank(decide(View::Both, &held));
        prop_assert!(both >= rank(decide(View::OwnRoles, &held)));
        prop_assert!(both >= rank(decide(View::Administered, &held)));
    }

    #[test]
    fn a_workspace_is_known_to_who_may_read_it(
        held in held(), view in view(), permission in prop::sample::select(Permission::ALL),
    ) {
        let all = match view {
            View::OwnRoles => held.workspace,
            View::Administered => held.server.union(held.organization),
            View::Both => held.server.union(held.organization).union(held.workspace),
        };
        let expected = if !all.contains(Permission::ReadWorkspace) {
            Decision::Hidden
        } else if all.contains(permission) {
            Decision::Allowed(all)
        } else {
            Decision::Forbidden
        };
        prop_assert_eq!(on_workspace(&whole(), view, &held, permission), expected);
    }

    #[test]
    fn an_organization_is_known_to_who_belongs_or_runs_the_server(
        held in held(), view in view(), permission in prop::sample::select(Permission::ALL),
    ) {
        let server = if view == View::OwnRoles { PermissionSet::NONE } else { held.server };
        let all = server.union(held.organization);
        let expected = if !held.belongs && !server.contains(Permission::ReadOrganization) {
            Decision::Hidden
        } else if all.contains(permission) {
            Decision::Allowed(all)
        } else {
            Decision::Forbidden
        };
        prop_assert_eq!(on_organization(&whole(), view, &held, permission), expected);
    }

    /// A credential for some workspaces leaves nothing of the organization but to know it.
    #[test]
    fn a_workspaces_credential_does_nothing_to_the_organization(
        held in held(), view in view(), permission in prop::sample::select(Permission::ALL),
    ) {
        let narrow = caller(Narrowing { workspaces: Some(vec![WORKSPACE]), ..Narrowing::default() });
        let only = PermissionSet::of(&[Permission::ReadOrganization]);
        prop_assert!(only.includes(permissions(on_organization(&narrow, view, &held, permission))));
    }

    #[test]
    fn nobody_hands_out_more_than_they_hold(held in set(), role in set()) {
        let outcome = require_to_hold(held, role);
        prop_assert_eq!(outcome.is_ok(), role.iter().all(|permission| held.contains(permission)));
    }
}
