"""What the checks know of the demo, and how they ask for things as its people do."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

DEMO = json.loads(os.environ["TENANTRY_DEMO"])
# Where what is said to the demo is held against the contract, on its way.
API = os.environ["TENANTRY_API"]
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


class Client:
    """The command line of `zenml`, as one person uses it on one machine."""

    def __init__(self, person, home, programs=BIN, workspace=None):
        self.programs = programs
        home = HERE / home
        home.mkdir(exist_ok=True)
        known = DEMO["people"][person]
        self.env = {**os.environ, **QUIET, "ZENML_CONFIG_PATH": str(home), "COLUMNS": "200"}
        self.env |= {"BROWSER_USER": known["username"], "BROWSER_PASSWORD": known["password"]}
        if workspace is not None:
            self.env["BROWSER_WORKSPACE"] = workspace

    def attempt(self, *arguments, typed=None, program="zenml"):
        """Whether it succeeds, and what it prints. `typed` is typed on a terminal, where it asks for a secret."""
        command = [str(self.programs / program), *map(str, arguments)]
        if typed is not None:
            command = [sys.executable, "-B", str(Path(__file__).parent / "typed.py"), typed, *command]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=300)
        return done.returncode == 0, done.stdout + done.stderr

    def run(self, *arguments, **more):
        succeeds, printed = self.attempt(*arguments, **more)
        assert succeeds, f"{' '.join(map(str, arguments))}: {printed}"
        return printed


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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

    def sign_in(self, credential):
        form = {"grant_type": "zenml-external"}
        return call("POST", f"{self.url}/api/v1/login", credential, form=form)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
