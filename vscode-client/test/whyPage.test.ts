import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../src/protocol";
import { whyPage } from "../src/whyPage";

const DECISION: Decision = {
  summary: "Not shown: not sure enough.",
  asked: true,
  shown: false,
  reason: "unsure",
  factors: [
    { name: "mean_logprob", value: -1.23456, note: "how sure | the model was" },
    { name: "source", value: null, note: "" },
  ],
  knob: { setting: "hunch.completion.minLogprob", value: -1, hint: "Show less." },
  timing_ms: { prefill: 12.34 },
  tokens: { new: 3, reused: 200, decoded: 8 },
  offer: { summary: "No offer: you are typing.", activity: "writing new code" },
};

test("everything that decided is on the page", () => {
  const page = whyPage(DECISION);
  assert.match(page, /^# Not shown/);
  assert.match(page, /`hunch\.completion\.minLogprob`, which is `-1` now/);
  assert.match(page, /\| mean logprob \| -1\.235 \| how sure \\\| the model was \|/);
  assert.match(page, /\| source \| unknown \|/);
  assert.match(page, /\| prefill \| 12\.3 \|/);
  assert.match(page, /No offer: you are typing\.\nYou seemed to be writing new code\./);
  assert.match(page, /read 3 new tokens, knew 200 already, and wrote 8/);
});

test("text from elsewhere cannot become markup", () => {
  const page = whyPage({ ...DECISION, summary: "<img src=x>\n[go](command:x)", knob: null, factors: [] });
  assert.doesNotMatch(page, /(?<!\\)<img|(?<!\\)\[go/);
  assert.match(page.split("\n")[0] ?? "", /go/);
});

test("a bare decision makes a page without tables", () => {
  const { timing_ms: _timing, tokens: _tokens, offer: _offer, ...bare } = { ...DECISION, factors: [], knob: null };
  assert.equal(whyPage(bare), "# Not shown: not sure enough.\n");
});
