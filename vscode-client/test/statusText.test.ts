import assert from "node:assert/strict";
import { test } from "node:test";
import { type Situation, type StatusText, statusText } from "../src/statusText";

const NOW = Date.UTC(2026, 0, 1, 12);
const READY: Situation = {
  server: { state: "ready", detail: "", model: "small" },
  stopped: "",
  enabled: true,
  language: { id: "python", on: true },
  snoozedUntilMs: 0,
  nowMs: NOW,
};
const server = (state: "starting" | "thinking" | "quiet" | "degraded"): Partial<Situation> => ({
  server: { state, detail: "why", model: "" },
});

// What weighs more comes first in the sentence: each line overrides the ones below it.
const CASES: [Partial<Situation>, StatusText["state"], RegExp][] = [
  [{ server: undefined, stopped: "no Python", enabled: false }, "stopped", /is stopped/],
  [{ enabled: false, snoozedUntilMs: NOW + 1 }, "off", /switched off$/],
  [{ ...server("degraded"), snoozedUntilMs: NOW + 1 }, "snoozed", /snoozed until/],
  [{ ...server("degraded"), language: { id: "latex", on: false } }, "degraded", /no working model/],
  [{ ...server("starting"), language: { id: "latex", on: false } }, "starting", /is starting/],
  [{ language: { id: "latex", on: false } }, "off", /switched off for latex/],
  [server("quiet"), "quiet", /is quiet/],
  [server("thinking"), "thinking", /is thinking/],
  [{ snoozedUntilMs: NOW }, "ready", /is ready/],
  [{ language: undefined }, "ready", /is ready/],
];

for (const [change, state, sentence] of CASES) {
  test(`${JSON.stringify(change)} is ${state}`, () => {
    const said = statusText({ ...READY, ...change });
    assert.equal(said.state, state);
    assert.match(said.sentence, sentence);
    assert.equal(said.warning, state === "stopped" || state === "degraded");
  });
}

test("the reason is told where there is one", () => {
  assert.equal(statusText({ ...READY, server: undefined, stopped: "no Python" }).detail, "no Python");
  assert.equal(statusText({ ...READY, ...server("degraded") }).detail, "why");
});
