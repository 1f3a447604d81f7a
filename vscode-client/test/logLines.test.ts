import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLogLine } from "../src/logLines";

test("a line's level comes from its letter, others belong to the line before", () => {
  assert.deepEqual(parseLogLine("12:00:00 W hunch_server.app: careful", "info"), {
    level: "warn",
    text: "hunch_server.app: careful",
  });
  assert.equal(parseLogLine("12:00:00 C x: y", "info").level, "error");
  assert.deepEqual(parseLogLine('  File "x.py", line 1', "error"), { level: "error", text: '  File "x.py", line 1' });
  assert.deepEqual(parseLogLine("", "debug"), { level: "debug", text: "" });
});
