import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { takeLock } from "../src/lock";

async function inFolder(act: (lock: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "hunch-lock-"));
  try {
    await act(join(folder, "lock"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("only one of many gets the lock", () =>
  inFolder(async (lock) => {
    const taken = await Promise.all(Array.from({ length: 8 }, () => takeLock(lock)));
    assert.equal(taken.filter(Boolean).length, 1);
    assert.equal(readFileSync(lock, "utf8"), String(process.pid));
  }));

test("the lock of a process that is gone can be taken at the second try", () =>
  inFolder(async (lock) => {
    const { pid } = spawnSync(process.execPath, ["-e", "0"]);
    writeFileSync(lock, String(pid));
    assert.equal(await takeLock(lock), false);
    assert.equal(await takeLock(lock), true);
  }));

test("a lock that is just being written stays", () =>
  inFolder(async (lock) => {
    writeFileSync(lock, "");
    assert.equal(await takeLock(lock), false);
    assert.equal(await takeLock(lock), false);
  }));
