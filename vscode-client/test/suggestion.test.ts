import assert from "node:assert/strict";
import { test } from "node:test";
import { SuggestionTracker } from "../src/suggestion";

function setUp(): {
  tracker: SuggestionTracker;
  heard: string[];
  clock: { now: number };
  offer: (id: string, offset: number, completion: string, before?: string) => void;
} {
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
  const offer = (id: string, offset: number, completion: string, before = ""): void =>
    tracker.offered({ id, document: "doc", offset, before, completion });
  return { tracker, heard, clock, offer };
}

test("typing through keeps one suggestion; its last character ends it without a rejection", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 10, "ab");
  tracker.edited("doc", 10, 0, "a");
  tracker.moved("doc", 11);
  offer("b", 11, "b");
  tracker.edited("doc", 11, 0, "b");
  assert.deepEqual(heard, ["shown a"]);
  assert.equal(tracker.visible, false);
});

test("a longer offer of the same text is the same suggestion, under its new id", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 0, "one");
  offer("b", 0, "one two");
  tracker.dismissed();
  assert.deepEqual(heard, ["shown a", "rejected b explicit 0"]);
});

test("another text at the same place takes the first one's place", () => {
  const { heard, offer } = setUp();
  offer("a", 0, "one");
  offer("b", 0, "two");
  assert.deepEqual(heard, ["shown a", "rejected a expired 0", "shown b"]);
});

test("accepting word by word is reported with the length so far", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 0, "one two three");
  tracker.edited("doc", 0, 0, "one ");
  tracker.edited("doc", 4, 0, "two ");
  tracker.edited("doc", 8, 0, "three");
  assert.deepEqual(heard, ["shown a", "partly a 4", "partly a 8"]);
});

test("lengths count from the start of the present item's text", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 0, "one two three");
  tracker.edited("doc", 0, 0, "one ");
  offer("b", 4, "two three", "one ");
  tracker.edited("doc", 4, 0, "two ");
  assert.deepEqual(heard, ["shown a", "partly a 4", "partly b 8"]);
});

test("accepting may replace the start of the line with itself", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 12, "return 1", "    ");
  tracker.edited("doc", 8, 4, "    return 1");
  assert.deepEqual(heard, ["shown a"]);
  assert.equal(tracker.visible, false);
});

test("several lines are accepted in a document with CRLF", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 0, "one\n  two");
  tracker.edited("doc", 0, 0, "one\r\n");
  tracker.moved("doc", 5);
  tracker.edited("doc", 5, 0, "  two");
  assert.deepEqual(heard, ["shown a", "partly a 4"]);
  assert.equal(tracker.visible, false);
});

test("a bracket that the editor closes by itself is one key, not an acceptance", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 3, "(self):");
  tracker.edited("doc", 3, 0, "()");
  tracker.moved("doc", 4);
  assert.deepEqual(heard, ["shown a"]);
  assert.equal(tracker.visible, true);
});

for (const [name, act, reason] of [
  ["other text", (t: SuggestionTracker) => t.edited("doc", 5, 0, "x"), "typed"],
  ["a deletion", (t: SuggestionTracker) => t.edited("doc", 4, 1, ""), "typed"],
  ["a replacement", (t: SuggestionTracker) => t.edited("doc", 4, 1, "xa"), "typed"],
  ["an edit elsewhere", (t: SuggestionTracker) => t.edited("doc", 0, 0, "a"), "typed"],
  ["an empty answer", (t: SuggestionTracker) => t.withdrawn(), "expired"],
  ["the caret elsewhere", (t: SuggestionTracker) => t.moved("doc", 9), "moved"],
  ["another document", (t: SuggestionTracker) => t.moved("other", 5), "moved"],
  ["escape", (t: SuggestionTracker) => t.dismissed(), "explicit"],
  ["another editor", (t: SuggestionTracker) => t.expired(), "expired"],
] as const) {
  test(`${name} rejects as ${reason}, once, with the time it was seen`, () => {
    const { tracker, heard, clock, offer } = setUp();
    offer("a", 5, "abc", "z");
    clock.now = 320;
    act(tracker);
    assert.deepEqual(heard, ["shown a", `rejected a ${reason} 320`]);
    assert.equal(tracker.visible, false);
    act(tracker);
    assert.equal(heard.length, 2);
  });
}

test("edits of another document and a caret that stays change nothing", () => {
  const { tracker, heard, offer } = setUp();
  offer("a", 5, "abc");
  tracker.edited("other", 5, 0, "x");
  tracker.moved("doc", 5);
  assert.deepEqual(heard, ["shown a"]);
});
