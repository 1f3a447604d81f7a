// Wiring: the language client, the status bar, the commands. Everything with logic of its own is in the other files.

import * as vscode from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  type ServerOptions,
} from "vscode-languageclient/node";
import { EnvironmentError, managedServer } from "./environment";
import { isLanguageOn, pickSnooze, type ServerStatus, showMenu, StatusItem } from "./status";
import { SuggestionTracker } from "./suggestion";
import { type Decision, explain, SCHEME, WhyDocument } from "./why";

const RESTARTS = 4;
const RESTART_WINDOW_MS = 3 * 60_000;

let client: LanguageClient | undefined;
let snoozedUntil = 0;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel("Hunch", { log: true });
  const status = new StatusItem(() => snoozedUntil);
  const page = new WhyDocument();
  const tracker = makeTracker();
  let wake: NodeJS.Timeout | undefined;

  const start = async (): Promise<void> => {
    status.show({ state: "starting", detail: "", model: "" });
    try {
      client = await startClient(context, log, status, tracker);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.error(message);
      status.show({ state: "stopped", detail: message, model: "" });
      const action = error instanceof EnvironmentError ? error.action : undefined;
      const title = action?.title ?? "Show log";
      void vscode.window.showErrorMessage(`Hunch: ${message}`, title).then((chosen) => {
        if (chosen === title) (action?.run ?? (() => log.show()))();
      });
    }
  };
  const snooze = (untilMs: number): void => {
    snoozedUntil = untilMs;
    clearTimeout(wake);
    if (untilMs > Date.now()) wake = setTimeout(() => snooze(0), untilMs - Date.now());
    void sendSettings();
  };

  context.subscriptions.push(
    log,
    status,
    page,
    { dispose: () => clearTimeout(wake) },
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, page),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("hunch.server")) void restart(start);
      else if (event.affectsConfiguration("hunch")) void sendSettings();
    }),
    vscode.workspace.onDidChangeTextDocument((event) => {
      for (const change of event.contentChanges) {
        tracker.edited(event.document.uri.toString(), change.rangeOffset, change.rangeLength, change.text);
      }
      markVisible(tracker);
    }),
    vscode.window.onDidChangeTextEditorSelection((event) => {
      const caret = event.textEditor.document.offsetAt(event.selections[0]?.active ?? new vscode.Position(0, 0));
      tracker.moved(event.textEditor.document.uri.toString(), caret);
      markVisible(tracker);
    }),
    vscode.window.onDidChangeActiveTextEditor(() => {
      tracker.expired();
      markVisible(tracker);
    }),
    vscode.commands.registerCommand("hunch.menu", () => showMenu(snoozedUntil > Date.now())),
    vscode.commands.registerCommand("hunch.toggle", async () => {
      const settings = vscode.workspace.getConfiguration("hunch.completion");
      await settings.update("enable", !settings.get<boolean>("enable", true), vscode.ConfigurationTarget.Global);
    }),
    vscode.commands.registerCommand("hunch.toggleLanguage", async () => {
      const language = vscode.window.activeTextEditor?.document.languageId;
      if (!language) return;
      const settings = vscode.workspace.getConfiguration("hunch.completion");
      const languages = { ...settings.get<Record<string, boolean>>("languages", {}), [language]: !isLanguageOn(language) };
      await settings.update("languages", languages, vscode.ConfigurationTarget.Global);
    }),
    vscode.commands.registerCommand("hunch.snooze", async () => {
      if (snoozedUntil > Date.now()) return snooze(0);
      const minutes = await pickSnooze();
      if (minutes) snooze(Date.now() + minutes * 60_000);
    }),
    vscode.commands.registerCommand("hunch.why", async () => {
      const editor = vscode.window.activeTextEditor;
      if (!editor || !client?.isRunning()) {
        void vscode.window.showInformationMessage("Hunch: open a file first; the server must be running.");
        return;
      }
      const position = client.code2ProtocolConverter.asPosition(editor.selection.active);
      const uri = client.code2ProtocolConverter.asUri(editor.document.uri);
      await explain(await client.sendRequest<Decision | null>("hunch/why", { uri, position }), page);
    }),
    vscode.commands.registerCommand("hunch.triggerSuggestion", () =>
      vscode.commands.executeCommand("editor.action.inlineSuggest.trigger"),
    ),
    vscode.commands.registerCommand("hunch.dismiss", async () => {
      tracker.dismissed();
      markVisible(tracker);
      await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
    }),
    vscode.commands.registerCommand("hunch.showLog", () => log.show()),
    vscode.commands.registerCommand("hunch.restart", () => restart(start)),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.dispose();
  client = undefined;
}

