// "Why this / why nothing?": the server's last decision at the cursor, in one sentence, with all factors on request.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { type Decision, WHY } from "./protocol";
import type { StatusText } from "./statusText";
import { whyPage } from "./whyPage";

const SCHEME = "hunch-why";

/** The virtual document with the details of the last question. */
export class WhyDocument implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  private readonly uri = vscode.Uri.from({ scheme: SCHEME, path: "Why" });
  private text = "";
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(): string {
    return this.text;
  }

  async show(decision: Decision): Promise<void> {
    this.text = whyPage(decision);
    this.changed.fire(this.uri);
    await vscode.commands.executeCommand("markdown.showPreviewToSide", this.uri);
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}

/** Ask about the cursor of the active editor and say what came of it. `status`: how Hunch is as a whole, one line. */
export async function explain(client: LanguageClient | undefined, page: WhyDocument, status: StatusText): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!client?.isRunning()) {
    void vscode.window.showInformationMessage(`${status.sentence}. ${status.detail}`);
    return;
  }
  if (!editor) {
    void vscode.window.showInformationMessage("Open a file and put the cursor where you want to know.");
    return;
  }
  const decision = await client.sendRequest<Decision | null>(WHY, {
    uri: client.code2ProtocolConverter.asUri(editor.document.uri),
    position: client.code2ProtocolConverter.asPosition(editor.selection.active),
  });
  if (!decision) {
    const typing = status.state === "ready" ? "Type something there." : `${status.sentence}.`;
    void vscode.window.showInformationMessage(`Nothing was decided on this line yet. ${typing}`);
    return;
  }
  const actions = decision.knob ? ["Details", "Change setting"] : ["Details"];
  const chosen = await vscode.window.showInformationMessage(decision.summary, ...actions);
  if (chosen === "Details") {
    await page.show(decision);
  } else if (chosen && decision.knob) {
    await vscode.commands.executeCommand("workbench.action.openSettings", decision.knob.setting);
  }
}
