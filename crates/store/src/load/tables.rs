//! Rows on their way into their tables, many to a statement.

use tenantry_core::error::Result;

use crate::driver::{Conn, Sql, Value};

/// How many rows go into one statement.
const CHUNK: usize = 200;

/// Rows of one table on their way, written whenever a chunk is full.
pub(super) struct Rows {
    head: &'static str,
    columns: usize,
    values: Vec<Value<'static>>,
}

impl Rows {
    const fn of(head: &'static str, columns: usize) -> Self {
        Self { head, columns, values: Vec::new() }
    }

    pub(super) async fn push(&mut self, conn: Conn<'_>, row: Vec<Value<'static>>) -> Result<()> {
        debug_assert_eq!(row.len(), self.columns, "{}", self.head);
        self.values.extend(row);
        if self.values.len() >= self.columns * CHUNK { self.flush(conn).await } else { Ok(()) }
    }

    pub(super) async fn flush(&mut self, conn: Conn<'_>) -> Result<()> {
        if self.values.is_empty() {
            return Ok(());
        }
        let rows: Vec<String> = (0..self.values.len() / self.columns)
            .map(|row| {
                let names: Vec<String> =
                    (1..=self.columns).map(|column| format!("${}", row * self.columns + column)).collect();
                format!("({})", names.join(", "))
            })
            .collect();
        let statement = Sql::built(format!("{} VALUES {}", self.head, rows.join(", ")));
        conn.run(&statement, &self.values).await?;
        self.values.clear();
        Ok(())
    }
}

/// The tables in the order in which they may be written.
pub(super) struct Tables {
    pub(super) locator: Rows,
    pub(super) versions: Rows,
    pub(super) principals: Rows,
    pub(super) credentials: Rows,
    pub(super) organizations: Rows,
    pub(super) roles: Rows,
    pub(super) workspaces: Rows,
    pub(super) projects: Rows,
    pub(super) grants: Rows,
    pub(super) reach: Rows,
}

impl Tables {
    pub(super) const fn new() -> Self {
        Self {
            locator: Rows::of("INSERT INTO locator (id, kind, org_id)", 3),
            versions: Rows::of("INSERT INTO versions (org_id, version)", 2),
            principals: Rows::of(
                "INSERT INTO principals (id, username, username_folded, email, email_folded, display_name, shown_name, \
                 shown_name_folded, auth_version, version, created_at, updated_at)",
                12,
            ),
            credentials: Rows::of(
                "INSERT INTO credentials (id, kind, principal_id, title, first_characters, hash, created_at)",
                7,
            ),
            organizations: Rows::of(
                "INSERT INTO organizations (id, key, name, name_folded, links, owner_id, default_workspaces, \
                 preferences, version, created_at, updated_at)",
                11,
            ),
            roles: Rows::of(
                "INSERT INTO roles (org_id, id, level, builtin, title, title_folded, permissions, version, created_at, \
                 updated_at, content)",
                11,
            ),
            workspaces: Rows::of(
                "INSERT INTO workspaces (org_id, id, key, name, name_folded, is_default, is_active, desired_state, \
                 state_reason, status, status_at, owner_id, project_count, version, created_at, created_by, updated_at, \
                 updated_by)",
                18,
            ),
            projects: Rows::of(
                "INSERT INTO projects (org_id, workspace_id, id, key, name, is_default, created_at, created_by)",
                8,
            ),
            grants: Rows::of(
                "INSERT INTO grants (org_id, id, subject_kind, subject_id, role_id, level, scope_id, created_at, \
                 created_by)",
                9,
            ),
            reach: Rows::of(
                "INSERT INTO reach (principal_id, org_id, level, scope_id, permissions, role_rank, \
                 account_created_at, shown_name, email, account_updated_at)",
                10,
            ),
        }
    }

    pub(super) async fn flush(&mut self, conn: Conn<'_>) -> Result<()> {
        for rows in [
            &mut self.locator,
            &mut self.versions,
            &mut self.principals,
            &mut self.credentials,
            &mut self.organizations,
            &mut self.roles,
            &mut self.workspaces,
            &mut self.projects,
            &mut self.grants,
            &mut self.reach,
        ] {
            rows.flush(conn).await?;
        }
        Ok(())
    }
}
