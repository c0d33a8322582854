//! Organizations.

use std::sync::Arc;

use async_trait::async_trait;
use tenantry_core::authz::{OrganizationScope, ServerScope, View, Writable};
use tenantry_core::clock::Timestamp;
use tenantry_core::error::{Error, Result};
use tenantry_core::filter::{Filter, Test};
use tenantry_core::ids::{OrganizationId, PrincipalId};
use tenantry_core::organization::{
    DefaultWorkspaces, Organization, OrganizationField, OrganizationStore, Rival,
};
use tenantry_core::page::{Page, PageRequest};
use tenantry_core::permission::{Permission, PermissionSet};
use tenantry_core::text::fold;
use tenantry_core::workspace::Deleted;
use uuid::Uuid;

use crate::compile::{self, Column, Fields, id_test, int_test, text_test};
use crate::documents::{read_links, read_preferences, write_links, write_preferences};
use crate::driver::{Row, Sql, Value, params, sql};
use crate::session::Db;

/// The columns that [`read`] expects, of the table `o` and its owner `p`.
const COLUMNS: &str = "o.id, o.key, o.name, o.description, o.logo_url, o.links, o.owner_id, o.default_workspaces, \
     o.preferences, o.version, o.created_at, o.updated_at, o.deleted_at, p.shown_name, p.email, o.trial_ends_at";
pub(crate) const FIND: Sql = sql!(
    "SELECT o.id, o.key, o.name, o.description, o.logo_url, o.links, o.owner_id, o.default_workspaces, \
       o.preferences, o.version, o.created_at, o.updated_at, o.deleted_at, p.shown_name, p.email, o.trial_ends_at \
     FROM organizations o CROSS JOIN principals p \
     WHERE o.id = $1 AND o.deleted_at IS NULL AND p.id = o.owner_id"
);
const FIND_DELETED: Sql = sql!(
    "SELECT o.id, o.key, o.name, o.description, o.logo_url, o.links, o.owner_id, o.default_workspaces, \
       o.preferences, o.version, o.created_at, o.updated_at, o.deleted_at, p.shown_name, p.email, o.trial_ends_at \
     FROM organizations o CROSS JOIN principals p \
     WHERE o.id = $1 AND o.deleted_at IS NOT NULL AND p.id = o.owner_id"
);
pub(crate) const CALLED: Sql = sql!(
    "SELECT id, key, name_folded FROM organizations WHERE deleted_at IS NULL AND key IN ($1, $2) \
     UNION SELECT id, key, name_folded FROM organizations WHERE deleted_at IS NULL AND name_folded IN ($1, $2)"
);
pub(crate) const KEYS_BEHIND: Sql = sql!(
    "SELECT key FROM organizations WHERE deleted_at IS NULL AND key >= $1 AND key < $2 AND LENGTH(key) <= $3 \
     UNION ALL SELECT name_folded FROM organizations WHERE deleted_at IS NULL AND name_folded >= $1 \
       AND name_folded < $2 AND LENGTH(name_folded) <= $3"
);
const OWNED: Sql = sql!("SELECT COUNT(*) FROM organizations WHERE owner_id = $1 AND deleted_at IS NULL");
const TAKEN: Sql = sql!("SELECT kind FROM locator WHERE id = $1");
const LOCATE: Sql = sql!("INSERT INTO locator (id, kind, org_id) VALUES ($1, 'organization', $1)");
const VERSION: Sql = sql!("INSERT INTO versions (org_id, version) VALUES ($1, 1)");
const INSERT: Sql = sql!(
    "INSERT INTO organizations (id, key, name, name_folded, description, logo_url, links, owner_id, \
       default_workspaces, preferences, version, created_at, updated_at, trial_ends_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
);
const UPDATE: Sql = sql!(
    "UPDATE organizations SET key = $2, name = $3, name_folded = $4, description = $5, logo_url = $6, links = $7, \
       owner_id = $8, default_workspaces = $9, preferences = $10, version = $11, updated_at = $12, deleted_at = $13, \
       trial_ends_at = $14 \
     WHERE id = $1"
);
const WORKSPACES_MADE: Sql =
    sql!("SELECT COUNT(*) FROM workspaces WHERE org_id = $1 AND deleted_at IS NULL AND is_default = 0");

