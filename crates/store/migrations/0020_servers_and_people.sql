-- When the server of a workspace last said that it is up, and when it was last asked.
ALTER TABLE workspaces ADD COLUMN heard_at BIGINT;
ALTER TABLE workspaces ADD COLUMN asked_at BIGINT;

-- What was counted lately, so that a report that comes twice counts once. The sign is that of the step.
CREATE TABLE usage_events (
    org_id BLOB NOT NULL REFERENCES organizations (id),
    workspace_id BLOB NOT NULL,
    feature TEXT NOT NULL,
    resource TEXT NOT NULL,
    sign BIGINT NOT NULL,
    counted_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, workspace_id, feature, resource, sign)
);
CREATE INDEX usage_events_by_age ON usage_events (counted_at);

-- What people tell of themselves: a JSON object, none until they do.
ALTER TABLE principals ADD COLUMN profile TEXT;
-- Whether somebody else has chosen the password, who knows it until its person chooses another.
ALTER TABLE principals ADD COLUMN password_expired BIGINT NOT NULL DEFAULT 0;

-- Until when an organization is on trial; none is not.
ALTER TABLE organizations ADD COLUMN trial_ends_at BIGINT;
