import assert from "node:assert/strict";
import { test } from "node:test";
import { CaretWatch, type Place, plainOutput, ProblemCounts, programOf, type TraceEvent, taskGroup } from "../src/traceEvents";

const here: Place = { workspace: "/w", document: "a.py", language: "python" };

function watch(withText = false): { sent: TraceEvent[]; caret: CaretWatch; clock: { now: number } } {
  const sent: TraceEvent[] = [];
  const clock = { now: 1000 };
  return { sent, clock, caret: new CaretWatch((event) => sent.push(event), () => withText, () => clock.now) };
}

test("a run of moves is one event", () => {
  const { sent, caret } = watch();
  caret.moved(here, 3, 0, "keyboard");
  caret.moved(here, 4, 0, "keyboard");
  caret.moved(here, 6, 2, "mouse");
  caret.flush();
  assert.deepEqual(sent, [{ kind: "cursor", at: 1000, ...here, line: 6, column: 2, lines_moved: 3, moves: 3, cause: "mouse" }]);
});

test("typing moves the caret without an event", () => {
  const { sent, caret, clock } = watch();
  caret.edited();
  caret.moved(here, 3, 1, "keyboard");
  caret.flush();
  assert.deepEqual(sent, []);
  clock.now += 500;
  caret.moved(here, 4, 1, "keyboard");
  caret.flush();
  assert.equal(sent.length, 1);
});

test("a selection has its text only where text may be kept", () => {
  const selected = { line: 1, column: 0, endLine: 1, endColumn: 6, chars: 6, text: "secret" };
  for (const withText of [false, true]) {
    const { sent, caret } = watch(withText);
    caret.moved(here, 1, 6, "mouse", selected);
    caret.flush();
    assert.equal(sent[0]?.kind, "selection");
    assert.equal(sent[0]?.chars, 6);
    assert.equal("text" in (sent[0] ?? {}), withText);
  }
});

test("another document ends a run", () => {
  const { sent, caret } = watch();
  caret.moved(here, 3, 0, "keyboard");
  caret.moved({ ...here, document: "b.py" }, 9, 0, "keyboard");
  caret.flush();
  assert.deepEqual(sent.map((event) => event.document), ["a.py", "b.py"]);
});

test("problems are told when their number changes", () => {
  const problems = new ProblemCounts();
  assert.equal(problems.changed("a", 0, 0), undefined);
  assert.deepEqual(problems.changed("a", 2, 1), { errors: 2, warnings: 1, errors_before: 0, warnings_before: 0 });
  assert.equal(problems.changed("a", 2, 1), undefined);
  assert.deepEqual(problems.changed("a", 0, 1), { errors: 0, warnings: 1, errors_before: 2, warnings_before: 1 });
});

test("programs of command lines", () => {
  for (const [line, program] of [
    ["git push --force", "git"],
    ["/usr/bin/python3 -m pytest", "python3"],
    ["FOO=bar make test", "make"],
    ["  ", ""],
    ["$(rm -rf x)", ""],
  ] as const) {
    assert.equal(programOf(line), program);
  }
});

test("what a terminal showed", () => {
  assert.equal(plainOutput("\u001b]633;C\u0007\u001b[31mFAILED\u001b[0m a.py\r\n1 failed\r\n\u001b]633;D;1\u0007"), "FAILED a.py\n1 failed");
  assert.equal(plainOutput("x".repeat(5000)).length, 2000);
});

test("groups of tasks", () => {
  assert.equal(taskGroup("build", "x"), "build");
  assert.equal(taskGroup(undefined, "run pytest"), "test");
  assert.equal(taskGroup(undefined, "npm: lint"), "lint");
  assert.equal(taskGroup(undefined, "whatever"), "other");
});
