-- Who holds a role, for when it changes; and roles can be found by their id alone, as workspaces can.

CREATE INDEX invitations_expiring ON invitations (expires_at, org_id, id) WHERE status = 'pending';
CREATE INDEX grants_role ON grants (org_id, role_id);
INSERT INTO locator (id, kind, org_id) SELECT id, 'role', org_id FROM roles;
