import assert from "node:assert/strict";
import { test } from "node:test";
import { note, OpenOffer } from "../src/openOffer";
import type { Offer, OfferOutcome } from "../src/protocol";

const EDIT: Offer = {
  id: "o1",
  kind: "propagate",
  title: "Follow the new parameters of `fetch`",
  why: "In a.py, `fetch` has a new parameter `timeout`.",
  confidence: 0.8,
  expiresMs: 60_000,
  uri: "file:///b.py",
  position: { line: 7, character: 4 },
  edits: { documentChanges: [] },
};

function opened(offer: Offer): { open: OpenOffer; told: [string, OfferOutcome][] } {
  const told: [string, OfferOutcome][] = [];
  const open = new OpenOffer({ outcome: (id, outcome) => void told.push([id, outcome]) });
  open.arrived(offer);
  return { open, told };
}

test("Tab goes to the place first and applies there", () => {
  const { open } = opened(EDIT);
  assert.equal(open.step({ uri: "file:///a.py", line: 7 }), "jump");
  assert.equal(open.step({ uri: "file:///b.py", line: 6 }), "jump");
  assert.equal(open.step({ uri: "file:///b.py", line: 7 }), "take");
  assert.equal(open.tabIsOurs(undefined), false);
});

test("Tab stays the editor's where the offer is not about the next edit", () => {
  const { edits: _, ...told } = EDIT;
  assert.equal(opened(told).open.tabIsOurs({ uri: "file:///a.py", line: 7 }), false);
});

test("a place to fill in: Tab goes there from the same line too", () => {
  const { edits: _, ...told } = { ...EDIT, kind: "next_edit", action: { name: "open", snippet: ", ${1:timeout}" } };
  const { open } = opened(told);
  assert.equal(open.step({ uri: "file:///b.py", line: 7 }), "jump");
  assert.equal(note(told, "jump").endsWith("(Tab: go there, Esc: no)"), true);
});

test("a place without a text: Tab goes there, and is the editor's again", () => {
  const { edits: _, ...told } = { ...EDIT, kind: "next_edit" };
  const { open } = opened(told);
  assert.equal(open.step({ uri: "file:///a.py", line: 7 }), "jump");
  assert.equal(open.step({ uri: "file:///b.py", line: 7 }), "nothing");
});

test("only the first answer counts", () => {
  const { open, told } = opened(EDIT);
  assert.equal(open.answer("dismissed")?.id, "o1");
  assert.equal(open.answer("accepted"), undefined);
  assert.deepEqual(told, [["o1", "dismissed"]]);
  assert.equal(open.tabIsOurs({ uri: "file:///b.py", line: 7 }), false);
});

test("what the server takes back is gone without an answer; an older one's end changes nothing", () => {
  const { open, told } = opened(EDIT);
  open.arrived({ ...EDIT, id: "o2" });
  open.withdrawn("o1");
  assert.equal(open.offer?.id, "o2");
  open.withdrawn("o2");
  assert.equal(open.offer, undefined);
  open.serverGone();
  assert.deepEqual(told, []);
});

test("the note says what the key does", () => {
  assert.match(note(EDIT, "jump"), /Follow the new parameters .*Tab: go there/);
  assert.match(note(EDIT, "take"), /Tab: apply/);
});