fn read(row: &Row<'_>) -> Result<Organization> {
    let setting = DefaultWorkspaces::from_word(row.text(7)?);
    Ok(Organization {
        id: OrganizationId::from_uuid(row.id(0)?),
        key: row.text(1)?.to_owned(),
        name: row.text(2)?.to_owned(),
        description: row.opt_string(3)?,
        logo_url: row.opt_string(4)?,
        links: read_links(row.text(5)?)?,
        owner: PrincipalId::from_uuid(row.id(6)?),
        default_workspaces: setting.ok_or_else(|| Error::internal("unknown setting"))?,
        preferences: read_preferences(row.text(8)?)?,
        version: row.int(9)?,
        created_at: Timestamp::from_micros(row.int(10)?),
        updated_at: Timestamp::from_micros(row.int(11)?),
        deleted_at: row.opt_int(12)?.map(Timestamp::from_micros),
        owner_name: row.text(13)?.to_owned(),
        owner_email: row.opt_string(14)?,
        trial_ends_at: row.opt_int(15)?.map(Timestamp::from_micros),
    })
}

struct OrganizationFields;

impl Fields<OrganizationField> for OrganizationFields {
    fn condition(
        &self,
        field: OrganizationField,
        test: &Test,
        params: &mut Vec<Value<'_>>,
    ) -> Result<String> {
        match field {
            OrganizationField::Name => text_test("o.name", "o.name_folded", test, params),
            OrganizationField::CreatedAt => int_test("o.created_at", test, params),
            OrganizationField::UpdatedAt => int_test("o.updated_at", test, params),
            OrganizationField::Owner => id_test("o.owner_id", test, params),
            OrganizationField::OwnerUsername => text_test("p.username", "p.username_folded", test, params),
        }
    }
}

fn column(field: OrganizationField) -> Option<Column> {
    match field {
        OrganizationField::Name => Some(Column::along("o.name")),
        OrganizationField::CreatedAt => Some(Column::along("o.created_at")),
        OrganizationField::UpdatedAt => Some(Column::along("o.updated_at")),
        OrganizationField::Owner | OrganizationField::OwnerUsername => None,
    }
}

