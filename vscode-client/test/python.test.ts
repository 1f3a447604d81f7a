import assert from "node:assert/strict";
import { test } from "node:test";
import { interpreterOf, isNewEnough, parseVersion, pythonCandidates } from "../src/python";

test("versions", () => {
  assert.deepEqual(parseVersion("Python 3.11.7\n"), [3, 11]);
  assert.equal(parseVersion("command not found"), undefined);
  assert.equal(parseVersion(""), undefined);
  for (const [version, enough] of [[[3, 10], false], [[3, 11], true], [[3, 14], true], [[2, 7], false], [[4, 0], true]] as const) {
    assert.equal(isNewEnough(version), enough);
  }
});

test("a configured interpreter is the only candidate", () => {
  assert.deepEqual(pythonCandidates("my-python", "linux"), [["my-python"]]);
  assert.deepEqual(pythonCandidates("", "win32")[0], ["py", "-3"]);
  assert.ok(pythonCandidates("", "darwin").some(([name]) => name === "python3"));
});

test("interpreter of an environment", () => {
  assert.equal(interpreterOf("/e", "linux"), "/e/bin/python");
  assert.equal(interpreterOf("C:\\e", "win32"), "C:\\e\\Scripts\\python.exe");
});
