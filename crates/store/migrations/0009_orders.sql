-- API keys are looked for by part of their titles. What was made before is folded by the engine's own rule, until the key is
-- changed.

ALTER TABLE credentials ADD COLUMN title_folded TEXT NOT NULL DEFAULT '';
UPDATE credentials SET title_folded = LOWER(title);

-- The people of an organization are listed by their names, addresses and last changes as well. What they are ordered by is
-- kept beside their role on it, and changes with the account. Roles in workspaces, of which there are many more, go without.

ALTER TABLE reach ADD COLUMN shown_name TEXT;
ALTER TABLE reach ADD COLUMN email TEXT;
ALTER TABLE reach ADD COLUMN account_updated_at BIGINT;
UPDATE reach SET
    shown_name = (SELECT p.shown_name FROM principals p WHERE p.id = reach.principal_id),
    email = (SELECT COALESCE(p.email, '') FROM principals p WHERE p.id = reach.principal_id),
    account_updated_at = (SELECT p.updated_at FROM principals p WHERE p.id = reach.principal_id)
WHERE level = 1;
CREATE INDEX reach_by_name ON reach (org_id, scope_id, shown_name, principal_id) WHERE level = 1;
CREATE INDEX reach_by_email ON reach (org_id, scope_id, email, principal_id) WHERE level = 1;
CREATE INDEX reach_by_update ON reach (org_id, scope_id, account_updated_at DESC, principal_id) WHERE level = 1;

-- Who holds a role at a place, where few do.

DROP INDEX grants_role;
CREATE INDEX grants_role ON grants (org_id, role_id, scope_id, subject_id);
