//! Every list but that of workspaces (see `pages`), walked by cursor while others write to it without a pause: a row that
//! is there throughout appears exactly once, none twice.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tenantry_core::authz::{OrganizationRef, Place, View};
use tenantry_core::credential::{Access, ApiKeyField, NewApiKey};
use tenantry_core::filter::{Filter, ListQuery};
use tenantry_core::grant::{Person, RoleName};
use tenantry_core::ids::{CredentialId, InvitationId, OrganizationId, PrincipalId, RoleId, WorkspaceId};
use tenantry_core::invitation::InvitationField;
use tenantry_core::organization::{OrganizationField, OrganizationQuery};
use tenantry_core::page::{Cursor, Order, Page, PageRequest, Start};
use tenantry_core::permission::{BuiltinRole, Level, PermissionSet};
use tenantry_core::principal::UserField;
use tenantry_core::resource::ContentRights;
use tenantry_core::role::{NewRole, RoleField};
use tenantry_core::workspace::Deleted;
use tenantry_testkit::estate::target;
use tenantry_testkit::{Member, TestCore};
use uuid::Uuid;

on_both_engines!(organizations, users, roles, invitations, api_keys);

/// Rows that stay, and rows that each writer makes and removes in turn. No more API keys than one may have.
const LASTING: usize = 6;
const PASSING: usize = 2;
const WRITERS: usize = 2;

/// A list, and where it is had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    Organizations,
    Users(Level),
    Roles(Level),
    Invitations(Level),
    ApiKeys,
}

struct Ground {
    core: TestCore,
    root: Member,
    org: OrganizationId,
    workspace: WorkspaceId,
    /// Who comes and goes.
    people: Vec<PrincipalId>,
    made: AtomicU32,
}

/// Names on both sides of each other, so that rows come before and behind every cursor.
fn name(number: usize) -> String {
    format!("{}{number}", char::from(b'a' + u8::try_from(number * 7 % 26).unwrap()))
}

fn request<F: Copy>(
    fields: &[F],
    (key, descending): (usize, bool),
    start: Start,
    limit: usize,
) -> PageRequest<F> {
    PageRequest { order: vec![Order { field: fields[key % fields.len()], descending }], start, limit }
}

fn shown<T>(page: &Page<T>, id: impl Fn(&T) -> Uuid) -> (Vec<Uuid>, Option<Cursor>) {
    (page.items.iter().map(id).collect(), page.next.clone())
}

impl Ground {
    /// Who runs the server has an organization and a workspace; for lists of a workspace everybody belongs already.
    async fn new(core: TestCore) -> Self {
        let root = core.root().await;
        let org = core.organization(&root, "Org").await.id;
        let workspace = core.workspace(&root, org, "W").await.id;
        let mut people = Vec::new();
        for number in 0..LASTING + WRITERS * PASSING {
            people.push(core.user(&root, &name(number)).await.id());
        }
        Self { core, root, org, workspace, people, made: AtomicU32::new(0) }
    }

    fn by(&self) -> OrganizationRef {
        OrganizationRef::Id(self.org)
    }

    fn place(&self, level: Level) -> Place {
        match level {
            Level::Workspace => target(self.org, self.workspace).into(),
            _ => self.by().into(),
        }
    }

    /// Makes a row; the number says which person it is, where it is one.
    async fn make(&self, list: List, number: usize) -> Uuid {
        let (core, caller) = (&self.core, &self.root.caller);
        core.clock().advance_seconds(1);
        let made = self.made.fetch_add(1, Ordering::Relaxed);
        let title = format!("{}-{made}", name(number));
        match list {
            List::Organizations => *core.organization(&self.root, &title).await.id.as_uuid(),
            List::Users(level) => {
                let role = if level == Level::Workspace {
                    BuiltinRole::WorkspaceViewer
                } else {
                    BuiltinRole::OrganizationMember
                };
                let (person, roles) = (Person::Id(self.people[number]), vec![RoleName::Builtin(role)]);
                core.add_user(caller, self.place(level), person, roles).await.unwrap();
                *self.people[number].as_uuid()
            }
            List::Roles(level) => {
                let permissions = PermissionSet::NONE;
                let new = NewRole {
                    id: None,
                    level,
                    title,
                    description: None,
                    permissions,
                    content: ContentRights::NONE,
                };
                *core.create_role(caller, self.place(level), new).await.unwrap().id.as_uuid()
            }
            List::Invitations(level) => {
                let email = format!("{title}@example.org");
                let (invitation, _) = core.invite(caller, self.place(level), email, vec![]).await.unwrap();
                *invitation.id.as_uuid()
            }
            List::ApiKeys => {
                let new = NewApiKey {
                    owner: None,
                    title,
                    days: 30,
                    access: Access::Everything,
                    workspaces: vec![],
                };
                *core.create_api_key(caller, self.by(), new).await.unwrap().credential.id.as_uuid()
            }
        }
    }

