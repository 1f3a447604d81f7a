// Asks once whether Hunch may keep a record, and never again after an answer. The answer is kept by the server.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { CONSENT, type ConsentAnswer, type Recording, REPORT } from "./protocol";

const LEVELS: (vscode.QuickPickItem & { level: ConsentAnswer["level"] })[] = [
  {
    level: "metadata",
    label: "Metadata",
    detail: "Times, sizes, languages, what became of suggestions. No text; file names are replaced by keyed hashes.",
  },
  {
    level: "structure",
    label: "Structure",
    detail: "Also the kinds of syntax around the cursor; names of symbols as keyed hashes. No text.",
  },
  {
    level: "text",
    label: "Text",
    detail: "Also the code that you typed and that was suggested, with secrets, e-mail addresses and your home folder removed.",
  },
];

export class Consent {
  private asking = false;

  constructor(private readonly client: () => LanguageClient | undefined) {}

  /** The server told its state; where nobody was asked yet, ask now. */
  async told(recording: Recording | undefined): Promise<void> {
    if (!recording?.ask || this.asking || !vscode.workspace.isTrusted) return;
    this.asking = true;
    // Asked is asked, whatever becomes of the question: nobody is asked twice.
    await this.send({ answer: "asked", level: "metadata", scope: "everywhere" });
    const answer = await vscode.window.showInformationMessage(
      "May Hunch keep a record of how you work with its suggestions, on this machine only? " +
        "It is yours: it makes your report, and you can look at it and delete it at any time. Without a yes nothing is written.",
      "Choose what is kept…",
      "No",
    );
    if (answer === "No") await this.send({ answer: "off", level: "metadata", scope: "everywhere" });
    else if (answer) await this.choose();
  }

  /** Lets the person turn recording on, off, or to another level. */
  async choose(): Promise<void> {
    const off = { label: "$(circle-slash) Off", detail: "Nothing is written. What was recorded stays until you delete it.", level: undefined };
    const picked = await vscode.window.showQuickPick([off, ...LEVELS], { title: "Hunch: what may be recorded, on this machine only" });
    if (!picked) return;
    if (!picked.level) {
      await this.send({ answer: "off", level: "metadata", scope: "everywhere" });
      return;
    }
    const scopes = [
      { label: "In this workspace", scope: "workspace" as const },
      { label: "In every workspace", scope: "everywhere" as const },
    ];
    const where = await vscode.window.showQuickPick(scopes, { title: `Hunch: record ${picked.label.toLowerCase()} where?` });
    if (where) await this.send({ answer: "on", level: picked.level, scope: where.scope });
  }

  async deleteAll(): Promise<void> {
    const sure = await vscode.window.showWarningMessage(
      "Delete everything that Hunch recorded on this machine? This cannot be undone.",
      { modal: true },
      "Delete",
    );
    if (sure !== "Delete") return;
    const gone = await this.client()?.sendRequest<{ deleted: number }>(CONSENT, { answer: "delete", level: "metadata", scope: "everywhere" });
    if (gone) void vscode.window.showInformationMessage(`Hunch deleted ${gone.deleted} recorded events.`);
  }

  private async send(answer: ConsentAnswer): Promise<void> {
    await this.client()?.sendRequest(CONSENT, answer);
  }
}

/** The report as a page beside the code. It is one file without scripts. */
export async function showReport(client: LanguageClient | undefined): Promise<void> {
  if (!client?.isRunning()) {
    void vscode.window.showInformationMessage("The server does not run, so there is no report.");
    return;
  }
  const { path } = await client.sendRequest<{ path: string }>(REPORT, {});
  const page = await vscode.workspace.fs.readFile(vscode.Uri.file(path));
  const panel = vscode.window.createWebviewPanel("hunchReport", "Hunch report", vscode.ViewColumn.Beside, { enableScripts: false });
  panel.webview.html = Buffer.from(page).toString("utf8");
}
