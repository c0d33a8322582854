-- What roles hold inside the servers of workspaces, pair by pair.
ALTER TABLE roles ADD COLUMN content TEXT NOT NULL DEFAULT '';

-- The resources of a list, as far as they are shared with somebody.
CREATE INDEX resource_shares_among ON resource_shares (org_id, subject_id, workspace_id, resource_id);
