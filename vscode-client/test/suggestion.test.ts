import assert from "node:assert/strict";
import { test } from "node:test";
import { SuggestionTracker } from "../src/suggestion";

function setUp(): { tracker: SuggestionTracker; heard: string[]; clock: { now: number } } {
  const heard: string[] = [];
  const clock = { now: 0 };
  const tracker = new SuggestionTracker(
    {
      shown: (id) => heard.push(`shown ${id}`),
      partlyAccepted: (id, length) => heard.push(`partly ${id} ${length}`),
      rejected: (id, reason, ms) => heard.push(`rejected ${id} ${reason} ${ms}`),
    },
    () => clock.now,
  );
  return { tracker, heard, clock };
}

test("typing through keeps one suggestion; the last character accepts it", () => {
  const { tracker, heard } = setUp();
  tracker.offered("a", "doc", 10, "ab");
  tracker.edited("doc", 10, 0, "a");
  tracker.offered("b", "doc", 11, "b");
  tracker.edited("doc", 11, 0, "b");
  assert.deepEqual(heard, ["shown a"]);
  assert.equal(tracker.visible, false);
});

test("accepting word by word is reported with the length so far", () => {
  const { tracker, heard } = setUp();
  tracker.offered("a", "doc", 0, "one two three");
  tracker.edited("doc", 0, 0, "one ");
  tracker.edited("doc", 4, 0, "two ");
  tracker.edited("doc", 8, 0, "three");
  assert.deepEqual(heard, ["shown a", "partly a 4", "partly a 8"]);
});

for (const [name, act, reason] of [
  ["other text", (t: SuggestionTracker) => t.edited("doc", 5, 0, "x"), "typed"],
  ["a deletion", (t: SuggestionTracker) => t.edited("doc", 4, 1, ""), "typed"],
  ["an empty answer", (t: SuggestionTracker) => t.nothing(), "typed"],
  ["the caret elsewhere", (t: SuggestionTracker) => t.moved("doc", 9), "moved"],
  ["another document", (t: SuggestionTracker) => t.moved("other", 5), "moved"],
  ["escape", (t: SuggestionTracker) => t.dismissed(), "explicit"],
  ["another editor", (t: SuggestionTracker) => t.expired(), "expired"],
] as const) {
  test(`${name} rejects as ${reason}, with the time it was seen`, () => {
    const { tracker, heard, clock } = setUp();
    tracker.offered("a", "doc", 5, "abc");
    clock.now = 320;
    act(tracker);
    assert.deepEqual(heard, ["shown a", `rejected a ${reason} 320`]);
    act(tracker);
    assert.equal(heard.length, 2);
  });
}

test("edits of another document and a caret that stays change nothing", () => {
  const { tracker, heard } = setUp();
  tracker.offered("a", "doc", 5, "abc");
  tracker.edited("other", 5, 0, "x");
  tracker.moved("doc", 5);
  assert.deepEqual(heard, ["shown a"]);
});
