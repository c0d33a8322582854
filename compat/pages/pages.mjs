// The pages in a real browser: signing in, allowing a client, confirming a device, answering an invitation, asking for another
// password and setting it, ending sessions and signing out, with scripts and without, at the widths of a phone and of a desk; no page with a serious violation of accessibility; forms of other sites come to nothing.
//
// Screenshots are left in the directory of the first argument.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const demo = JSON.parse(process.env.TENANTRY_DEMO);
const person = demo.people.ben;
const callback = "https://app.example/callback";
const directory = process.argv[2];
mkdirSync(directory, { recursive: true });

const registered = await (
  await fetch(`${demo.url}/oauth2/register`, {
    method: "POST",
    headers: { authorization: `Bearer ${demo.people.root.token}`, "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Ledger",
      redirect_uris: [callback],
      grant_types: ["authorization_code", "refresh_token"],
      scope: "openid profile email offline_access api",
    }),
  })
).json();
const question = new URL("/oauth2/authorize", demo.url);
question.search = new URLSearchParams({
  client_id: registered.client_id,
  redirect_uri: callback,
  response_type: "code",
  scope: "openid profile email api",
  state: "s",
  prompt: "consent",
  code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
  code_challenge_method: "S256",
});

// As root, and without asking anybody on the network for anything.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** A browser of its own, in which nobody has signed in. */
async function open(width, javaScriptEnabled = true) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, javaScriptEnabled });
  const page = await context.newPage();
  // The client is a name that leads nowhere: to come to its address is enough.
  await page.route(`${callback}**`, (route) => route.fulfill({ contentType: "text/html", body: "<title>Client</title>" }));
  page.on("console", (message) => assert.notEqual(message.type(), "error", message.text()));
  return page;
}

