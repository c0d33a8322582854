"""Authlib: discovery, code with PKCE, the ID token, userinfo, refresh, introspection, revocation, client credentials, the
device grant as far as it knows it: the codes are asked for and confirmed beside it."""

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.jwk import KeySet

from browser import Browser
from judge import CALLBACK, DEMO, PERSON, URL, register

answer = requests.get(get_well_known_url(URL, external=True), timeout=30)
metadata = OpenIDProviderMetadata(answer.json())
# Not those of addresses: the demo is on plain http, on the own machine.
for name in ["token_endpoint_auth_methods_supported", "response_types_supported", "subject_types_supported"]:
    getattr(metadata, f"validate_{name}")()
assert metadata["issuer"] == URL

client = register()
session = OAuth2Session(
    client["client_id"],
    client["client_secret"],
    scope="openid profile email offline_access api",
    redirect_uri=CALLBACK,
    code_challenge_method="S256",
    token_endpoint=metadata["token_endpoint"],
)
verifier = "judge-" + "v" * 60
address, state = session.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce="n"
)
back = Browser(URL, PERSON["username"], PERSON["password"]).allow(address, CALLBACK)
token = session.fetch_token(authorization_response=back, state=state, code_verifier=verifier)

keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
decoded = jwt.decode(token["id_token"], keys)
claims = CodeIDToken(
    decoded.claims, decoded.header, options={"iss": {"value": URL}, "aud": {"value": client["client_id"]}},
    params={"nonce": "n", "client_id": client["client_id"]},
)
claims.validate()
assert claims["sub"] == PERSON["id"]

info = session.get(metadata["userinfo_endpoint"]).json()
assert info["email"] == PERSON["email"], info

old = token["refresh_token"]
token = session.refresh_token(metadata["token_endpoint"], refresh_token=old)
assert token["refresh_token"] != old
told = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
assert told["active"] and told["sub"] == PERSON["id"], told
assert session.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"]).status_code == 200
told = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
assert told == {"active": False}, told

account = DEMO["service_accounts"]["northwind-ci"]
service = OAuth2Session(account["client_id"], account["client_secret"], scope="api")
service.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
assert service.get(f"{URL}/api/v1/me").status_code == 200

device = OAuth2Session("tenantry-cli", token_endpoint_auth_method="none")
started = requests.post(
    metadata["device_authorization_endpoint"], data={"client_id": "tenantry-cli", "scope": "api"}, timeout=30
).json()
approved = requests.post(
    f"{URL}/api/v1/me/devices:approve",
    json={"user_code": started["user_code"]},
    headers={"Authorization": f"Bearer {PERSON['token']}"},
    timeout=30,
)
assert approved.status_code == 200, approved.text
device.fetch_token(
    metadata["token_endpoint"],
    grant_type="urn:ietf:params:oauth:grant-type:device_code",
    device_code=started["device_code"],
)
assert device.get(f"{URL}/api/v1/me").status_code == 200
