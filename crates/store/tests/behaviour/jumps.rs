//! Pages reached by offset: whatever was asked before, and whatever has changed since, a jump shows the rows that a walk
//! from the beginning would show there.

use tenantry_core::authz::{OrganizationRef, View};
use tenantry_core::page::{Order, PageRequest, Start};
use tenantry_core::permission::BuiltinRole;
use tenantry_core::workspace::{Deleted, WorkspaceField, WorkspaceQuery};
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};

use crate::asking::{every_workspace, names};

on_both_engines!(jumps_show_what_a_walk_shows, jumps_of_one_list_are_not_taken_for_another);

/// Workspaces of the organization: enough for several anchors.
const ROWS: usize = 330;

async fn jumps_show_what_a_walk_shows(core: TestCore) {
    let root = core.root().await;
    let bob = core.user(&root, "bob").await;
    let org = core.organization(&root, "Org").await.id;
    let by = || OrganizationRef::Id(org);
    core.add_organization_user(&root.caller, by(), bob.id(), BuiltinRole::OrganizationMember).await.unwrap();
    let mut made = Vec::new();
    for number in 0..ROWS {
        let owner = if number % 3 == 0 { &bob } else { &root };
        // Names in an order of their own.
        made.push(core.workspace(owner, org, &format!("{:03}", number * 7 % ROWS)).await.id);
    }
    for (round, gone) in made.into_iter().take(3).enumerate() {
        for who in [&root, &bob] {
            for order in [
                vec![Order::ascending(WorkspaceField::Name)],
                vec![Order::descending(WorkspaceField::CreatedAt)],
                vec![
                    Order::ascending(WorkspaceField::DefaultFirst),
                    Order::ascending(WorkspaceField::CreatedAt),
                ],
            ] {
                let whole =
                    names(&core, who, org, WorkspaceQuery { page: page(&order, 0, 1000), ..all() }).await;
                // Far first, then back, then on, so that anchors are found, used and passed over.
                for rows in [305, 99, 100, 101, 250, 0, 200, 199, 329, 330, 5000, 120] {
                    let asked = WorkspaceQuery { page: page(&order, rows, 30), count: round == 1, ..all() };
                    let list = core.list_workspaces(&who.caller, by(), asked).await.unwrap();
                    let from = usize::try_from(rows).unwrap().min(whole.len());
                    let to = (from + 30).min(whole.len());
                    let shown: Vec<_> = list.page.items.into_iter().map(|seen| seen.workspace.name).collect();
                    assert_eq!(shown, whole[from..to], "{order:?} {rows}");
                    assert_eq!(list.total, (round == 1).then_some(whole.len() as u64));
                }
            }
        }
        // A row near the beginning goes, and a new one comes.
        core.delete_workspace(&root.caller, target(org, gone), None, true).await.unwrap();
        core.workspace(&bob, org, &format!("000 {round}")).await;
    }
}

async fn jumps_of_one_list_are_not_taken_for_another(core: TestCore) {
    let root = core.root().await;
    let bob = core.user(&root, "bob").await;
    let (org, other) = (core.organization(&root, "Org").await.id, core.organization(&root, "Other").await.id);
    let member = BuiltinRole::OrganizationMember;
    core.add_organization_user(&root.caller, OrganizationRef::Id(org), bob.id(), member).await.unwrap();
    for number in 0..130 {
        let owner = if number % 2 == 0 { &bob } else { &root };
        let made = core.workspace(owner, org, &format!("w{number:03}")).await;
        core.workspace(&root, other, &format!("o{number:03}")).await;
        if number == 7 {
            core.delete_workspace(&root.caller, target(org, made.id), None, true).await.unwrap();
        }
    }
    let order = [Order::ascending(WorkspaceField::Name)];
    let at = |view, deleted| WorkspaceQuery { view, deleted, page: page(&order, 100, 1), ..all() };
    let first = async |who: &Member, org, query| names(&core, who, org, query).await.first().cloned();
    assert_eq!(first(&root, org, at(View::Administered, Deleted::Hide)).await.unwrap(), "w101");
    assert_eq!(first(&root, org, at(View::Administered, Deleted::Show)).await.unwrap(), "w100");
    assert_eq!(first(&root, org, at(View::OwnRoles, Deleted::Hide)).await, None);
    assert_eq!(first(&bob, org, at(View::Both, Deleted::Hide)).await, None);
    assert_eq!(first(&root, other, at(View::Administered, Deleted::Hide)).await.unwrap(), "o100");
    let descending = [Order::descending(WorkspaceField::Name)];
    let down = WorkspaceQuery { page: page(&descending, 100, 1), ..all() };
    assert_eq!(first(&root, org, down).await.unwrap(), "w029");
}

fn all() -> WorkspaceQuery {
    every_workspace()
}

fn page(order: &[Order<WorkspaceField>], rows: u64, limit: usize) -> PageRequest<WorkspaceField> {
    PageRequest { order: order.to_vec(), start: Start::Skip { from: None, rows }, limit }
}
