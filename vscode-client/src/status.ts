// The status bar item. What it says is decided in `statusText`.

import * as vscode from "vscode";
import type { ServerStatus } from "./protocol";
import { activeLanguage, isEnabled } from "./settings";
import { type StatusText, statusText } from "./statusText";

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("hunch.status", vscode.StatusBarAlignment.Right, 100);
  private server: ServerStatus | undefined = { state: "starting", detail: "", model: "" };
  private why = "";

  constructor(private readonly snoozedUntilMs: () => number) {
    this.item.name = "Hunch";
    this.item.command = "hunch.menu";
    this.draw();
    this.item.show();
  }

  /** The server said how it is. */
  show(server: ServerStatus): void {
    this.server = server;
    this.draw();
  }

  /** No server runs; `why` is one line for people. */
  stopped(why: string): void {
    this.server = undefined;
    this.why = why;
    this.draw();
  }

  /** What the status bar has to say now. */
  get said(): StatusText {
    return statusText({
      server: this.server,
      stopped: this.why,
      enabled: isEnabled(),
      language: activeLanguage(),
      snoozedUntilMs: this.snoozedUntilMs(),
      nowMs: Date.now(),
    });
  }

  /** Settings, the snooze or the active editor changed. */
  draw(): void {
    const said = this.said;
    this.item.text = said.text;
    this.item.accessibilityInformation = { label: said.sentence };
    this.item.backgroundColor = said.warning ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    const tooltip = new vscode.MarkdownString();
    tooltip.appendText(said.sentence);
    if (said.detail) tooltip.appendMarkdown("\n\n").appendText(said.detail);
    if (this.server?.model) tooltip.appendMarkdown("\n\nModel: ").appendText(this.server.model);
    this.item.tooltip = tooltip;
  }

  dispose(): void {
    this.item.dispose();
  }
}
