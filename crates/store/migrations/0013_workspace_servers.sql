-- What is asked of workspaces by the servers behind them, and which wish a server has answered.
ALTER TABLE workspaces ADD COLUMN enrolled BIGINT NOT NULL DEFAULT 0;
ALTER TABLE workspaces ADD COLUMN server_url TEXT;
ALTER TABLE workspaces ADD COLUMN generation BIGINT NOT NULL DEFAULT 1;
ALTER TABLE workspaces ADD COLUMN observed_generation BIGINT NOT NULL DEFAULT 0;
CREATE INDEX workspaces_server_url ON workspaces (server_url) WHERE server_url IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX workspaces_enrolled ON workspaces (org_id, id) WHERE enrolled = 1 AND deleted_at IS NULL;

-- What servers count of metered features, and how much of each an organization may have.
CREATE TABLE usage_counts (
    org_id BLOB NOT NULL REFERENCES organizations (id),
    feature TEXT NOT NULL,
    workspace_id BLOB NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (org_id, feature, workspace_id)
);
CREATE TABLE entitlements (
    org_id BLOB NOT NULL REFERENCES organizations (id),
    feature TEXT NOT NULL,
    allowed BIGINT NOT NULL,
    PRIMARY KEY (org_id, feature)
);

-- What people shared of what the servers keep. Nil stands for no project.
CREATE TABLE resource_shares (
    org_id BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    project_id BLOB NOT NULL,
    resource_id BLOB NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    actions BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BLOB NOT NULL,
    PRIMARY KEY (org_id, workspace_id, kind, project_id, resource_id, subject_id),
    FOREIGN KEY (org_id, workspace_id) REFERENCES workspaces (org_id, id)
);
CREATE INDEX resource_shares_subject ON resource_shares (org_id, subject_id, workspace_id, kind);