    async fn remove(&self, list: List, row: Uuid) {
        let (core, caller) = (&self.core, &self.root.caller);
        let removed = match list {
            List::Organizations => {
                let gone = OrganizationRef::Id(OrganizationId::from_uuid(row));
                core.delete_organization(caller, gone, None, true).await.map(drop)
            }
            List::Users(Level::Workspace) => {
                let place = target(self.org, self.workspace);
                core.remove_workspace_user(caller, place, PrincipalId::from_uuid(row), None).await
            }
            List::Users(_) => {
                let gone = PrincipalId::from_uuid(row);
                core.remove_organization_user(caller, self.by(), gone, None, true).await.map(drop)
            }
            List::Roles(level) => {
                let role = RoleName::Id(RoleId::from_uuid(row));
                core.delete_role(caller, self.place(level), role, None, true).await
            }
            List::Invitations(level) => {
                core.cancel_invitation(caller, self.place(level), InvitationId::from_uuid(row)).await
            }
            List::ApiKeys => core.delete_api_key(caller, self.by(), CredentialId::from_uuid(row), None).await,
        };
        removed.unwrap();
    }

    async fn page(
        &self,
        list: List,
        order: (usize, bool),
        start: Start,
        limit: usize,
    ) -> (Vec<Uuid>, Option<Cursor>) {
        let (core, caller) = (&self.core, &self.root.caller);
        match list {
            List::Organizations => {
                use OrganizationField::{CreatedAt, Name, UpdatedAt};
                let page = request(&[Name, CreatedAt, UpdatedAt], order, start, limit);
                let (view, deleted, filter) = (View::Both, Deleted::Hide, Filter::All);
                let query = OrganizationQuery { view, deleted, filter, page };
                let list = core.list_organizations(caller, query).await.unwrap();
                shown(&list.page, |row| *row.id.as_uuid())
            }
            List::Users(level) => {
                use UserField::{CreatedAt, DisplayName, Email};
                let page = request(&[DisplayName, Email, CreatedAt], order, start, limit);
                let query = ListQuery { filter: Filter::All, page };
                let list = core.list_users(caller, self.place(level), query).await.unwrap();
                shown(&list, |row| *row.user.id.as_uuid())
            }
            List::Roles(level) => {
                let page = request(&[RoleField::CreatedAt], order, start, limit);
                let list = core.list_roles(caller, self.place(level), BuiltinRole::word, page).await.unwrap();
                shown(&list, |row| *row.id.as_uuid())
            }
            List::Invitations(level) => {
                let page = request(&[InvitationField::CreatedAt], order, start, limit);
                let list = core.list_invitations(caller, self.place(level), page).await.unwrap();
                shown(&list, |row| *row.id.as_uuid())
            }
            List::ApiKeys => {
                let page = request(&[ApiKeyField::CreatedAt], order, start, limit);
                let list = core.list_api_keys(caller, self.by(), page).await.unwrap();
                shown(&list, |row| *row.credential.id.as_uuid())
            }
        }
    }

    /// The rows on all pages, none of which is there twice.
    async fn walk(&self, list: List, order: (usize, bool), limit: usize) -> BTreeSet<Uuid> {
        let (mut seen, mut start) = (BTreeSet::new(), Start::Beginning);
        loop {
            let (rows, next) = self.page(list, order, start, limit).await;
            assert!(rows.len() <= limit);
            for row in rows {
                assert!(seen.insert(row), "a row of {list:?} by {order:?} in pages of {limit} came twice");
            }
            let Some(next) = next else { return seen };
            start = Start::After(next);
        }
    }
}

async fn hold(ground: Ground, list: List) -> Ground {
    let ground = Arc::new(ground);
    let mut lasting = Vec::new();
    for number in 0..LASTING {
        lasting.push(ground.make(list, number).await);
    }
    let (done, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let writers = (0..WRITERS).map(|writer| {
        let (ground, done, written) = (Arc::clone(&ground), Arc::clone(&done), Arc::clone(&written));
        tokio::spawn(async move {
            let mine = LASTING + writer * PASSING..LASTING + (writer + 1) * PASSING;
            while !done.load(Ordering::Relaxed) {
                let mut rows = Vec::new();
                for number in mine.clone() {
                    rows.push(ground.make(list, number).await);
                }
                for row in rows {
                    ground.remove(list, row).await;
                    written.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for walk in 0..24 {
        let (before, order, limit) = (written.load(Ordering::Relaxed), (walk, walk % 2 == 0), 1 + walk / 6);
        let seen = ground.walk(list, order, limit).await;
        let complete = lasting.iter().all(|row| seen.contains(row));
        assert!(complete, "a row of {list:?} by {order:?} in pages of {limit} was lost");
        while written.load(Ordering::Relaxed) == before {
            tokio::task::yield_now().await; // so that no walk is over before anything was written
        }
    }
    done.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    Arc::into_inner(ground).unwrap()
}

async fn organizations(core: TestCore) {
    hold(Ground::new(core).await, List::Organizations).await;
}

async fn users(core: TestCore) {
    let ground = hold(Ground::new(core).await, List::Users(Level::Organization)).await;
    for passing in LASTING..ground.people.len() {
        ground.make(List::Users(Level::Organization), passing).await;
    }
    hold(ground, List::Users(Level::Workspace)).await;
}

async fn roles(core: TestCore) {
    let ground = hold(Ground::new(core).await, List::Roles(Level::Organization)).await;
    hold(ground, List::Roles(Level::Workspace)).await;
}

async fn invitations(core: TestCore) {
    let ground = hold(Ground::new(core).await, List::Invitations(Level::Organization)).await;
    hold(ground, List::Invitations(Level::Workspace)).await;
}

async fn api_keys(core: TestCore) {
    hold(Ground::new(core).await, List::ApiKeys).await;
}
