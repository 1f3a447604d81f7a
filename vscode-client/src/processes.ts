// Programs that set up the managed environment: run, logged, and ended as a whole when the person cancels.

import { type ChildProcess, spawn } from "node:child_process";
import { homedir } from "node:os";
import type * as vscode from "vscode";

export interface Ran {
  /** Exit status; null when a signal ended it, -1 when it could not be started. */
  code: number | null;
  output: string;
}

const KEPT_OUTPUT = 200_000;
const running = new Set<ChildProcess>();

/** Ends everything that `run` started and that still runs; for when the window closes. */
export function endRunning(): void {
  for (const child of running) endTree(child);
}

/** Runs `command` outside the workspace, so that nothing in there can be taken for a part of it. */
export function run(command: string[], log: vscode.LogOutputChannel, token?: vscode.CancellationToken): Promise<Ran> {
  return new Promise((resolve) => {
    const [program = "", ...args] = command;
    log.info(`running ${command.join(" ")}`);
    const posix = process.platform !== "win32";
    // A group of its own on POSIX: pip's compiler processes end with it.
    const child = spawn(program, args, { cwd: homedir(), windowsHide: true, detached: posix, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    let output = "";
    const keep = (data: Buffer): void => {
      const text = data.toString("utf8");
      output = (output + text).slice(-KEPT_OUTPUT);
      for (const line of text.split(/\r?\n/)) if (line.trim()) log.debug(line);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const cancelled = token?.onCancellationRequested(() => endTree(child));
    const finish = (code: number | null): void => {
      running.delete(child);
      cancelled?.dispose();
      if (code !== 0) log.warn(`ended with ${code}: ${output.trim().split("\n").slice(-15).join("\n")}`);
      resolve({ code, output });
    };
    child.on("error", (error) => {
      output += error.message;
      finish(-1);
    });
    child.on("close", finish);
  });
}

function endTree(child: ChildProcess): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    spawn("taskkill", ["/T", "/F", "/PID", String(child.pid)], { windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid, "SIGTERM");
  } catch {
    child.kill();
  }
}
