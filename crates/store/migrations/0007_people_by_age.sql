-- When the account was made, which never changes: lists of people are by default in this order, newest first.

ALTER TABLE reach ADD COLUMN account_created_at BIGINT NOT NULL DEFAULT 0;
UPDATE reach SET account_created_at = COALESCE((SELECT p.created_at FROM principals p WHERE p.id = reach.principal_id), 0);
CREATE INDEX reach_by_age ON reach (org_id, scope_id, account_created_at DESC, principal_id);
