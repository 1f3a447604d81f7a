// The managed environment: a virtual environment in the extension's own storage, made from the wheel inside the VSIX.

import { spawn } from "node:child_process";
import { promises as fs } from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { interpreterOf, isNewEnough, parseVersion, pythonCandidates } from "./python";

export class EnvironmentError extends Error {
  constructor(
    message: string,
    readonly action?: { title: string; run: () => void },
  ) {
    super(message);
  }
}

interface Ran {
  code: number | null;
  output: string;
}

const LAUNCHER = "import hunch_server, os; print(os.path.join(os.path.dirname(hunch_server.__file__), 'launcher.py'))";

/** The server's command line from the managed environment, which is created first where it is missing or old. */
export async function managedServer(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): Promise<string[]> {
  const folder = path.join(context.globalStorageUri.fsPath, "environment");
  const python = interpreterOf(folder, process.platform);
  const stamp = path.join(folder, "hunch-version");
  const wanted = String(context.extension.packageJSON.version);
  const installed = await fs.readFile(stamp, "utf8").catch(() => "");
  if (installed.trim() !== wanted) {
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: "Hunch: setting up its language server (once)",
        cancellable: true,
      },
      (progress, token) => create(context, log, folder, python, progress, token),
    );
    await fs.writeFile(stamp, wanted, "utf8");
  }
  const found = await run([python, "-I", "-c", LAUNCHER], log);
  if (found.code !== 0) {
    throw new EnvironmentError("the server's environment is damaged", {
      title: "Set up again",
      run: () => void fs.rm(folder, { recursive: true, force: true }).then(() => vscode.commands.executeCommand("hunch.restart")),
    });
  }
  return [python, "-I", found.output.trim(), "serve", "--stdio"];
}

async function create(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  folder: string,
  python: string,
  progress: vscode.Progress<{ message?: string }>,
  token: vscode.CancellationToken,
): Promise<void> {
  const wheel = await bundledWheel(context);
  progress.report({ message: "looking for Python" });
  const base = await findPython(log);
  await fs.mkdir(context.globalStorageUri.fsPath, { recursive: true });
  await fs.rm(folder, { recursive: true, force: true });
  progress.report({ message: "creating an environment" });
  await must([...base, "-m", "venv", folder], log, token, "the environment could not be created; on Debian and Ubuntu install python3-venv");
  progress.report({ message: "installing; without a prebuilt llama.cpp it is compiled, which takes some minutes" });
  const index = vscode.workspace.getConfiguration("hunch.server").get<string>("llamaCppWheelIndex", "");
  const install = [python, "-m", "pip", "install", "--disable-pip-version-check", "--prefer-binary"];
  // The project's own index has prebuilt wheels; where it cannot be reached, pip compiles from the package index.
  const prebuilt = index ? await run([...install, "--extra-index-url", index, wheel], log, token) : { code: 1, output: "" };
  if (prebuilt.code !== 0) {
    await must([...install, wheel], log, token, "installing failed; llama.cpp needs a C++ compiler when no prebuilt wheel fits");
  }
}

async function bundledWheel(context: vscode.ExtensionContext): Promise<string> {
  const folder = path.join(context.extensionPath, "wheel");
  const names = await fs.readdir(folder).catch(() => [] as string[]);
  const wheel = names.find((name) => name.endsWith(".whl"));
  if (!wheel) throw new EnvironmentError("this build of the extension has no server inside; set hunch.server.command");
  return path.join(folder, wheel);
}

async function findPython(log: vscode.LogOutputChannel): Promise<string[]> {
  const configured = vscode.workspace.getConfiguration("hunch.server").get<string>("python", "");
  for (const candidate of pythonCandidates(configured, process.platform)) {
    const version = parseVersion((await run([...candidate, "--version"], log)).output);
    if (version && isNewEnough(version)) return candidate;
  }
  throw new EnvironmentError("no Python 3.11 or newer was found", {
    title: "Choose a Python",
    run: () => void vscode.commands.executeCommand("workbench.action.openSettings", "hunch.server.python"),
  });
}

async function must(
  command: string[],
  log: vscode.LogOutputChannel,
  token: vscode.CancellationToken,
  failure: string,
): Promise<void> {
  const ran = await run(command, log, token);
  if (token.isCancellationRequested) throw new EnvironmentError("setting up was cancelled");
  if (ran.code !== 0) {
    throw new EnvironmentError(failure, { title: "Show log", run: () => log.show() });
  }
}

function run(command: string[], log: vscode.LogOutputChannel, token?: vscode.CancellationToken): Promise<Ran> {
  return new Promise((resolve) => {
    const [program, ...args] = command;
    log.info(`running ${command.join(" ")}`);
    // A neutral folder: `python -m` would import from the workspace otherwise.
    const child = spawn(program ?? "", args, { cwd: path.parse(process.execPath).root, windowsHide: true });
    const pieces: string[] = [];
    const keep = (data: Buffer): void => {
      pieces.push(data.toString("utf8"));
      for (const line of data.toString("utf8").split(/\r?\n/)) if (line.trim()) log.debug(line);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const cancelled = token?.onCancellationRequested(() => child.kill());
    const end = (code: number | null): void => {
      cancelled?.dispose();
      if (code !== 0) log.info(pieces.join("").trim().split("\n").slice(-15).join("\n"));
      resolve({ code, output: pieces.join("") });
    };
    child.on("error", (error) => {
      pieces.push(error.message);
      end(-1);
    });
    child.on("close", end);
  });
}
