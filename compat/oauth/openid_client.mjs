// openid-client: discovery, code with PKCE, the ID token, userinfo, refresh, introspection, revocation, client credentials, the
// device grant.

import assert from "node:assert/strict";
import * as client from "openid-client";

const demo = JSON.parse(process.env.TENANTRY_DEMO);
const person = demo.people.ben;
const callback = "https://app.example/callback";

/** A browser without a window: it signs in, and allows what is asked for. */
class Browser {
  cookies = new Map();

  async send(method, address, fields) {
    const cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    const headers = fields ? { cookie, origin: demo.url } : { cookie };
    const body = fields && new URLSearchParams(fields);
    const answer = await fetch(address, { method, headers, body, redirect: "manual" });
    for (const set of answer.headers.getSetCookie()) {
      const [name, value] = set.split(";")[0].split(/=(.*)/);
      this.cookies.set(name, value);
    }
    return answer;
  }

  async allow(address) {
    let answer = await this.send("GET", address);
    for (let step = 0; step < 10; step += 1) {
      if (answer.status === 303) {
        const target = new URL(answer.headers.get("location"), address);
        if (target.href.startsWith(callback)) return target;
        address = target;
        answer = await this.send("GET", address);
        continue;
      }
      const page = await answer.text();
      assert.equal(answer.status, 200, page);
      const fields = {};
      for (const [, name, value] of page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
        fields[name] = value.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
      }
      const [, action] = page.match(/action="([^"]*)"/);
      Object.assign(fields, action === "/login" ? { login: person.username, password: person.password } : { decision: "allow" });
      answer = await this.send("POST", new URL(action, demo.url), fields);
    }
    throw new Error("it leads nowhere");
  }
}

const insecure = { execute: [client.allowInsecureRequests] };
const answer = await fetch(`${demo.url}/oauth2/register`, {
  method: "POST",
  headers: { authorization: `Bearer ${demo.people.root.token}`, "content-type": "application/json" },
  body: JSON.stringify({
    client_name: "Judge",
    redirect_uris: [callback],
    grant_types: ["authorization_code", "refresh_token"],
    scope: "openid profile email offline_access api",
  }),
});
assert.equal(answer.status, 201);
const registered = await answer.json();
const config = await client.discovery(new URL(demo.url), registered.client_id, registered.client_secret, undefined, insecure);

const verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const address = client.buildAuthorizationUrl(config, {
  redirect_uri: callback,
  scope: "openid profile email offline_access api",
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: "S256",
  state,
  nonce,
});
const back = await new Browser().allow(address);
let tokens = await client.authorizationCodeGrant(config, back, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
});
assert.equal(tokens.claims().sub, person.id);
const info = await client.fetchUserInfo(config, tokens.access_token, person.id);
assert.equal(info.email, person.email);
tokens = await client.refreshTokenGrant(config, tokens.refresh_token);
let told = await client.tokenIntrospection(config, tokens.access_token);
assert.equal(told.active, true);
await client.tokenRevocation(config, tokens.refresh_token);
told = await client.tokenIntrospection(config, tokens.access_token);
assert.equal(told.active, false);

const account = demo.service_accounts["northwind-ci"];
const service = await client.discovery(new URL(demo.url), account.client_id, account.client_secret, undefined, insecure);
const granted = await client.clientCredentialsGrant(service, { scope: "api" });
assert.ok(granted.expires_in > 0);

// The command line's own client holds no secret. Somebody confirms its code while it asks for tokens.
const device = await client.discovery(new URL(demo.url), "tenantry-cli", undefined, client.None(), insecure);
const started = await client.initiateDeviceAuthorization(device, { scope: "openid api offline_access" });
const waiting = client.pollDeviceAuthorizationGrant(device, started);
const approved = await fetch(`${demo.url}/api/v1/me/devices:approve`, {
  method: "POST",
  headers: { authorization: `Bearer ${person.token}`, "content-type": "application/json" },
  body: JSON.stringify({ user_code: started.user_code }),
});
assert.equal(approved.status, 200);
tokens = await waiting;
assert.equal(tokens.claims().sub, person.id);
tokens = await client.refreshTokenGrant(device, tokens.refresh_token);
const denied = await client.initiateDeviceAuthorization(device, { scope: "api" });
const refused = assert.rejects(client.pollDeviceAuthorizationGrant(device, denied), { error: "access_denied" });
const no = await fetch(`${demo.url}/api/v1/me/devices:deny`, {
  method: "POST",
  headers: { authorization: `Bearer ${person.token}`, "content-type": "application/json" },
  body: JSON.stringify({ user_code: denied.user_code }),
});
assert.equal(no.status, 200);
await refused;
