-- Written in SQLite's words. For PostgreSQL three of them are translated: TEXT, BLOB and WITHOUT ROWID (see migrate.rs).
-- Ids are 16 bytes, times are microseconds since the epoch, what is folded is compared without regard to case.

CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value BIGINT NOT NULL);

-- One row for each organization and one, of nil id, for the server: locked and raised by every change.
CREATE TABLE versions (org_id BLOB NOT NULL PRIMARY KEY, version BIGINT NOT NULL);

-- Which organization an id belongs to, and that it is taken.
CREATE TABLE locator (id BLOB NOT NULL PRIMARY KEY, kind TEXT NOT NULL, org_id BLOB NOT NULL);

CREATE TABLE principals (
    id BLOB NOT NULL PRIMARY KEY,
    org_id BLOB,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL,
    email TEXT,
    email_folded TEXT,
    display_name TEXT,
    shown_name TEXT NOT NULL,
    shown_name_folded TEXT NOT NULL,
    password_hash TEXT,
    suspended_at BIGINT,
    auth_version BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX principals_username ON principals (username_folded) WHERE org_id IS NULL;
CREATE UNIQUE INDEX principals_email ON principals (email_folded);
CREATE UNIQUE INDEX principals_service_account ON principals (org_id, username_folded) WHERE org_id IS NOT NULL;

CREATE TABLE credentials (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principals (id),
    org_id BLOB,
    title TEXT NOT NULL,
    first_characters TEXT NOT NULL,
    hash BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT
);
CREATE UNIQUE INDEX credentials_hash ON credentials (hash);
CREATE INDEX credentials_principal ON credentials (principal_id, id);

CREATE TABLE organizations (
    id BLOB NOT NULL PRIMARY KEY,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    logo_url TEXT,
    links TEXT NOT NULL,
    owner_id BLOB NOT NULL REFERENCES principals (id),
    default_workspaces TEXT NOT NULL,
    preferences TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX organizations_key ON organizations (key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX organizations_name ON organizations (name_folded) WHERE deleted_at IS NULL;
CREATE INDEX organizations_owner ON organizations (owner_id);
CREATE INDEX organizations_by_name ON organizations (name, id) WHERE deleted_at IS NULL;

CREATE TABLE workspaces (
    org_id BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    description TEXT,
    labels TEXT,
    bounding_box TEXT,
    coordinate_system TEXT,
    is_default BIGINT NOT NULL,
    is_active BIGINT NOT NULL,
    desired_state TEXT NOT NULL,
    state_reason TEXT NOT NULL,
    status TEXT NOT NULL,
    status_at BIGINT NOT NULL,
    owner_id BLOB NOT NULL,
    project_count BIGINT NOT NULL,
    details TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BLOB NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by BLOB NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX workspaces_key ON workspaces (org_id, key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX workspaces_name ON workspaces (org_id, name_folded) WHERE deleted_at IS NULL;
CREATE INDEX workspaces_by_name ON workspaces (org_id, name, id) WHERE deleted_at IS NULL;
CREATE INDEX workspaces_newest ON workspaces (org_id, created_at DESC, id) WHERE deleted_at IS NULL;
CREATE INDEX workspaces_default_first ON workspaces (org_id, is_default DESC, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX workspaces_by_update ON workspaces (org_id, updated_at DESC, id) WHERE deleted_at IS NULL;

CREATE TABLE projects (
    org_id BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    id BLOB NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    is_default BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BLOB NOT NULL,
    PRIMARY KEY (org_id, workspace_id, id),
    FOREIGN KEY (org_id, workspace_id) REFERENCES workspaces (org_id, id)
);
CREATE UNIQUE INDEX projects_key ON projects (org_id, workspace_id, key);

CREATE TABLE roles (
    org_id BLOB NOT NULL,
    id BLOB NOT NULL,
    workspace_id BLOB,
    level BIGINT NOT NULL,
    builtin TEXT,
    title TEXT NOT NULL,
    title_folded TEXT NOT NULL,
    description TEXT,
    permissions BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, workspace_id) REFERENCES workspaces (org_id, id)
);
CREATE UNIQUE INDEX roles_builtin ON roles (org_id, builtin) WHERE builtin IS NOT NULL;
CREATE UNIQUE INDEX roles_title ON roles (org_id, level, title_folded) WHERE workspace_id IS NULL;
CREATE UNIQUE INDEX roles_title_in_workspace ON roles (org_id, workspace_id, title_folded) WHERE workspace_id IS NOT NULL;

CREATE TABLE teams (
    org_id BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX teams_name ON teams (org_id, name_folded);

CREATE TABLE team_members (
    org_id BLOB NOT NULL,
    team_id BLOB NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principals (id),
    PRIMARY KEY (org_id, team_id, principal_id),
    FOREIGN KEY (org_id, team_id) REFERENCES teams (org_id, id)
) WITHOUT ROWID;
CREATE INDEX team_members_principal ON team_members (org_id, principal_id, team_id);

-- The truth about who holds what. scope_id is the organization's, workspace's or project's id (nil for the server).
CREATE TABLE grants (
    org_id BLOB NOT NULL,
    id BLOB NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    role_id BLOB NOT NULL,
    level BIGINT NOT NULL,
    scope_id BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    created_by BLOB NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, role_id) REFERENCES roles (org_id, id)
);
CREATE UNIQUE INDEX grants_once ON grants (org_id, scope_id, subject_id, role_id);
CREATE INDEX grants_subject ON grants (org_id, subject_id, scope_id);

-- Derived from grants in the same transaction: what a principal holds by grants on exactly this scope, direct or by team.
CREATE TABLE reach (
    principal_id BLOB NOT NULL,
    org_id BLOB NOT NULL,
    level BIGINT NOT NULL,
    scope_id BLOB NOT NULL,
    permissions BIGINT NOT NULL,
    role_rank BIGINT NOT NULL,
    PRIMARY KEY (principal_id, org_id, level, scope_id)
) WITHOUT ROWID;
CREATE INDEX reach_of_scope ON reach (org_id, scope_id, principal_id);

CREATE TABLE invitations (
    org_id BLOB NOT NULL REFERENCES organizations (id),
    id BLOB NOT NULL,
    workspace_id BLOB,
    email TEXT NOT NULL,
    email_folded TEXT NOT NULL,
    status TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    invited_by BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, workspace_id) REFERENCES workspaces (org_id, id)
);
CREATE UNIQUE INDEX invitations_secret ON invitations (secret_hash);
CREATE INDEX invitations_pending ON invitations (org_id, workspace_id, created_at, id) WHERE status = 'pending';

CREATE TABLE audit_events (
    org_id BLOB NOT NULL,
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    actor_id BLOB NOT NULL,
    credential_id BLOB,
    request_id TEXT,
    action TEXT NOT NULL,
    targets TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_events_at ON audit_events (org_id, at, id);
