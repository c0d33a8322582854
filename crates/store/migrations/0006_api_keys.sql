-- What a credential leaves of its principal's rights: everything, reading, or only the permissions; all workspaces, or only
-- those of a JSON list of ids.

ALTER TABLE credentials ADD COLUMN access TEXT NOT NULL DEFAULT 'everything';
ALTER TABLE credentials ADD COLUMN permissions BIGINT;
ALTER TABLE credentials ADD COLUMN workspaces TEXT;
ALTER TABLE credentials ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
