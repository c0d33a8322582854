-- What was deleted, the longest ago first: what is purged when its time has come.

CREATE INDEX organizations_deleted ON organizations (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX workspaces_deleted ON workspaces (deleted_at, org_id, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX credentials_organization ON credentials (org_id) WHERE org_id IS NOT NULL;
