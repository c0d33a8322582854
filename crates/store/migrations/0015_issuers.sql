-- External issuers that the server (under the nil id) or an organization trusts, and whom they mean by a subject. An
-- identity is a credential; here is what it has beside.

CREATE TABLE issuers (
    org_id BLOB NOT NULL,
    id BLOB NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BLOB NOT NULL,
    algorithms TEXT NOT NULL,
    audience TEXT,
    admits_newcomers BIGINT NOT NULL,
    role TEXT,
    domains TEXT NOT NULL,
    configured_by BLOB NOT NULL REFERENCES principals (id),
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE UNIQUE INDEX issuers_id ON issuers (id);
CREATE UNIQUE INDEX issuers_url ON issuers (url, org_id);

CREATE TABLE identities (
    credential_id BLOB NOT NULL PRIMARY KEY REFERENCES credentials (id),
    org_id BLOB NOT NULL,
    issuer_id BLOB NOT NULL,
    subject TEXT NOT NULL,
    email TEXT
);
CREATE UNIQUE INDEX identities_subject ON identities (issuer_id, subject);
CREATE INDEX identities_organization ON identities (org_id);
