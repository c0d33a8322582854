"""OAuthLib: what it writes is understood, and what is answered it reads: code with PKCE, refresh, revocation, service
accounts, devices. It has no discovery and no introspection."""

import os

import requests
from oauthlib.oauth2 import BackendApplicationClient, DeviceClient, InvalidGrantError, WebApplicationClient

from browser import Browser
from judge import CALLBACK, DEMO, PERSON, URL, register

# The demo is on plain http, on the own machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

registered = register()
secret = (registered["client_id"], registered["client_secret"])
client = WebApplicationClient(registered["client_id"])


def post(address, headers, body):
    return requests.post(address, headers=headers, data=body, auth=secret, timeout=30)


def allowed():
    """What the person allows, as a request for tokens."""
    verifier = client.create_code_verifier(64)
    address, _, _ = client.prepare_authorization_request(
        f"{URL}/oauth2/authorize", state="s", redirect_url=CALLBACK, scope="openid offline_access api",
        code_challenge=client.create_code_challenge(verifier, "S256"), code_challenge_method="S256",
    )
    back = Browser(URL, PERSON["username"], PERSON["password"]).allow(address, CALLBACK)
    return client.prepare_token_request(
        f"{URL}/oauth2/token", authorization_response=back, redirect_url=CALLBACK, state="s", code_verifier=verifier,
        include_client_id=False,
    )


spent = allowed()
token = client.parse_request_body_response(post(*spent).text)
assert token["token_type"] == "Bearer" and "offline_access" in token.scopes, token
try:
    client.parse_request_body_response(post(*spent).text)
    raise AssertionError("a code was spent twice")
except InvalidGrantError:
    pass

token = client.parse_request_body_response(post(*allowed()).text)
address, headers, body = client.prepare_refresh_token_request(f"{URL}/oauth2/token", refresh_token=token["refresh_token"])
token = client.parse_request_body_response(post(address, headers, body).text)
address, headers, body = client.prepare_token_revocation_request(f"{URL}/oauth2/revoke", token["refresh_token"], "refresh_token")
assert post(address, headers, body).status_code == 200
bearer = {"Authorization": f"Bearer {token['access_token']}"}
assert requests.get(f"{URL}/api/v1/me", headers=bearer, timeout=30).status_code == 401

account = DEMO["service_accounts"]["northwind-ci"]
service = BackendApplicationClient(account["client_id"])
body = service.prepare_request_body(scope="api", include_client_id=True, client_secret=account["client_secret"])
answer = requests.post(f"{URL}/oauth2/token", data=body, headers=FORM, timeout=30)
token = service.parse_request_body_response(answer.text)
assert token["expires_in"] > 0

device = DeviceClient("tenantry-cli")
asked = {"client_id": "tenantry-cli", "scope": "api"}
started = requests.post(f"{URL}/oauth2/device_authorization", data=asked, timeout=30).json()
approval, person = f"{URL}/api/v1/me/devices:approve", {"Authorization": f"Bearer {PERSON['token']}"}
assert requests.post(approval, json={"user_code": started["user_code"]}, headers=person, timeout=30).status_code == 200
body = device.prepare_request_body(started["device_code"], include_client_id=True)
token = device.parse_request_body_response(requests.post(f"{URL}/oauth2/token", data=body, headers=FORM, timeout=30).text)
bearer = {"Authorization": f"Bearer {token['access_token']}"}
assert requests.get(f"{URL}/api/v1/me", headers=bearer, timeout=30).status_code == 200
