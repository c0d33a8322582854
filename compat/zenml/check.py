"""The real `zenml` client and a real ZenML server in Pro mode against a demo of Tenantry.

Both are unmodified, and so is an earlier client, which says tenant for workspace. The demo tells of itself in TENANTRY_DEMO;
everything is written below the working directory.
"""

import os
import urllib.parse
from pathlib import Path

from people import API, DEMO, HERE, NORTHWIND, Client, Server, call, expect, free_port, step, token


def work_as_administrator(server):
    ada = Client("ada", "ada")
    shown = ada.run("login", "reservoir-runs", "--pro-api-url", API)
    assert "Connected to ZenML Pro server: reservoir-runs" in shown, shown
    step("zenml login NAME, confirmed in a browser, where nobody was logged in before")
    ada.run("project", "register", "wells", "--set")
    assert "wells" in ada.run("project", "list")
    ada.run("orchestrator", "register", "second", "--flavor", "local")
    ada.run("stack", "register", "second", "-o", "second", "-a", "default")
    assert "second" in ada.run("stack", "list")
    listed = ada.run("server", "list", "--pro-api-url", API, "--all")
    assert "reservoir-runs" in listed, listed
    step("zenml project, stack and server list, as administrator")


def list_and_filter(workspace):
    """What the clients ask for, with the words that they use."""
    ada, path = token("ada"), f"{API}/workspaces"
    for query, expected in [
        ({"workspace_name": "reservoir-runs"}, 1),
        ({"workspace_name": "none-such"}, 0),
        ({"organization_id": NORTHWIND, "status": "available", "workspace_name": "reservoir-runs"}, 1),
        ({"status": "failed", "workspace_name": "reservoir-runs"}, 0),
        ({"url": workspace["zenml_service"]["status"]["server_url"], "member_only": True}, 1),
        ({"offset": 0, "limit": 2, "member_only": False}, 2),
    ]:
        found = expect(200, call("GET", f"{path}?{urllib.parse.urlencode(query)}", ada))
        assert len(found) == expected, (query, [it["name"] for it in found])
    step("workspaces are listed and filtered")


def look_as_viewer(server, workspace):
    expect(401, server.sign_in(token("cleo")))
    user = {"user": {"name": f"organizations/{NORTHWIND}/users/{DEMO['people']['cleo']['id']}"}}
    users = f"{API}/api/v1/organizations/{NORTHWIND}/workspaces/{workspace['id']}/users"
    expect(200, call("POST", users, token("ada"), {**user, "roles": [{"name": "workspace-viewer"}]}))
    cleo = expect(200, server.sign_in(token("cleo")))["access_token"]
    assert expect(200, call("GET", f"{server.url}/api/v1/projects", cleo))["total"] > 0
    component = {"name": "third", "type": "orchestrator", "flavor": "local", "configuration": {}}
    expect(403, call("POST", f"{server.url}/api/v1/components", cleo, component))
    expect(403, call("POST", f"{server.url}/api/v1/projects", cleo, {"name": "hers", "display_name": "Hers"}))
    step("a viewer looks, and is refused a write")
    return cleo


def share(server, workspace):
    """One stack for somebody who may enter and see nothing."""
    ada = expect(200, server.sign_in(token("ada")))["access_token"]
    ben = DEMO["people"]["ben"]["id"]
    new = {"name": "Visitor", "organization_id": NORTHWIND, "level": "workspace"}
    new |= {"permissions": [{"resource": "workspace", "action": "read"}]}
    role = expect(200, call("POST", f"{API}/roles", token("ada"), new))
    place = urllib.parse.urlencode({"user_id": ben, "workspace_id": workspace["id"]})
    expect(200, call("POST", f"{API}/roles/{role['id']}/assignments?{place}", token("ada")))
    theirs = expect(200, server.sign_in(token("ben")))["access_token"]
    assert stacks(server, theirs) == [], "nothing was shared yet"
    second = next(stack for stack in stacks(server, ada) if stack["name"] == "second")
    what = {"resource_type": "stack", "resource_id": second["id"], "user_id": ben}
    path = f"{server.url}/api/v1/users/resource_membership?{urllib.parse.urlencode(what)}"
    expect(200, call("POST", path, ada, ["read"]))
    assert [stack["name"] for stack in stacks(server, theirs)] == ["second"]
    expect(403, call("DELETE", f"{server.url}/api/v1/stacks/{second['id']}", theirs))
    expect(200, call("POST", path, ada, []))
    assert stacks(server, theirs) == []
    step("one stack is shared, is all that is seen, and is shared no more")


