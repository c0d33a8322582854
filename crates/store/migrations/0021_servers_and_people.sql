-- When the server of a workspace last said that it is up, and when it was last asked.
ALTER TABLE workspaces ADD COLUMN heard_at BIGINT;
ALTER TABLE workspaces ADD COLUMN asked_at BIGINT;
