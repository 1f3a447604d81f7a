// The status bar item: what Hunch is doing, and the menu behind it.

import * as vscode from "vscode";

export type ServerState = "starting" | "ready" | "thinking" | "quiet" | "degraded" | "stopped";

export interface ServerStatus {
  state: ServerState;
  detail: string;
  model: string;
}

const ICONS: Record<ServerState, string> = {
  starting: "$(loading~spin)",
  ready: "$(sparkle)",
  thinking: "$(sparkle-filled)",
  quiet: "$(mute)",
  degraded: "$(warning)",
  stopped: "$(circle-slash)",
};

const WORDS: Record<ServerState, string> = {
  starting: "starting",
  ready: "ready",
  thinking: "ready",
  quiet: "quiet",
  degraded: "degraded",
  stopped: "stopped",
};

const THINKING_DELAY_MS = 150;

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("hunch.status", vscode.StatusBarAlignment.Right, 100);
  private status: ServerStatus = { state: "starting", detail: "", model: "" };
  private pending: NodeJS.Timeout | undefined;

  constructor(private readonly snoozedUntil: () => number) {
    this.item.name = "Hunch";
    this.item.command = "hunch.menu";
    this.show(this.status);
    this.item.show();
  }

  show(status: ServerStatus): void {
    this.status = status;
    clearTimeout(this.pending);
    // A fast model thinks for a few milliseconds per key; only longer thinking is worth a change on the screen.
    if (status.state === "thinking") this.pending = setTimeout(() => this.draw(), THINKING_DELAY_MS);
    else this.draw();
  }

  private draw(): void {
    const { state, detail, model } = this.status;
    const snoozed = this.snoozedUntil() > Date.now();
    this.item.text = `${snoozed ? "$(bell-slash)" : ICONS[state]} Hunch`;
    const word = snoozed ? `snoozed until ${new Date(this.snoozedUntil()).toLocaleTimeString()}` : WORDS[state];
    this.item.accessibilityInformation = { label: `Hunch ${word}` };
    this.item.backgroundColor =
      state === "degraded" ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    const tooltip = new vscode.MarkdownString();
    tooltip.appendMarkdown(`**Hunch** is ${word}`);
    if (detail) tooltip.appendMarkdown("\n\n").appendText(detail);
    if (model) tooltip.appendMarkdown("\n\nModel: ").appendText(model);
    tooltip.appendMarkdown("\n\n*Click for more.*");
    this.item.tooltip = tooltip;
  }

  dispose(): void {
    clearTimeout(this.pending);
    this.item.dispose();
  }
}

export async function showMenu(snoozed: boolean): Promise<void> {
  const completion = vscode.workspace.getConfiguration("hunch.completion");
  const enabled = completion.get<boolean>("enable", true);
  const language = vscode.window.activeTextEditor?.document.languageId;
  const entries: (vscode.QuickPickItem & { run?: () => Thenable<unknown> })[] = [
    {
      label: enabled ? "$(circle-slash) Switch off everywhere" : "$(check) Switch on",
      run: () => vscode.commands.executeCommand("hunch.toggle"),
    },
  ];
  if (language) {
    const on = isLanguageOn(language);
    entries.push({
      label: `${on ? "$(circle-slash) Switch off" : "$(check) Switch on"} for ${language}`,
      run: () => vscode.commands.executeCommand("hunch.toggleLanguage"),
    });
  }
  entries.push(
    {
      label: snoozed ? "$(bell) End the snooze" : "$(bell-slash) Snooze …",
      run: () => vscode.commands.executeCommand("hunch.snooze"),
    },
    { label: "", kind: vscode.QuickPickItemKind.Separator },
    {
      label: "$(question) Why this / why nothing?",
      description: "at the cursor",
      run: () => vscode.commands.executeCommand("hunch.why"),
    },
    {
      label: "$(gear) Settings",
      run: () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:hunch.hunch"),
    },
    { label: "$(output) Log", run: () => vscode.commands.executeCommand("hunch.showLog") },
    { label: "$(debug-restart) Restart the server", run: () => vscode.commands.executeCommand("hunch.restart") },
  );
  const picked = await vscode.window.showQuickPick(entries, { title: "Hunch", placeHolder: "What would you like?" });
  await picked?.run?.();
}

export function isLanguageOn(language: string): boolean {
  const languages = vscode.workspace.getConfiguration("hunch.completion").get<Record<string, boolean>>("languages", {});
  return languages[language] ?? languages["*"] ?? true;
}

export async function pickSnooze(): Promise<number | undefined> {
  const picked = await vscode.window.showQuickPick(
    [5, 15, 60].map((minutes) => ({ label: `${minutes} minutes`, minutes })),
    { title: "Hunch: be quiet for …" },
  );
  return picked?.minutes;
}
