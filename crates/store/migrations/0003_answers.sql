-- What a request that changed something was answered, by the id that its client gave it (AIP-155). The row is made and
-- filled in the transaction of the change.

CREATE TABLE answers (
    principal_id BLOB NOT NULL,
    request_id BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    status BIGINT,
    body TEXT,
    PRIMARY KEY (principal_id, request_id)
) WITHOUT ROWID;
CREATE INDEX answers_at ON answers (created_at);