async function restart(start: () => Promise<void>): Promise<void> {
  const old = client;
  client = undefined;
  await old?.dispose().catch(() => undefined);
  await start();
}

async function startClient(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  status: StatusItem,
  tracker: SuggestionTracker,
): Promise<LanguageClient> {
  const configured = vscode.workspace.getConfiguration("hunch.server").get<string[]>("command", []);
  const [command, ...args] = configured.length ? configured : await managedServer(context, log);
  if (!command) throw new Error("hunch.server.command is empty");
  const server: ServerOptions = { command, args };
  const crashes: number[] = [];
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    outputChannel: log,
    initializationOptions: currentSettings(),
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue }),
      closed: () => {
        const now = Date.now();
        crashes.push(now);
        if (crashes.filter((time) => now - time < RESTART_WINDOW_MS).length <= RESTARTS) {
          status.show({ state: "starting", detail: "restarted after a crash", model: "" });
          return { action: CloseAction.Restart, handled: true };
        }
        status.show({ state: "stopped", detail: "the server keeps crashing; see the log", model: "" });
        return { action: CloseAction.DoNotRestart, message: "Hunch's server keeps crashing and was stopped." };
      },
    },
    middleware: {
      async provideInlineCompletionItems(document, position, inlineContext, token, next) {
        const answer = await next(document, position, inlineContext, token);
        const items = Array.isArray(answer) ? answer : (answer?.items ?? []);
        if (!token.isCancellationRequested) notice(tracker, document, position, items[0]);
        return answer;
      },
    },
  };
  const created = new LanguageClient("hunch", "Hunch", server, options);
  created.onNotification("hunch/status", (message: ServerStatus) => status.show(message));
  await created.start();
  return created;
}

function notice(
  tracker: SuggestionTracker,
  document: vscode.TextDocument,
  position: vscode.Position,
  item: vscode.InlineCompletionItem | undefined,
): void {
  const id: unknown = item?.command?.arguments?.[0];
  if (!item || typeof id !== "string") {
    tracker.nothing();
  } else {
    const text = typeof item.insertText === "string" ? item.insertText : item.insertText.value;
    const start = item.range?.start ?? position;
    const typed = document.offsetAt(position) - document.offsetAt(start);
    tracker.offered(id, document.uri.toString(), document.offsetAt(position), text.slice(typed));
  }
  markVisible(tracker);
}

function makeTracker(): SuggestionTracker {
  const item = (id: string): object => ({ command: { title: "", command: "hunch.didAccept", arguments: [id] } });
  const send = (method: string, params: object): void => {
    if (client?.isRunning()) void client.sendNotification(method, params);
  };
  return new SuggestionTracker(
    {
      shown: (id) => send("textDocument/didShowCompletion", { item: item(id) }),
      partlyAccepted: (id, acceptedLength) =>
        send("textDocument/didPartiallyAcceptCompletion", { item: item(id), acceptedLength }),
      rejected: (id, reason, shownMs) => send("hunch/didRejectCompletion", { item: item(id), reason, shownMs }),
    },
    () => Date.now(),
  );
}

function markVisible(tracker: SuggestionTracker): void {
  void vscode.commands.executeCommand("setContext", "hunch.suggestionVisible", tracker.visible);
}

/** The editor's settings as the server wants them; the snooze lives in this window only. */
function currentSettings(): object {
  const settings = JSON.parse(JSON.stringify(vscode.workspace.getConfiguration("hunch"))) as Record<string, unknown>;
  const completion = (settings["completion"] ?? {}) as Record<string, unknown>;
  if (snoozedUntil > Date.now()) completion["snoozeUntil"] = snoozedUntil / 1000;
  return { ...settings, completion };
}

async function sendSettings(): Promise<void> {
  if (client?.isRunning()) {
    await client.sendNotification(DidChangeConfigurationNotification.type, { settings: { hunch: currentSettings() } });
  }
}
