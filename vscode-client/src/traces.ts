// Watches what LSP does not tell and sends it as `hunch/event`. Listens to nothing at all unless recording is on.

import * as vscode from "vscode";
import type { Recording } from "./protocol";
import { CaretWatch, MAX_TEXT, type MoveCause, type Place, plainOutput, ProblemCounts, programOf, type TraceEvent, taskGroup } from "./traceEvents";

const CAUSES: Record<number, MoveCause> = {
  [vscode.TextEditorSelectionChangeKind.Keyboard]: "keyboard",
  [vscode.TextEditorSelectionChangeKind.Mouse]: "mouse",
  [vscode.TextEditorSelectionChangeKind.Command]: "command",
};
const OUTPUT_EVERY_MS = 1000;
const OUTPUT_KEPT = 16_000;
const OUTPUT_LATE_MS = 300;

// The parts of the git extension's API (version 1) that are used here.
interface Repository {
  rootUri: vscode.Uri;
  state: { HEAD?: { name?: string; commit?: string }; onDidChange: vscode.Event<void> };
}
interface Git {
  repositories: Repository[];
  onDidOpenRepository: vscode.Event<Repository>;
}

export class TraceSource implements vscode.Disposable {
  private listening: vscode.Disposable[] = [];
  private level: Recording["level"] = "off";
  private view: { document: string; since: number } | undefined;
  private blurredAt = 0;
  private readonly begun = new Map<object, number>();
  private readonly reading = new Map<object, { text: string; done: Promise<void> }>();

  constructor(private readonly send: (event: TraceEvent) => void) {}

  /** Follows the consent that the server tells. */
  follow(recording: Recording | undefined): void {
    const level = recording?.level ?? "off";
    if ((level === "off") !== (this.level === "off")) {
      this.stop();
      if (level !== "off") this.start();
    }
    this.level = level;
  }

  dispose(): void {
    this.stop();
  }

  private stop(): void {
    for (const listener of this.listening) listener.dispose();
    this.listening = [];
    this.begun.clear();
    this.reading.clear();
    this.view = undefined;
  }

  private get withText(): boolean {
    return this.level === "text";
  }

  private start(): void {
    this.watchEditors();
    this.watchWork();
    this.watchClipboard();
    void this.watchGit();
  }

