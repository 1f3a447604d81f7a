// The menu behind the status bar item.

import * as vscode from "vscode";
import { activeLanguage, isEnabled } from "./settings";

const SNOOZE_MINUTES = [5, 15, 60];

interface Entry extends vscode.QuickPickItem {
  command?: string;
  arguments?: unknown[];
}

export async function showMenu(snoozed: boolean): Promise<void> {
  const picked = await vscode.window.showQuickPick(entries(snoozed), { title: "Hunch" });
  if (picked?.command) await vscode.commands.executeCommand(picked.command, ...(picked.arguments ?? []));
}

function entries(snoozed: boolean): Entry[] {
  const language = activeLanguage();
  const separator: Entry = { label: "", kind: vscode.QuickPickItemKind.Separator };
  return [
    { label: "$(question) Why this / why nothing?", description: "what decided at the cursor", command: "hunch.why" },
    separator,
    { label: onOff(isEnabled(), "everywhere"), command: "hunch.toggle" },
    ...(language ? [{ label: onOff(language.on, `for ${language.id}`), command: "hunch.toggleLanguage" }] : []),
    snoozed
      ? { label: "$(bell) End the snooze", command: "hunch.snooze" }
      : { label: "$(bell-slash) Snooze…", description: "5, 15 or 60 minutes", command: "hunch.snooze" },
    separator,
    { label: "$(graph) Your report", description: "made from what was recorded on this machine", command: "hunch.report" },
    { label: "$(record) Recording…", description: "off until you turn it on", command: "hunch.recording" },
    separator,
    { label: "$(gear) Settings", command: "workbench.action.openSettings", arguments: ["@ext:hunch.hunch"] },
    { label: "$(output) Log", command: "hunch.showLog" },
    { label: "$(debug-restart) Restart the server", command: "hunch.restart" },
  ];
}

function onOff(on: boolean, where: string): string {
  return on ? `$(circle-slash) Switch off ${where}` : `$(check) Switch on ${where}`;
}

/** Minutes to be silent; undefined when the person thought better of it. */
export async function pickSnooze(): Promise<number | undefined> {
  const picked = await vscode.window.showQuickPick(
    SNOOZE_MINUTES.map((minutes) => ({ label: `$(bell-slash) ${minutes} minutes`, minutes })),
    { title: "Hunch: no suggestions for…" },
  );
  return picked?.minutes;
}
