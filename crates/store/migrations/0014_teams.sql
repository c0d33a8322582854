-- Teams become something that people make: with a description and a version, and with invitations among their members, whose
-- acceptance is the entrance of who accepts. Teams and invitations can be found by their ids alone, as roles can.

ALTER TABLE teams ADD COLUMN description TEXT;
ALTER TABLE teams ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE teams ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
UPDATE teams SET updated_at = created_at;
CREATE INDEX teams_newest ON teams (org_id, created_at DESC, id);
ALTER TABLE team_members ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;

CREATE TABLE team_invitations (
    org_id BLOB NOT NULL,
    team_id BLOB NOT NULL,
    invitation_id BLOB NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, team_id, invitation_id),
    FOREIGN KEY (org_id, team_id) REFERENCES teams (org_id, id),
    FOREIGN KEY (org_id, invitation_id) REFERENCES invitations (org_id, id)
) WITHOUT ROWID;
CREATE INDEX team_invitations_invitation ON team_invitations (org_id, invitation_id, team_id);

INSERT INTO locator (id, kind, org_id) SELECT id, 'team', org_id FROM teams;
INSERT INTO locator (id, kind, org_id) SELECT id, 'invitation', org_id FROM invitations;
CREATE INDEX invitations_email ON invitations (email_folded, created_at DESC, id) WHERE status = 'pending';
