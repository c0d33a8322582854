-- Browser sessions, the clients of OAuth, what people allow them, and the keys with which tokens are signed. Sessions,
-- authorizations and tokens are credentials; here is what they have beside.

CREATE TABLE browser_sessions (
    credential_id BLOB NOT NULL PRIMARY KEY REFERENCES credentials (id),
    user_agent TEXT,
    source TEXT,
    used_at BIGINT NOT NULL
);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash BLOB,
    redirect_uris TEXT NOT NULL,
    logout_uris TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    scopes TEXT NOT NULL,
    audiences TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE authorizations (
    credential_id BLOB NOT NULL PRIMARY KEY REFERENCES credentials (id),
    client_id TEXT NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principals (id),
    scopes TEXT NOT NULL,
    audience TEXT,
    session_id BLOB,
    signed_in_at BIGINT NOT NULL
);
CREATE INDEX authorizations_principal ON authorizations (principal_id, client_id);
CREATE INDEX authorizations_client ON authorizations (client_id);

CREATE TABLE authorization_codes (
    hash BLOB NOT NULL PRIMARY KEY,
    authorization_id BLOB NOT NULL REFERENCES authorizations (credential_id),
    redirect_uri TEXT NOT NULL,
    challenge BLOB NOT NULL,
    nonce TEXT,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT
);
CREATE INDEX authorization_codes_expiring ON authorization_codes (expires_at);

CREATE TABLE signing_keys (
    id BLOB NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    public TEXT NOT NULL,
    private BLOB NOT NULL
);
INSERT INTO meta (name, value) VALUES ('signing_keys', 0);
