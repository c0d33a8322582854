-- What was refused, and to whom: at most one row a minute for each principal or source and each kind of refusal.
CREATE TABLE denied_attempts (
    org_id BLOB NOT NULL,
    id BLOB NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    principal_id BLOB,
    permission TEXT,
    route TEXT NOT NULL,
    request_id TEXT,
    suppressed BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX denied_attempts_at ON denied_attempts (at);

-- The credential for which this one was given, and with which it ends.
ALTER TABLE credentials ADD COLUMN parent_id BLOB REFERENCES credentials (id);
CREATE INDEX credentials_parent ON credentials (parent_id) WHERE parent_id IS NOT NULL;
