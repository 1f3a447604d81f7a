import assert from "node:assert/strict";
import { test } from "node:test";
import { installFailure, interpreterOf, isNewEnough, parseVersion, pythonCandidates } from "../src/python";

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
  assert.deepEqual(pythonCandidates("", "darwin")[0], ["python3"]);
});

test("interpreter of an environment", () => {
  assert.equal(interpreterOf("/e", "linux"), "/e/bin/python");
  assert.equal(interpreterOf("C:\\e", "win32"), "C:\\e\\Scripts\\python.exe");
});

for (const [output, platform, hint] of [
  ["CMake Error: CMAKE_C_COMPILER not set\nERROR: Failed building wheel for llama-cpp-python", "linux", /build-essential/],
  ["No CMAKE_CXX_COMPILER could be found.", "darwin", /xcode-select/],
  ["error: Unable to find vcvarsall.bat", "win32", /Visual Studio Build Tools/],
  ["OSError: [Errno 28] No space left on device", "linux", /disk is full/],
  ["NewConnectionError: Failed to establish a new connection: Temporary failure in name resolution", "linux", /could not be reached/],
  ["something else", "linux", /log/],
] as const) {
  test(`an installation that ends with "${output.slice(0, 40)}" has a next step`, () => {
    assert.match(installFailure(output, platform), hint);
  });
}
