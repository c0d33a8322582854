-- A token of an issuer is looked for by its audience and subject, however many organizations trust the issuer.

CREATE INDEX issuers_audience ON issuers (url, audience, algorithms);
CREATE INDEX identities_of_subject ON identities (subject, issuer_id);

-- Of many issuers of organizations, few may tell of a domain: by these, people are shown the one of their address.
CREATE INDEX issuers_with_domains ON issuers (org_id) WHERE domains <> '';

-- What the first start has sealed, in one row: who cannot open it has another master key.
CREATE TABLE first_start (id BIGINT NOT NULL PRIMARY KEY, sealed BLOB NOT NULL);