#[async_trait]
impl OrganizationStore for Db<'_> {
    async fn find_organization(&self, scope: &OrganizationScope) -> Result<Option<Organization>> {
        let id = scope.organization();
        let found = async { Ok(self.conn.first(&FIND, params![id.as_uuid()], read).await?.map(Arc::new)) };
        let kept = self.kept(id, |kept| &kept.organizations, id, found).await?;
        Ok(kept.map(Arc::unwrap_or_clone))
    }

    async fn find_deleted_organization(&self, scope: &OrganizationScope) -> Result<Option<Organization>> {
        self.conn.first(&FIND_DELETED, params![scope.organization().as_uuid()], read).await
    }

    async fn list_organizations(
        &self,
        scope: &ServerScope,
        (view, deleted): (View, Deleted),
        filter: &Filter<OrganizationField>,
        page: &PageRequest<OrganizationField>,
    ) -> Result<Page<Organization>> {
        let mut params = vec![];
        let every = view != View::OwnRoles && scope.permissions().contains(Permission::ListEveryOrganization);
        let (mine, restorable) = if every {
            ("1 = 1".to_owned(), "1 = 1".to_owned())
        } else {
            let principal = compile::bind(&mut params, scope.principal().as_uuid().into());
            let may_restore = PermissionSet::of(&[Permission::DeleteOrganization]).bits();
            (
                format!("o.id IN (SELECT r.org_id FROM reach r WHERE r.principal_id = {principal})"),
                format!(
                    "EXISTS (SELECT 1 FROM reach r WHERE r.principal_id = {principal} AND r.org_id = o.id \
                     AND r.level = 1 AND r.scope_id = o.id AND (r.permissions & {may_restore}) <> 0)"
                ),
            )
        };
        let shown = match deleted {
            Deleted::Hide => "o.deleted_at IS NULL".to_owned(),
            Deleted::Only => format!("o.deleted_at IS NOT NULL AND {restorable}"),
            Deleted::Show => format!("(o.deleted_at IS NULL OR {restorable})"),
        };
        let only = match scope.only_organization() {
            Some(only) => format!("o.id = {}", compile::bind(&mut params, only.as_uuid().into())),
            None => "1 = 1".to_owned(),
        };
        let wanted = compile::condition(&OrganizationFields, filter, &mut params)?;
        let paging = compile::paging(page, column, "o.id", &mut params)?;
        let statement = Sql::built(format!(
            "SELECT {COLUMNS} FROM organizations o CROSS JOIN principals p \
             WHERE p.id = o.owner_id AND {shown} AND {mine} AND {only} AND {wanted} AND {}{}",
            paging.behind, paging.tail
        ));
        let rows = self.conn.all(&statement, &params, read).await?;
        Ok(Page::cut(rows, page.limit, |last| last.cursor(&page.order)))
    }

    async fn organizations_called(
        &self,
        _: &Writable<ServerScope>,
        key: &str,
        folded_name: &str,
    ) -> Result<Vec<Rival>> {
        self.conn
            .all(&CALLED, params![key, folded_name], |row| {
                Ok(Rival {
                    id: OrganizationId::from_uuid(row.id(0)?),
                    key: row.text(1)?.to_owned(),
                    folded_name: row.text(2)?.to_owned(),
                })
            })
            .await
    }

    async fn organization_keys_behind(&self, _: &Writable<ServerScope>, stem: &str) -> Result<Vec<String>> {
        let (end, longest) = compile::behind_stem(stem);
        self.conn.all(&KEYS_BEHIND, params![stem, end, longest], |row| row.text(0).map(str::to_owned)).await
    }

    async fn count_owned_organizations(&self, owner: PrincipalId) -> Result<u64> {
        let count = self.conn.first(&OWNED, params![owner.as_uuid()], |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    async fn id_is_taken(&self, id: &Uuid) -> Result<bool> {
        Ok(self.conn.first(&TAKEN, params![id], |_| Ok(())).await?.is_some())
    }

    async fn insert_organization(
        &self,
        _: &Writable<ServerScope>,
        organization: &Organization,
    ) -> Result<()> {
        let id = organization.id.as_uuid();
        self.conn.run(&LOCATE, params![id]).await?;
        self.conn.run(&VERSION, params![id]).await?;
        self.note_version(organization.id, 1);
        let params = params![
            id,
            &organization.key,
            &organization.name,
            fold(&organization.name),
            organization.description.as_deref(),
            organization.logo_url.as_deref(),
            write_links(&organization.links)?,
            organization.owner.as_uuid(),
            organization.default_workspaces.word(),
            write_preferences(&organization.preferences)?,
            organization.version,
            organization.created_at.as_micros(),
            organization.updated_at.as_micros(),
            organization.trial_ends_at.map(Timestamp::as_micros),
        ];
        self.conn.run(&INSERT, params).await.map(drop)
    }

    async fn update_organization(
        &self,
        scope: &Writable<OrganizationScope>,
        organization: &Organization,
    ) -> Result<()> {
        let params = params![
            scope.organization().as_uuid(),
            &organization.key,
            &organization.name,
            fold(&organization.name),
            organization.description.as_deref(),
            organization.logo_url.as_deref(),
            write_links(&organization.links)?,
            organization.owner.as_uuid(),
            organization.default_workspaces.word(),
            write_preferences(&organization.preferences)?,
            organization.version,
            organization.updated_at.as_micros(),
            organization.deleted_at.map(Timestamp::as_micros),
            organization.trial_ends_at.map(Timestamp::as_micros),
        ];
        self.conn.run(&UPDATE, params).await.map(drop)
    }

    async fn count_workspaces_made(&self, scope: &OrganizationScope) -> Result<u64> {
        let params = params![scope.organization().as_uuid()];
        let count = self.conn.first(&WORKSPACES_MADE, params, |row| row.int(0)).await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }
}
