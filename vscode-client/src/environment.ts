// The managed environment: a virtual environment in the extension's own storage, made from the wheel inside the VSIX.
// One folder per version of the extension, so that windows that still run the old one keep their files.

import { promises as fs } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { takeLock } from "./lock";
import { run } from "./processes";
import { installFailure, interpreterOf, isNewEnough, parseVersion, pythonCandidates } from "./python";

/** Something a person can do something about: one line, and a button for the next step. */
export class EnvironmentError extends Error {
  constructor(
    message: string,
    readonly action?: { title: string; run: () => void },
  ) {
    super(message);
  }
}

type Progress = vscode.Progress<{ message?: string }>;

const STAMP = "hunch-complete";
const LAUNCHER = "import hunch_server, os; print(os.path.join(os.path.dirname(hunch_server.__file__), 'launcher.py'))";
// What the wheel wants of llama-cpp-python, from its own metadata.
const REQUIREMENT = `
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
[metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
for line in wheel.read(metadata).decode().splitlines():
    if line.startswith("Requires-Dist: llama-cpp-python"):
        print(line.split(": ", 1)[1])
`;
const LOCK_POLL_MS = 1000;
const UNUSED_MS = 14 * 24 * 3600 * 1000;

/** The server's command line from the managed environment, which is created first where it is missing. */
export async function managedServer(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string[]> {
  const all = path.join(context.globalStorageUri.fsPath, "environments");
  const folder = path.join(all, String(context.extension.packageJSON.version));
  const python = interpreterOf(folder, process.platform);
  if (!(await isComplete(folder))) {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "Hunch: setting up its server (first start)", cancellable: true },
      (progress, token) => createAlone(context, log, folder, progress, token),
    );
  }
  await touch(path.join(folder, STAMP));
  void removeUnused(all, folder);
  const found = await run([python, "-I", "-c", LAUNCHER], log);
  if (found.code !== 0) {
    throw new EnvironmentError("the server's environment is damaged", {
      title: "Set up again",
      run: () => void remove(folder).then(() => vscode.commands.executeCommand("hunch.restart")),
    });
  }
  return [python, "-I", found.output.trim(), "serve", "--stdio"];
}

/** Creates the environment unless another window is at it; then waits for that one. */
async function createAlone(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  folder: string,
  progress: Progress,
  token: vscode.CancellationToken,
): Promise<void> {
  const lock = `${folder}.lock`;
  await fs.mkdir(path.dirname(folder), { recursive: true });
  while (!(await takeLock(lock))) {
    progress.report({ message: "another window is at it" });
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    if (token.isCancellationRequested) throw new EnvironmentError("setting up was cancelled", tryAgain());
  }
  try {
    if (!(await isComplete(folder))) await create(context, log, folder, progress, token);
  } finally {
    await remove(lock);
  }
}

async function create(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  folder: string,
  progress: Progress,
  token: vscode.CancellationToken,
): Promise<void> {
  const wheel = await bundledWheel(context);
  progress.report({ message: "looking for Python" });
  const base = await findPython(log);
  await remove(folder);
  progress.report({ message: "creating an environment" });
  const created = await run([...base, "-I", "-m", "venv", folder], log, token);
  if (token.isCancellationRequested) throw new EnvironmentError("setting up was cancelled", tryAgain());
  if (created.code !== 0) {
    throw new EnvironmentError("no virtual environment could be made (Debian, Ubuntu: apt install python3-venv)", showLog(log));
  }
  await install(wheel, folder, log, progress, token);
  await fs.writeFile(path.join(folder, STAMP), "", "utf8");
}

async function install(
  wheel: string,
  folder: string,
  log: vscode.LogOutputChannel,
  progress: Progress,
  token: vscode.CancellationToken,
): Promise<void> {
  const python = interpreterOf(folder, process.platform);
  const pip = [python, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"];
  const index = vscode.workspace.getConfiguration("hunch.server").get<string>("llamaCppWheelIndex", "");
  progress.report({ message: "installing" });
  let prebuilt = false;
  if (index) {
    const [requirement = ""] = (await run([python, "-I", "-c", REQUIREMENT, wheel], log, token)).output.trim().split("\n");
    // This one package from there and nothing else. Fails within seconds where the index has nothing for this machine.
    const there = ["--only-binary", ":all:", "--no-deps", "--retries", "1", "--index-url", index];
    prebuilt = requirement !== "" && (await run([...pip, ...there, requirement], log, token)).code === 0;
  }
  if (!prebuilt) {
    log.info("no prebuilt llama.cpp for this machine: pip compiles it unless it did so before");
    progress.report({ message: "installing; compiling llama.cpp takes some minutes" });
  }
  const installed = token.isCancellationRequested ? undefined : await run([...pip, wheel], log, token);
  if (token.isCancellationRequested) throw new EnvironmentError("setting up was cancelled", tryAgain());
  if (installed?.code !== 0) throw new EnvironmentError(installFailure(installed?.output ?? "", process.platform), showLog(log));
}

async function bundledWheel(context: vscode.ExtensionContext): Promise<string> {
  const folder = path.join(context.extensionPath, "wheel");
  const names = await fs.readdir(folder).catch(() => [] as string[]);
  const wheel = names.find((name) => name.endsWith(".whl"));
  if (!wheel) throw new EnvironmentError("this build of the extension has no server inside: set hunch.server.command");
  return path.join(folder, wheel);
}

async function findPython(log: vscode.LogOutputChannel): Promise<string[]> {
  const configured = vscode.workspace.getConfiguration("hunch.server").get<string>("python", "");
  for (const candidate of pythonCandidates(configured, process.platform)) {
    const version = parseVersion((await run([...candidate, "--version"], log)).output);
    if (version && isNewEnough(version)) return candidate;
  }
  const why = configured
    ? `${configured} is not Python 3.11 or newer: name another one in the settings`
    : "no Python 3.11 or newer was found: install one, or name it in the settings";
  throw new EnvironmentError(why, {
    title: "Choose a Python",
    run: () => void vscode.commands.executeCommand("workbench.action.openSettings", "hunch.server.python"),
  });
}

function isComplete(folder: string): Promise<boolean> {
  return fs.access(path.join(folder, STAMP)).then(
    () => true,
    () => false,
  );
}

/** Environments of other versions that no window started from for two weeks. */
async function removeUnused(all: string, keep: string): Promise<void> {
  for (const name of await fs.readdir(all).catch(() => [] as string[])) {
    const folder = path.join(all, name);
    const stamp = await fs.stat(path.join(folder, STAMP)).catch(() => undefined);
    if (folder !== keep && stamp && Date.now() - stamp.mtimeMs > UNUSED_MS) await remove(folder);
  }
}

async function touch(file: string): Promise<void> {
  await fs.utimes(file, new Date(), new Date());
}

function remove(file: string): Promise<void> {
  return fs.rm(file, { recursive: true, force: true }).catch(() => undefined);
}

function showLog(log: vscode.LogOutputChannel): { title: string; run: () => void } {
  return { title: "Show log", run: () => log.show() };
}

function tryAgain(): { title: string; run: () => void } {
  return { title: "Try again", run: () => void vscode.commands.executeCommand("hunch.restart") };
}
