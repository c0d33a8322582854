-- The projects of workspaces' servers in which somebody holds a role. Grants name them by their id here.
CREATE TABLE server_projects (
    org_id BLOB NOT NULL,
    id BLOB NOT NULL,
    workspace_id BLOB NOT NULL,
    project_id BLOB NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, workspace_id) REFERENCES workspaces (org_id, id)
);
CREATE UNIQUE INDEX server_projects_of_workspace ON server_projects (org_id, workspace_id, project_id);
