// The pages in a real browser: signing in, allowing a client, ending sessions and signing out, with scripts and without, at the
// widths of a phone and of a desk; no page with a serious violation of accessibility; forms of other sites come to nothing.
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