def meter(server):
    """What the server makes is counted, and refused where the organization's limit is reached."""
    ada = expect(200, server.sign_in(token("ada")))["access_token"]
    projects = f"{API}/api/v1/organizations/{NORTHWIND}/entitlements/project"
    used = expect(200, call("GET", projects, token("ada")))["used_count"]
    assert used > 0, "the project that was registered was not counted"
    new = {"name": "metered", "display_name": "Metered"}
    expect(200, call("PATCH", projects, token("root"), {"limit": used}))
    expect(402, call("POST", f"{server.url}/api/v1/projects", ada, new))
    expect(200, call("PATCH", projects, token("root"), {"limit": None}))
    expect(200, call("POST", f"{server.url}/api/v1/projects", ada, new))
    assert expect(200, call("GET", projects, token("ada")))["used_count"] == used + 1
    step("what a server makes is counted, and refused at the limit")


def work_in_a_project(server, workspace):
    """A role in one project of the server, for somebody who is no member of the workspace."""
    ada = expect(200, server.sign_in(token("ada")))["access_token"]
    wells = expect(200, call("GET", f"{server.url}/api/v1/projects?name=wells", ada))["items"][0]["id"]
    kit = {"user_id": DEMO["people"]["kit"]["id"]}
    expect(200, call("POST", assignment("Organization Member", kit), token("root")))
    expect(401, server.sign_in(token("kit")))
    path = assignment("Project Viewer", {**kit, "workspace_id": workspace["id"], "project_id": wells})
    expect(200, call("POST", path, token("ada")))
    theirs = expect(200, server.sign_in(token("kit")))["access_token"]
    seen = expect(200, call("GET", f"{server.url}/api/v1/projects", theirs))["items"]
    assert [project["name"] for project in seen] == ["wells"], seen
    expect(200, call("GET", f"{server.url}/api/v1/pipelines?project={wells}", theirs))
    expect(403, call("POST", f"{server.url}/api/v1/models", theirs, {"name": "theirs", "project": wells}))
    expect(200, call("DELETE", path, token("ada")))
    expect(401, server.sign_in(token("kit")))
    step("a role in one project lets in, shows that project alone, and ends")


def assignment(role, query):
    listed = f"{API}/organizations/{NORTHWIND}/roles?{urllib.parse.urlencode({'name': role})}"
    roles = expect(200, call("GET", listed, token("ada")))
    return f"{API}/roles/{roles[0]['id']}/assignments?{urllib.parse.urlencode(query)}"


def stacks(server, credential):
    """Those that somebody may see. The server shows its default one to everybody."""
    found = expect(200, call("GET", f"{server.url}/api/v1/stacks", credential))["items"]
    return [stack for stack in found if stack["name"] != "default"]


