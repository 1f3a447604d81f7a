// A browser page on a string: reads one JSON command per line from stdin, writes one JSON answer per line to stdout.
// {"op": "open", "url": …} → {"ok": true, "value": …} or {"ok": false, "error": …}. Ends with its stdin.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser;
let page;
const noise = [];

const operations = {
  async launch({ executable, width, height, scale }) {
    // `headless: false` so that our own flag decides; playwright's choice is another browser binary.
    browser = await chromium.launch({ executablePath: executable, headless: false, args: FLAGS });
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
    page = await context.newPage();
    page.on("console", (message) => noise.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => noise.push(`page error: ${error.message}`));
    return browser.version();
  },
  open: ({ url }) => page.goto(url, { waitUntil: "domcontentloaded" }).then(() => null),
  press: ({ key }) => page.keyboard.press(key).then(() => null),
  type: ({ text, delay_ms }) => page.keyboard.type(text, { delay: delay_ms }).then(() => null),
  click: ({ selector, timeout_ms }) => page.locator(selector).first().click({ timeout: timeout_ms }).then(() => null),
  hover: ({ selector, timeout_ms }) => page.locator(selector).first().hover({ timeout: timeout_ms }).then(() => null),
  wait: ({ selector, state, timeout_ms }) =>
    page.locator(selector).first().waitFor({ state, timeout: timeout_ms }).then(() => null),
  texts: ({ selector }) => page.locator(selector).allTextContents(),
  attribute: ({ selector, name, timeout_ms }) => page.locator(selector).first().getAttribute(name, { timeout: timeout_ms }),
  screenshot: ({ path, clip }) => page.screenshot({ path, ...(clip ? { clip } : {}) }).then(() => null),
  noise: () => noise,
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { op, ...parameters } = JSON.parse(line);
    answer = { ok: true, value: (await operations[op](parameters)) ?? null };
  } catch (error) {
    answer = { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser?.close();
