// The browser of somebody who does what the page asks: signs in, chooses a password, joins, logs a device in.
//
// Usage: browser.mjs ADDRESS, as $BROWSER. Who it is stands in BROWSER_USER (or is who was here last) and BROWSER_PASSWORD;
// cookies are kept beside what else is theirs, in ZENML_CONFIG_PATH. With BROWSER_WORKSPACE, another workspace is chosen than
// the one that is suggested.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const home = process.env.ZENML_CONFIG_PATH;
mkdirSync(home, { recursive: true });
const kept = `${home}/browser.json`;
const { user, storageState } = existsSync(kept) ? JSON.parse(readFileSync(kept)) : {};
let person = process.env.BROWSER_USER ?? user;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const context = await browser.newContext({ storageState });
const page = await context.newPage();
const response = await page.goto(process.argv[2]);
for (let step = 0; step < 5; step += 1) {
  const button = page.getByRole("button", { name: /^(Sign in|Set it|Make an account and join|Join|Log it in)$/ });
  if (!(await button.count())) break;
  const login = page.getByLabel("E-mail address or user name");
  const known = page.locator("input[name=username]");
  if (await login.count()) await login.fill(person);
  else if (await known.count()) person = await known.inputValue();
  const workspace = page.getByLabel(/workspace/i);
  const other = process.env.BROWSER_WORKSPACE;
  if (other !== undefined && (await workspace.count())) await workspace.selectOption(other);
  const password = page.getByLabel(/password/i);
  if (await password.count()) await password.fill(process.env.BROWSER_PASSWORD);
  await Promise.all([page.waitForNavigation(), button.click()]);
}
if (!response.ok() && response.status() !== 304) throw new Error(`${response.status()} at ${process.argv[2]}`);
const problem = page.getByRole("alert");
if (await problem.count()) throw new Error(await problem.innerText());
console.error(`browser: ${await page.getByRole("heading").first().innerText()}`);
writeFileSync(kept, JSON.stringify({ user: person, storageState: await context.storageState() }));
await browser.close();
