-- An address counts as proved since a link that was mailed to it was used. What is deleted stays as a tombstone, suspended
-- and without names, so that whatever refers to it still does.

ALTER TABLE principals ADD COLUMN email_verified_at BIGINT;
ALTER TABLE principals ADD COLUMN deleted_at BIGINT;
CREATE INDEX principals_by_age ON principals (created_at DESC, id) WHERE org_id IS NULL AND deleted_at IS NULL;

-- Secrets of one use by which a person sets a password or proves an address.
CREATE TABLE links (
    hash BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    principal_id BLOB NOT NULL REFERENCES principals (id),
    email TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX links_principal ON links (principal_id, kind);
CREATE INDEX links_expiring ON links (expires_at);

-- Mails that wait to be sent. What they say, and to whom, is sealed.
CREATE TABLE outbox (
    id BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (due_at, id);

-- Failures of what can be guessed, by hashes of who and whence.
CREATE TABLE failures (
    purpose TEXT NOT NULL,
    subject BLOB NOT NULL,
    count BIGINT NOT NULL,
    since BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    PRIMARY KEY (purpose, subject)
) WITHOUT ROWID;
CREATE INDEX failures_since ON failures (since);
