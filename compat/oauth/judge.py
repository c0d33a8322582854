"""What each client is given: the server, a person of the demo, and clients that are registered for the occasion."""

import json
import os

import requests

DEMO = json.loads(os.environ["TENANTRY_DEMO"])
URL = DEMO["url"]
PERSON = DEMO["people"]["ben"]
CALLBACK = "https://app.example/callback"


def register(**more):
    metadata = {
        "client_name": "Judge",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": "openid profile email offline_access api",
    }
    answer = requests.post(
        f"{URL}/oauth2/register",
        json=metadata | more,
        headers={"Authorization": f"Bearer {DEMO['people']['root']['token']}"},
        timeout=30,
    )
    assert answer.status_code == 201, answer.text
    return answer.json()
