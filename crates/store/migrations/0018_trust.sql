-- A token of an issuer is looked for by its audience and subject, however many organizations trust the issuer.

CREATE INDEX issuers_audience ON issuers (url, audience, algorithms);
CREATE INDEX identities_of_subject ON identities (subject, issuer_id);
