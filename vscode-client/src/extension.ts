// Wiring: the server's life, the status bar, the commands. Everything with logic of its own is in the other files.

import * as vscode from "vscode";
import { DidChangeConfigurationNotification, type LanguageClient } from "vscode-languageclient/node";
import { startClient } from "./client";
import { Consent, showReport } from "./consent";
import { Cursor } from "./cursor";
import { EnvironmentError, managedServer } from "./environment";
import { GhostText } from "./ghostText";
import { pickSnooze, showMenu } from "./menu";
import { Offers } from "./offers";
import { endRunning } from "./processes";
import { EVENT, MOVED_CURSOR, type ServerStatus } from "./protocol";
import { settingsForServer, toggleActiveLanguage, toggleEverywhere } from "./settings";
import { StatusItem } from "./status";
import { TraceSource } from "./traces";
import { explain, WhyDocument } from "./why";

let hunch: Hunch | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  hunch = new Hunch(context);
  await hunch.restart();
}

export async function deactivate(): Promise<void> {
  await hunch?.stop();
  hunch = undefined;
}

class Hunch {
  private readonly log = vscode.window.createOutputChannel("Hunch", { log: true });
  private readonly status = new StatusItem(() => this.snoozedUntilMs);
  private readonly ghostText = new GhostText(() => this.client);
  private readonly offers = new Offers(() => this.client);
  private readonly page = new WhyDocument();
  private readonly consent = new Consent(() => this.client);
  private readonly traces = new TraceSource((event) => {
    if (this.client?.isRunning()) void this.client.sendNotification(EVENT, event);
  });
  private readonly cursor = new Cursor((moved) => {
    if (this.client?.isRunning()) void this.client.sendNotification(MOVED_CURSOR, moved);
  });
  private readonly settingsFiles = vscode.workspace.createFileSystemWatcher("**/{.hunch.toml,pyproject.toml}");
  private client: LanguageClient | undefined;
  private snoozedUntilMs = 0;
  private wake: NodeJS.Timeout | undefined;
  // Starts and stops happen one after the other.
  private lifecycle: Promise<void> = Promise.resolve();

  constructor(private readonly context: vscode.ExtensionContext) {
    const command = (name: string, act: () => unknown): vscode.Disposable => vscode.commands.registerCommand(`hunch.${name}`, act);
    context.subscriptions.push(
      this.log,
      this.status,
      this.ghostText,
      this.offers,
      this.page,
      this.traces,
      this.cursor,
      this.settingsFiles,
      { dispose: () => clearTimeout(this.wake) },
      vscode.workspace.onDidChangeConfiguration((event) => this.configured(event)),
      vscode.window.onDidChangeActiveTextEditor(() => this.status.draw()),
      command("menu", () => showMenu(this.snoozedUntilMs > Date.now())),
      command("toggle", toggleEverywhere),
      command("toggleLanguage", toggleActiveLanguage),
      command("snooze", () => this.chooseSnooze()),
      command("why", () => explain(this.client, this.page, this.status.said)),
      command("triggerSuggestion", () => vscode.commands.executeCommand("editor.action.inlineSuggest.trigger")),
      command("dismiss", () => this.ghostText.dismiss()),
      command("offer", () => this.offers.choose()),
      command("offerStep", () => this.offers.step()),
      command("takeTheOffer", () => this.offers.take()),
      command("offerNotNow", () => this.offers.answer("notNow")),
      command("offerNo", () => this.offers.answer("dismissed")),
      command("report", () => showReport(this.client)),
      command("recording", () => this.consent.choose()),
      command("deleteTraces", () => this.consent.deleteAll()),
      command("showLog", () => this.log.show()),
      command("restart", () => this.restart()),
    );
  }

  /** Ends the server if one runs, and starts one. Never throws: what goes wrong is said in the status bar. */
  restart(): Promise<void> {
    this.lifecycle = this.lifecycle.then(() => this.end()).then(() => this.start());
    return this.lifecycle;
  }

  stop(): Promise<void> {
    endRunning();
    this.lifecycle = this.lifecycle.then(() => this.end());
    return this.lifecycle;
  }

  private async start(): Promise<void> {
    this.status.show({ state: "starting", detail: "", model: "" });
    try {
      const configured = vscode.workspace.getConfiguration("hunch.server").get<string[]>("command", []);
      const command = configured.length ? configured : await managedServer(this.context, this.log);
      this.client = await startClient(command, this.log, this.ghostText, this.settingsFiles, {
        settings: () => settingsForServer(this.context, this.snoozedUntilMs),
        status: (status) => this.told(status),
        offer: (offer) => this.offers.arrived(offer),
        offerWithdrawn: (id) => this.offers.withdrawn(id),
        restarted: () => this.status.show({ state: "starting", detail: "The server ended by itself and is started again.", model: "" }),
        gaveUp: (why) => this.failed(why),
      });
    } catch (error) {
      this.failed(error instanceof Error ? error.message : String(error), error);
    }
  }

  private told(status: ServerStatus): void {
    this.status.show(status);
    this.traces.follow(status.recording);
    void this.consent.told(status.recording);
  }

  private async end(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.ghostText.serverGone();
    this.offers.serverGone();
    this.traces.follow(undefined);
    await client?.dispose().catch((error: unknown) => this.log.warn(`the server did not stop cleanly: ${String(error)}`));
  }

  private failed(why: string, error?: unknown): void {
    this.log.error(why);
    this.status.stopped(why);
    const action = (error instanceof EnvironmentError ? error.action : undefined) ?? {
      title: "Show log",
      run: () => this.log.show(),
    };
    void vscode.window.showErrorMessage(`Hunch: ${why}`, action.title).then((chosen) => {
      if (chosen === action.title) action.run();
    });
  }

  private configured(event: vscode.ConfigurationChangeEvent): void {
    if (event.affectsConfiguration("hunch.server")) void this.restart();
    else if (event.affectsConfiguration("hunch")) this.sendSettings();
  }

  private async chooseSnooze(): Promise<void> {
    if (this.snoozedUntilMs > Date.now()) {
      this.snooze(0);
      return;
    }
    const minutes = await pickSnooze();
    if (minutes) this.snooze(Date.now() + minutes * 60_000);
  }

  private snooze(untilMs: number): void {
    this.snoozedUntilMs = untilMs;
    clearTimeout(this.wake);
    if (untilMs > Date.now()) this.wake = setTimeout(() => this.snooze(0), untilMs - Date.now());
    this.sendSettings();
  }

  private sendSettings(): void {
    this.status.draw();
    if (!this.client?.isRunning()) return;
    const settings = { hunch: settingsForServer(this.context, this.snoozedUntilMs) };
    void this.client.sendNotification(DidChangeConfigurationNotification.type, { settings });
  }
}
