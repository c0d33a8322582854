-- Device logins, which wait some minutes for a person's answer, and the devices that come of them. The id of a login is the
-- id of its device, unless it leads to one that was there before.

CREATE TABLE device_logins (
    id BLOB NOT NULL PRIMARY KEY,
    device_code_hash BLOB NOT NULL,
    user_code_hash BLOB NOT NULL,
    client_id TEXT NOT NULL,
    client_name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    device_id BLOB,
    source TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    interval_seconds BIGINT NOT NULL,
    polled_at BIGINT,
    state TEXT NOT NULL,
    principal_id BLOB
);
CREATE UNIQUE INDEX device_logins_device_code ON device_logins (device_code_hash);
CREATE UNIQUE INDEX device_logins_user_code ON device_logins (user_code_hash);
CREATE INDEX device_logins_expiring ON device_logins (expires_at);

CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY,
    principal_id BLOB NOT NULL REFERENCES principals (id),
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    source TEXT,
    user_agent TEXT,
    metadata TEXT NOT NULL,
    trusted BIGINT NOT NULL,
    locked_at BIGINT,
    authorization_id BLOB NOT NULL REFERENCES authorizations (credential_id),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_login_at BIGINT,
    expires_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX devices_principal ON devices (principal_id, created_at);
CREATE INDEX devices_expiring ON devices (expires_at);

-- When what was allowed ends at the latest, whoever uses it.
ALTER TABLE authorizations ADD COLUMN ends_at BIGINT;

-- Whether who shows the token may end it.
ALTER TABLE credentials ADD COLUMN ends_itself BIGINT NOT NULL DEFAULT 0;
