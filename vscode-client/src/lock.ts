// A file that says which process is at something. Knows nothing of VS Code.

import { promises as fs } from "node:fs";

/** True when the lock is ours now. The lock of a process that is gone counts for nothing and is cleared for the next try. */
export async function takeLock(lock: string): Promise<boolean> {
  try {
    await fs.writeFile(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    const owner = await fs.readFile(lock, "utf8").catch(() => "");
    // Empty: its owner is just writing it.
    if (owner && !isAlive(Number(owner))) await fs.rm(lock, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