  private watchEditors(): void {
    const caret = new CaretWatch(this.send, () => this.withText);
    const problems = new ProblemCounts();
    this.enter(vscode.window.activeTextEditor);
    this.listening.push(
      { dispose: () => caret.flush() },
      vscode.window.onDidChangeActiveTextEditor((editor) => this.enter(editor)),
      vscode.window.onDidChangeActiveTerminal((terminal) => {
        if (terminal) this.send({ kind: "view", at: Date.now(), ...place(undefined), to: "terminal" });
      }),
      vscode.window.onDidChangeWindowState((state) => {
        if (!state.focused) this.blurredAt = Date.now();
        const away = state.focused && this.blurredAt ? Date.now() - this.blurredAt : 0;
        this.send({ kind: "focus", at: Date.now(), ...place(undefined), gained: state.focused, away_ms: away });
      }),
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (!followed(event.document) || event.contentChanges.length === 0) return;
        caret.edited();
      }),
      vscode.window.onDidChangeTextEditorSelection((event) => {
        const document = event.textEditor.document;
        if (!followed(document)) return;
        const { active, start, end, isEmpty } = event.selections[0] ?? event.textEditor.selection;
        const cause = event.kind === undefined ? "unknown" : (CAUSES[event.kind] ?? "unknown");
        const selected = isEmpty
          ? undefined
          : {
              line: start.line,
              column: start.character,
              endLine: end.line,
              endColumn: end.character,
              chars: document.offsetAt(end) - document.offsetAt(start),
              text: this.withText ? document.getText(new vscode.Range(start, end)).slice(0, MAX_TEXT) : "",
            };
        caret.moved(place(document), active.line, active.character, cause, selected);
      }),
      vscode.languages.onDidChangeDiagnostics((event) => {
        const document = vscode.window.activeTextEditor?.document;
        if (!document || !followed(document) || !event.uris.some((uri) => uri.toString() === document.uri.toString())) return;
        const found = vscode.languages.getDiagnostics(document.uri);
        const count = (severity: vscode.DiagnosticSeverity): number => found.filter((one) => one.severity === severity).length;
        const errors = count(vscode.DiagnosticSeverity.Error);
        const change = problems.changed(document.uri.toString(), errors, count(vscode.DiagnosticSeverity.Warning));
        if (change) this.send({ kind: "diagnostics", at: Date.now(), ...place(document), ...change });
      }),
    );
  }

  private enter(editor: vscode.TextEditor | undefined): void {
    if (!editor) return;
    const now = Date.now();
    const to = editor.document.uri.scheme === "output" ? "output" : followed(editor.document) ? "editor" : "other";
    const here = place(to === "editor" ? editor.document : undefined);
    const previous = this.view;
    this.view = { document: here.document, since: now };
    if (!previous || previous.document === here.document) return;
    const lines = editor.visibleRanges.reduce((sum, range) => sum + range.end.line - range.start.line + 1, 0);
    this.send({
      kind: "view",
      at: now,
      ...here,
      to,
      previous: previous.document,
      stay_ms: now - previous.since,
      visible_lines: lines,
    });
  }

  private watchWork(): void {
    const took = (what: object): number => {
      const since = this.begun.get(what);
      this.begun.delete(what);
      return since === undefined ? 0 : Date.now() - since;
    };
    this.listening.push(
      vscode.window.onDidStartTerminalShellExecution((event) => {
        this.begun.set(event.execution, Date.now());
        if (this.withText) this.listen(event.execution);
      }),
      vscode.window.onDidEndTerminalShellExecution(async (event) => {
        const command = event.execution.commandLine.value;
        const ended = {
          kind: "terminal",
          at: Date.now(),
          ...place(undefined),
          program: programOf(command),
          exit_code: event.exitCode ?? null,
          duration_ms: took(event.execution),
        };
        const output = await this.outputOf(event.execution);
        this.send({ ...ended, ...(this.withText ? { command: command.slice(0, MAX_TEXT), output } : {}) });
      }),
      vscode.tasks.onDidStartTaskProcess((event) => this.begun.set(event.execution, Date.now())),
      vscode.tasks.onDidEndTaskProcess((event) => {
        const task = event.execution.task;
        this.send({
          kind: "task",
          at: Date.now(),
          ...place(undefined),
          group: taskGroup(task.group?.id, task.name),
          phase: "end",
          exit_code: event.exitCode ?? null,
          duration_ms: took(event.execution),
          ...(this.withText ? { name: task.name.slice(0, MAX_TEXT) } : {}),
        });
      }),
      vscode.debug.onDidStartDebugSession(() => this.debug("start")),
      vscode.debug.onDidTerminateDebugSession(() => this.debug("stop")),
      vscode.debug.onDidChangeBreakpoints((event) => {
        if (event.added.length + event.removed.length) this.debug("breakpoint");
      }),
      vscode.debug.registerDebugAdapterTrackerFactory("*", { createDebugAdapterTracker: () => this.debugTracker() }),
    );
  }

  /** Reads along what a command writes; only its end is kept. */
  private listen(execution: vscode.TerminalShellExecution): void {
    const read = { text: "", done: Promise.resolve() };
    this.reading.set(execution, read);
    read.done = (async () => {
      for await (const data of execution.read()) read.text = (read.text + data).slice(-OUTPUT_KEPT);
    })();
  }

  private async outputOf(execution: vscode.TerminalShellExecution): Promise<string> {
    const read = this.reading.get(execution);
    this.reading.delete(execution);
    if (!read) return "";
    await Promise.race([read.done, new Promise((resolve) => setTimeout(resolve, OUTPUT_LATE_MS))]);
    return plainOutput(read.text);
  }

  private debug(action: string, more: object = {}): void {
    this.send({ kind: "debug", at: Date.now(), ...place(undefined), action, ...more });
  }

  private debugTracker(): vscode.DebugAdapterTracker {
    let lines = 0;
    let text = "";
    let timer: NodeJS.Timeout | undefined;
    const flush = (): void => {
      clearTimeout(timer);
      timer = undefined;
      if (lines && this.level !== "off") this.debug("output", { lines, ...(this.withText ? { text: text.slice(0, MAX_TEXT) } : {}) });
      lines = 0;
      text = "";
    };
    return {
      onDidSendMessage: (message: { type?: string; event?: string; body?: { reason?: string; output?: string } }) => {
        if (this.level === "off" || message.type !== "event") return;
        const output = message.body?.output ?? "";
        if (message.event === "stopped") this.debug(message.body?.reason === "exception" ? "exception" : "step");
        else if (message.event === "output" && output) {
          lines += output.split("\n").length - 1 || 1;
          if (text.length < MAX_TEXT) text += output;
          timer ??= setTimeout(flush, OUTPUT_EVERY_MS);
        }
      },
      onWillStopSession: flush,
    };
  }

  /** Copy and paste are seen by a paste provider that never offers anything. */
  private watchClipboard(): void {
    const tell = (action: "copy" | "paste", document: vscode.TextDocument, text: string): void => {
      if (!followed(document)) return;
      const shown = this.withText ? { text: text.slice(0, MAX_TEXT) } : {};
      const lines = text.split("\n").length;
      this.send({ kind: "clipboard", at: Date.now(), ...place(document), action, chars: text.length, lines, ...shown });
    };
    this.listening.push(
      vscode.languages.registerDocumentPasteEditProvider(
        { scheme: "file" },
        {
          prepareDocumentPaste: (document, ranges) => tell("copy", document, ranges.map((range) => document.getText(range)).join("\n")),
          provideDocumentPasteEdits: async (document, _ranges, data) => {
            tell("paste", document, (await data.get("text/plain")?.asString()) ?? "");
            return undefined;
          },
        },
        { providedPasteEditKinds: [], copyMimeTypes: ["text/plain"], pasteMimeTypes: ["text/plain"] },
      ),
    );
  }

  private async watchGit(): Promise<void> {
    const extension = vscode.extensions.getExtension<{ getAPI(version: 1): Git }>("vscode.git");
    if (!extension) return;
    const git = (extension.isActive ? extension.exports : await extension.activate()).getAPI(1);
    if (this.level === "off") return;
    const follow = (repository: Repository): void => {
      let { name, commit } = repository.state.HEAD ?? {};
      this.listening.push(
        repository.state.onDidChange(() => {
          const head = repository.state.HEAD ?? {};
          const operation = head.name !== name ? "checkout" : "commit";
          if (head.commit !== commit && commit !== undefined) {
            this.send({ kind: "git", at: Date.now(), workspace: repository.rootUri.fsPath, operation });
          }
          ({ name, commit } = head);
        }),
      );
    };
    git.repositories.forEach(follow);
    this.listening.push(git.onDidOpenRepository(follow));
  }
}

function followed(document: vscode.TextDocument): boolean {
  return document.uri.scheme === "file";
}

function place(document: vscode.TextDocument | undefined): Place {
  const folder = document ? vscode.workspace.getWorkspaceFolder(document.uri) : vscode.workspace.workspaceFolders?.[0];
  return {
    workspace: folder?.uri.fsPath ?? "",
    document: document ? vscode.workspace.asRelativePath(document.uri, false) : "",
    language: document?.languageId ?? "",
  };
}