def run_as_service_account(server, workspace):
    accounts = f"{API}/organizations/{NORTHWIND}/service_accounts"
    account = expect(200, call("POST", accounts, token("ada"), {"username": "nightly", "description": "Runs at night"}))
    place = {"user_id": account["id"], "workspace_id": workspace["id"]}
    expect(200, call("POST", assignment("Workspace Developer", place), token("ada")))
    key = expect(200, call("POST", f"{accounts}/{account['id']}/api_keys", token("ada"), {"name": "first"}))["key"]
    assert key.startswith("ZENPROKEY_"), key
    machine = Client("ada", "nightly")
    printed = machine.run("login", "reservoir-runs", "--api-key", "--pro-api-url", API, typed=key)
    assert "Connected to ZenML Pro server" in printed, printed
    machine.run("project", "set", "wells")
    assert "second" in machine.run("stack", "list")
    expect(200, call("DELETE", f"{accounts}/{account['id']}/api_keys/first", token("ada")))
    expect(401, server.sign_in(key))
    step("zenml login --api-key, as a service account, until its key is deleted")


def come_in_with_a_key_of_ones_own(server):
    """The client takes the key of a person for what it takes that of a service account."""
    made = expect(200, call("POST", f"{API}/users/me/api_keys", token("ada"), {"name": "laptop"}))
    alone = Client("ada", "keyed")
    printed = alone.run("login", "reservoir-runs", "--api-key", "--pro-api-url", API, typed=made["key"])
    assert "Connected to ZenML Pro server" in printed, printed
    alone.run("project", "set", "wells")
    expect(200, call("DELETE", f"{API}/users/me/api_keys/{made['id']}", token("ada")))
    expect(401, server.sign_in(made["key"]))
    step("zenml login --api-key, with a person's own key, until it is deleted")


def ask_with_an_earlier_client():
    earlier = Client("ada", "earlier", programs=Path(os.environ["EARLIER"]), workspace="")
    printed = earlier.run("login", "--pro", "--pro-api-url", API)
    assert "Successfully logged in" in printed, printed
    script = Path(__file__).parent / "earlier.py"
    printed = earlier.run("-B", script, API, NORTHWIND, program="python")
    assert "content" in printed, printed
    step("zenml 0.75 logs in and finds its tenants")


def close_and_suspend(server, workspace, cleo):
    path = f"{API}/workspaces/{workspace['id']}"
    expect(200, call("PATCH", f"{path}/deactivate", token("ada"), {}))
    expect(403, call("GET", f"{server.url}/api/v1/projects", cleo))
    expect(401, server.sign_in(token("ada")))
    expect(200, call("PATCH", f"{path}/deploy", token("ada"), {}))
    expect(200, call("GET", f"{server.url}/api/v1/projects", cleo))
    step("a deactivated workspace refuses from the next request on")

    suspend = f"{API}/api/v1/users/{DEMO['people']['cleo']['id']}:suspend"
    expect(200, call("POST", suspend, token("root"), {}))
    assert expect(200, call("GET", f"{server.url}/api/v1/projects", cleo))["total"] == 0
    component = {"name": "fourth", "type": "orchestrator", "flavor": "local", "configuration": {}}
    expect(403, call("POST", f"{server.url}/api/v1/components", cleo, component))
    expect(401, server.sign_in(token("cleo")))
    step("a suspended user is shown nothing and let in no more")


def main():
    new = {"name": "reservoir-runs", "organization_id": NORTHWIND}
    workspace = expect(200, call("POST", f"{API}/workspaces?enroll=True", token("ada"), new))
    server = Server(workspace, free_port())
    try:
        server.wait()
        shown = expect(200, call("GET", f"{API}/workspaces/{workspace['id']}", token("ada")))
        assert shown["status"] == "available", shown
        assert shown["zenml_service"]["status"]["server_url"] == server.url, shown
        step("a server is enrolled and reports in")
        list_and_filter(shown)
        work_as_administrator(server)
        cleo = look_as_viewer(server, workspace)
        share(server, workspace)
        meter(server)
        work_in_a_project(server, workspace)
        run_as_service_account(server, workspace)
        come_in_with_a_key_of_ones_own(server)
        ask_with_an_earlier_client()
        close_and_suspend(server, workspace, cleo)
    finally:
        server.stop()


main()
