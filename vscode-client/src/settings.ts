// The editor's settings: what the server is told, and the two switches that the menu has.

import * as vscode from "vscode";
import { chosenSettings } from "./chosen";

/** What somebody chose of our settings, and the snooze, which lives in this window only. */
export function settingsForServer(context: vscode.ExtensionContext, snoozedUntilMs: number): Record<string, unknown> {
  const properties: unknown = context.extension.packageJSON?.contributes?.configuration?.properties;
  const keys = Object.keys((properties ?? {}) as object)
    .map((key) => key.replace(/^hunch\./, ""))
    .filter((key) => !key.startsWith("server.") && !key.startsWith("trace."));
  const settings = chosenSettings(keys, vscode.workspace.getConfiguration("hunch"));
  if (snoozedUntilMs <= Date.now()) return settings;
  return { ...settings, completion: { ...(settings["completion"] as object), snoozeUntil: snoozedUntilMs / 1000 } };
}

export function isEnabled(): boolean {
  return vscode.workspace.getConfiguration("hunch.completion").get<boolean>("enable", true);
}

export function isLanguageOn(language: string): boolean {
  const languages = vscode.workspace.getConfiguration("hunch.completion").get<Record<string, boolean>>("languages", {});
  return languages[language] ?? languages["*"] ?? true;
}

/** The language of the active editor, and whether completions are on for it. */
export function activeLanguage(): { id: string; on: boolean } | undefined {
  const id = vscode.window.activeTextEditor?.document.languageId;
  return id === undefined ? undefined : { id, on: isLanguageOn(id) };
}

export async function toggleEverywhere(): Promise<void> {
  await update("enable", !isEnabled());
}

export async function toggleActiveLanguage(): Promise<void> {
  const language = activeLanguage();
  if (!language) return;
  const languages = vscode.workspace.getConfiguration("hunch.completion").get<Record<string, boolean>>("languages", {});
  await update("languages", { ...languages, [language.id]: !language.on });
}

/** Changed where it takes effect: in the workspace if that sets it, else for the user. */
async function update(key: string, value: unknown): Promise<void> {
  const completion = vscode.workspace.getConfiguration("hunch.completion");
  const inWorkspace = completion.inspect(key)?.workspaceValue !== undefined;
  await completion.update(key, value, inWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global);
}
