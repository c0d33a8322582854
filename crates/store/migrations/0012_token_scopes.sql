-- What an access token is good for, where its client asked for less than it was allowed; and credentials by their end, for
-- when they are forgotten.

CREATE TABLE token_scopes (
    credential_id BLOB NOT NULL PRIMARY KEY REFERENCES credentials (id),
    scopes TEXT NOT NULL
);
CREATE INDEX credentials_expiring ON credentials (expires_at)
    WHERE kind IN ('access_token', 'refresh_token', 'browser_session', 'authorization');
CREATE INDEX authorization_codes_authorization ON authorization_codes (authorization_id);
CREATE INDEX devices_authorization ON devices (authorization_id);
