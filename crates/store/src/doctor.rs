//! The doctor's checks. Each compares within one statement, so that a change in between is no finding.

use async_trait::async_trait;
use tenantry_core::doctor::{DoctorStore, Finding};
use tenantry_core::error::Result;
use tenantry_core::workspace;

use crate::driver::{Conn, Sql, params, sql};
use crate::reach::{self, Place};
use crate::session::Db;

/// Rows that must not be: the id of each. The first word of each pair names the check.
const NEVER: [(&str, Sql); 7] = [
    (
        "project_count",
        sql!(
            "SELECT w.id FROM workspaces w WHERE w.project_count <> \
             (SELECT COUNT(*) FROM projects p WHERE p.org_id = w.org_id AND p.workspace_id = w.id)"
        ),
    ),
    (
        "locator",
        sql!(
            "SELECT w.id FROM workspaces w WHERE NOT EXISTS \
             (SELECT 1 FROM locator l WHERE l.id = w.id AND l.org_id = w.org_id AND l.kind = 'workspace') \
             UNION ALL SELECT o.id FROM organizations o WHERE NOT EXISTS \
             (SELECT 1 FROM locator l WHERE l.id = o.id AND l.org_id = o.id AND l.kind = 'organization') \
             UNION ALL SELECT p.id FROM principals p WHERE NOT EXISTS \
             (SELECT 1 FROM locator l WHERE l.id = p.id AND (l.kind = 'principal' \
              OR (l.kind = 'workspace' AND l.org_id = p.org_id)))"
        ),
    ),
    (
        "version",
        sql!(
            "SELECT o.id FROM organizations o WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.org_id = o.id)"
        ),
    ),
    (
        "organization_owner",
        sql!(
            "SELECT o.id FROM organizations o WHERE o.deleted_at IS NULL AND NOT EXISTS \
             (SELECT 1 FROM grants g CROSS JOIN roles ro WHERE g.org_id = o.id AND g.scope_id = o.id \
              AND g.subject_id = o.owner_id AND ro.org_id = g.org_id AND ro.id = g.role_id \
              AND ro.builtin = 'organization-owner')"
        ),
    ),
    (
        "workspace_owner",
        sql!(
            "SELECT w.id FROM workspaces w WHERE w.deleted_at IS NULL AND NOT EXISTS \
             (SELECT 1 FROM grants g CROSS JOIN roles ro WHERE g.org_id = w.org_id AND g.scope_id = w.id \
              AND g.subject_kind = 'principal' \
              AND NOT EXISTS (SELECT 1 FROM workspaces s WHERE s.org_id = g.org_id AND s.id = g.subject_id) \
              AND ro.org_id = g.org_id AND ro.id = g.role_id AND ro.builtin = 'workspace-owner')"
        ),
    ),
    (
        "default_workspace",
        sql!("SELECT w.id FROM workspaces w WHERE w.is_default = 1 AND w.deleted_at IS NOT NULL"),
    ),
    (
        "account_beside_reach",
        sql!(
            "SELECT DISTINCT r.principal_id FROM reach r CROSS JOIN principals p \
             WHERE p.id = r.principal_id AND (p.created_at <> r.account_created_at OR (r.level = 1 \
               AND NOT COALESCE(r.shown_name = p.shown_name AND r.email = COALESCE(p.email, '') \
                 AND r.account_updated_at = p.updated_at, 1 = 0)))"
        ),
    ),
];

#[async_trait]
impl DoctorStore for Db<'_> {
    async fn examine(&self) -> Result<Vec<Finding>> {
        let mut findings = reach(self.conn).await?;
        for (check, never) in &NEVER {
            let wrong = self.conn.all(never, params![], |row| row.id(0)).await?;
            findings.extend(wrong.into_iter().map(|id| Finding { check, detail: id.to_string() }));
        }
        if let Conn::Sqlite(_) = self.conn {
            findings.extend(file(self.conn).await?);
        }
        Ok(findings)
    }
}

/// What everybody reaches, against the grants that it is derived from.
async fn reach(conn: Conn<'_>) -> Result<Vec<Finding>> {
    let (definition, mut reach) = reach::definition_and_reach(conn).await?;
    let wrong = |(principal, organization, level, scope): Place, what: &str| Finding {
        check: "reach",
        detail: format!("{principal} in {organization} at level {level} on {scope}: {what}"),
    };
    let mut findings = Vec::new();
    for (place, held) in definition {
        match reach.remove(&place) {
            None => findings.push(wrong(place, "missing")),
            Some((found, _)) if found != held => findings.push(wrong(place, "other permissions")),
            Some((_, rank)) if rank != workspace::rank(Some(held)) => {
                findings.push(wrong(place, "another rank"));
            }
            Some(_) => {}
        }
    }
    findings.extend(reach.into_keys().map(|place| wrong(place, "without a grant")));
    Ok(findings)
}

/// SQLite's own checks of its file.
async fn file(conn: Conn<'_>) -> Result<Vec<Finding>> {
    let finding = |check| move |detail: String| Finding { check, detail };
    let structure =
        conn.all(&sql!("PRAGMA integrity_check"), params![], |row| row.text(0).map(str::to_owned));
    let broken = structure.await?.into_iter().filter(|line| line != "ok").map(finding("integrity"));
    let keys = conn.all(&sql!("PRAGMA foreign_key_check"), params![], |row| row.text(0).map(str::to_owned));
    Ok(broken.chain(keys.await?.into_iter().map(finding("foreign_key"))).collect())
}
