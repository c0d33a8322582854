"""The real `zenml` client and a real ZenML server in Pro mode against a demo of Tenantry.

Both are unmodified. The demo tells of itself in TENANTRY_DEMO; everything is written below the working directory.
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DEMO = json.loads(os.environ["TENANTRY_DEMO"])
API = DEMO["url"]
NORTHWIND = DEMO["organizations"]["northwind"]["id"]
HERE = Path.cwd()
BIN = Path(sys.executable).parent
QUIET = {"ZENML_ANALYTICS_OPT_IN": "false", "ZENML_DEFAULT_ANALYTICS_OPT_IN": "false", "AUTO_OPEN_DASHBOARD": "false"}


def call(method, url, token, body=None, form=None):
    """Status and body of a request."""
    data, headers = None, {"Authorization": f"Bearer {token}"}
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    if form is not None:
        data, headers["Content-Type"] = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def expect(status, answer):
    assert answer[0] == status, f"expected {status}, got {answer}"
    return answer[1]


def token(person):
    return DEMO["people"][person]["token"]


def step(text):
    print(f"  {text}", flush=True)


class Server:
    """A ZenML server in Pro mode, as the server of an enrolled workspace."""

    def __init__(self, workspace, port):
        self.url = f"http://127.0.0.1:{port}"
        self.log = (HERE / "zenml-server.log").open("w")
        home = HERE / "server"
        home.mkdir(exist_ok=True)
        pro = {
            "API_URL": API,
            "DASHBOARD_URL": API,
            "OAUTH2_CLIENT_SECRET": workspace["enrollment_key"],
            "OAUTH2_AUDIENCE": API,
            "ORGANIZATION_ID": NORTHWIND,
            "WORKSPACE_ID": workspace["id"],
            "ORGANIZATION_NAME": "northwind",
            "WORKSPACE_NAME": workspace["name"],
        }
        env = {**os.environ, **QUIET, **{f"ZENML_SERVER_PRO_{name}": value for name, value in pro.items()}}
        env |= {
            "ZENML_SERVER_DEPLOYMENT_TYPE": "cloud",
            "ZENML_SERVER_SERVER_URL": self.url,
            "ZENML_CONFIG_PATH": str(home),
            "ZENML_STORE_URL": f"sqlite:///{home}/zenml.db",
        }
        command = [sys.executable, "-m", "uvicorn", "zenml.zen_server.zen_server_api:app"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        self.process = subprocess.Popen(command, env=env, stdout=self.log, stderr=subprocess.STDOUT)

    def wait(self):
        for _ in range(240):
            assert self.process.poll() is None, f"the server ended, see {self.log.name}"
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=2)
                return
            except OSError:
                time.sleep(0.5)
        raise AssertionError("the server does not come up")

    def sign_in(self, person_token):
        form = {"grant_type": "zenml-external"}
        return call("POST", f"{self.url}/api/v1/login", person_token, form=form)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def client(home, *arguments):
    """Runs the command line of `zenml`."""
    env = {**os.environ, **QUIET, "ZENML_CONFIG_PATH": str(home), "COLUMNS": "200"}
    done = subprocess.run([BIN / "zenml", *arguments], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"zenml {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def log_in_by_device(home):
    """`zenml login`, confirmed by ada as the page does it."""
    env = {**os.environ, **QUIET, "ZENML_CONFIG_PATH": str(home), "PYTHONUNBUFFERED": "1"}
    command = [BIN / "zenml", "login", "--pro", "--pro-api-url", API]
    shown = HERE / "login.log"
    with shown.open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
        for _ in range(240):
            found = re.search(r"/login/device\?code=([A-Z-]+)", shown.read_text())
            if found:
                break
            assert process.poll() is None, shown.read_text()
            time.sleep(0.5)
        verified = {"user_code": found.group(1), "trusted_device": True}
        expect(200, call("PUT", f"{API}/devices/verify", token("ada"), verified))
        assert process.wait(120) == 0, shown.read_text()
    assert "Successfully logged in" in shown.read_text(), shown.read_text()


def main():
    new = {"name": "reservoir-runs", "organization_id": NORTHWIND}
    workspace = expect(200, call("POST", f"{API}/workspaces?enroll=True", token("ada"), new))
    path = f"{API}/workspaces/{workspace['id']}"
    server = Server(workspace, free_port())
    try:
        server.wait()
        shown = expect(200, call("GET", path, token("ada")))
        assert shown["status"] == "available", shown
        assert shown["zenml_service"]["status"]["server_url"] == server.url, shown
        step("a server is enrolled and reports in")

        home = HERE / "client"
        home.mkdir(exist_ok=True)
        log_in_by_device(home)
        step("zenml login: confirmed from elsewhere")
        client(home, "login", "reservoir-runs", "--pro-api-url", API)
        client(home, "project", "register", "wells", "--set")
        assert "wells" in client(home, "project", "list")
        client(home, "orchestrator", "register", "second", "--flavor", "local")
        client(home, "stack", "register", "second", "-o", "second", "-a", "default")
        assert "second" in client(home, "stack", "list")
        step("zenml project and zenml stack, as administrator")

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

        expect(200, call("PATCH", f"{path}/deactivate", token("ada"), {}))
        expect(403, call("GET", f"{server.url}/api/v1/projects", cleo))
        expect(401, server.sign_in(token("ada")))
        expect(200, call("PATCH", f"{path}/deploy", token("ada"), {}))
        expect(200, call("GET", f"{server.url}/api/v1/projects", cleo))
        step("a deactivated workspace refuses from the next request on")

        suspend = f"{API}/api/v1/users/{DEMO['people']['cleo']['id']}:suspend"
        expect(200, call("POST", suspend, token("root"), {}))
        assert expect(200, call("GET", f"{server.url}/api/v1/projects", cleo))["total"] == 0
        expect(401, server.sign_in(token("cleo")))
        step("a suspended user is shown nothing and let in no more")
    finally:
        server.stop()


main()