async function signIn(page) {
  await page.getByLabel("E-mail address or user name").fill(person.username);
  await page.getByLabel("Password").fill(person.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Looks at the page as it is: a picture of it, and whoever cannot see it. */
async function look(page, name) {
  const width = page.viewportSize().width;
  await page.screenshot({ path: `${directory}/${name}-${width}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `${name} is ${wide} wide at ${width}`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], name);
}

/** Asks the API as somebody of the demo. */
async function ask(who, path, body) {
  const headers = { authorization: `Bearer ${demo.people[who].token}`, "content-type": "application/json" };
  const answer = await fetch(`${demo.url}/api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, path);
  return answer.json();
}

/** A device that waits to be confirmed. */
async function device() {
  const body = new URLSearchParams({ client_id: "tenantry-cli", scope: "openid api" });
  return (await fetch(`${demo.url}/oauth2/device_authorization`, { method: "POST", body })).json();
}

/** A page that answers with a refusal makes the console complain. */
const quietly = (page) => page.removeAllListeners("console");

for (const width of [360, 1280]) {
  const page = await open(width);
  // By the address of a device, through the sign-in, to its question.
  const first = await device();
  await page.goto(first.verification_uri_complete);
  await signIn(page);
  await page.getByRole("button", { name: "Log it in" }).waitFor();
  assert.ok((await page.content()).includes(first.user_code));
  await look(page, "device");
  await page.getByRole("button", { name: "Log it in" }).click();
  await page.getByRole("heading", { name: "The device is logged in" }).waitFor();
  await look(page, "device-done");
  // By hand, and with a no.
  const second = await device();
  await page.goto(`${demo.url}/login/device`);
  await look(page, "device-code");
  await page.getByLabel("Code").fill(second.user_code.toLowerCase());
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("button", { name: "It was not me" }).click();
  await page.getByRole("heading", { name: "not logged in" }).waitFor();
  quietly(page);
  await page.goto(`${demo.url}/login/device?code=BBBBB-BBBBB`);
  await page.getByRole("alert").waitFor();
  await look(page, "device-refused");
  await page.context().close();
}

for (const width of [360, 1280]) {
  // Who has no account joins with a new one; whom it is not for is told so.
  const page = await open(width);
  const invitation = await ask("ada", "organizations/northwind/invites", { email: `nell-${width}@example.org` });
  await page.goto(invitation.link);
  await look(page, "invitation-join");
  await page.getByLabel("Your name").fill("Nell Newcomb");
  await page.getByLabel("Password").fill("correct horse");
  await page.getByRole("button", { name: "Make an account and join" }).click();
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await look(page, "invitation-done");
  const other = await ask("ada", "organizations/northwind/invites", { email: `other-${width}@example.org` });
  await page.goto(other.link);
  await page.getByText("will be signed out").waitFor();
  await look(page, "invitation-join-as-another");
  quietly(page);
  await page.goto(`${other.link}x`);
  await page.getByRole("heading", { name: "not for this account" }).waitFor();
  await look(page, "invitation-of-another");
  await page.context().close();
}

{
  // Who has one answers with it, at either width.
  const page = await open(360);
  const invitation = await ask("ada", "organizations/northwind/invites", { email: demo.people.kit.email });
  await page.goto(invitation.link);
  await page.getByLabel("E-mail address or user name").fill(demo.people.kit.username);
  await page.getByLabel("Password").fill(demo.people.kit.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Decline" }).waitFor();
  await look(page, "invitation");
  await page.setViewportSize({ width: 1280, height: 900 });
  await look(page, "invitation");
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  await page.context().close();
}

for (const width of [360, 1280]) {
  const page = await open(width);
  await page.goto(`${demo.url}/login`);
  await page.getByRole("link", { name: "Forgotten password?" }).click();
  await page.getByRole("heading", { name: "This server sends no mail" }).waitFor();
  await look(page, "forgotten");
  // Whoever runs the server has the link.
  const { link } = await ask("root", `users/${demo.people.cleo.id}:sendActivation`, {});
  await page.goto(link);
  await look(page, "password");
  await page.getByLabel("New password").fill(demo.people.cleo.email);
  quietly(page);
  await page.getByRole("button", { name: "Set it" }).click();
  await page.getByRole("alert").waitFor();
  await look(page, "password-refused");
  await page.getByLabel("New password").fill("correct horse battery");
  await page.getByRole("button", { name: "Set it" }).click();
  await page.getByRole("heading", { name: "The password is set" }).waitFor();
  await look(page, "password-done");
  await page.goto(link);
  await look(page, "link-over");
  await page.context().close();
}

for (const width of [360, 1280]) {
  const page = await open(width);
  await page.goto(question.href);
  await look(page, "sign-in");
  await page.getByLabel("E-mail address or user name").fill(person.username);
  await page.getByLabel("Password").fill("wrong horse");
  // The answer is 401, which a console calls an error.
  page.removeAllListeners("console");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await look(page, "sign-in-refused");
  await signIn(page);
  await page.getByRole("heading", { name: "Allow Ledger?" }).waitFor();
  await look(page, "consent");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.waitForURL(`${callback}?**`);
  assert.equal(new URL(page.url()).searchParams.get("error"), "access_denied");
  await page.goto(question.href);
  await page.getByRole("button", { name: "Allow" }).click();
  await page.waitForURL(`${callback}?**`);
  assert.ok(new URL(page.url()).searchParams.get("code"));
  await page.goto(`${demo.url}/login/account`);
  await look(page, "account");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "You are signed out" }).waitFor();
  await look(page, "signed-out");
  await page.goBack();
  await page.waitForLoadState();
  assert.ok(!(await page.content()).includes(person.email), "nothing is shown of who has signed out");
  await page.context().close();
}

// Without scripts.
const plain = await open(1280, false);
await plain.goto(question.href);
await signIn(plain);
await plain.getByRole("button", { name: "Allow" }).click();
await plain.waitForURL(`${callback}?**`);
await plain.context().close();

// Another site sends forms with the cookies of who is signed in.
const victim = await open(1280);
await victim.goto(`${demo.url}/login`);
await signIn(victim);
await victim.waitForURL("**/login/account");
const evil = createServer((_, answer) => {
  answer.setHeader("content-type", "text/html");
  answer.end(`<form method="post" action="${demo.url}/login/account"><input name="id" value="others"><input name="form_token" value="x"></form>
    <form method="post" action="${demo.url}/oauth2/logout"><input name="form_token" value="x"></form>
    <form method="post" action="${demo.url}/login"><input name="login" value="${demo.people.dan.username}"><input name="password" value="${demo.people.dan.password}"></form>`);
});
await new Promise((listening) => evil.listen(0, "127.0.0.1", listening));
const elsewhere = `http://localhost:${evil.address().port}/`;
victim.removeAllListeners("console");
for (let form = 0; form < 3; form += 1) {
  await victim.goto(elsewhere);
  const answered = victim.waitForResponse((response) => response.request().method() === "POST");
  await victim.evaluate((at) => document.forms[at].submit(), form);
  assert.equal((await answered).status(), 403, `form ${form}`);
  await victim.waitForURL(`${demo.url}/**`);
}
await victim.goto(elsewhere);
const read = await victim.evaluate((address) => fetch(address, { credentials: "include" }).then(() => "read", () => "refused"), `${demo.url}/login/account`);
assert.equal(read, "refused");
await victim.goto(`${demo.url}/login/account`);
assert.ok((await victim.content()).includes(person.email), "the session has lived on");
evil.close();
await browser.close();
