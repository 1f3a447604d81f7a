// Proactive offers: a quiet item in the status bar, a light bulb at the place, a note behind the line; never a dialog.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { type Caret, note, OpenOffer } from "./openOffer";
import { type Offer, OFFER_OUTCOME, TAKE_OFFER } from "./protocol";

interface Entry extends vscode.QuickPickItem {
  act: () => unknown;
}

export class Offers implements vscode.CodeActionProvider, vscode.Disposable {
  private readonly open = new OpenOffer({
    outcome: (id, outcome) => {
      const client = this.client();
      if (client?.isRunning()) void client.sendNotification(OFFER_OUTCOME, { id, outcome });
    },
  });
  private readonly item = vscode.window.createStatusBarItem("hunch.offer", vscode.StatusBarAlignment.Right, 99);
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor("editorCodeLens.foreground"), fontStyle: "italic" },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedOpen,
  });
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly client: () => LanguageClient | undefined) {
    this.item.name = "Hunch: offer";
    this.item.command = "hunch.offer";
    this.subscriptions = [
      this.item,
      this.decoration,
      vscode.window.onDidChangeTextEditorSelection(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
      vscode.languages.registerCodeActionsProvider([{ scheme: "file" }, { scheme: "untitled" }], this, {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
      }),
    ];
  }

  arrived(offer: Offer): void {
    this.open.arrived(offer);
    this.draw();
  }

  withdrawn(id: string): void {
    this.open.withdrawn(id);
    this.draw();
  }

  serverGone(): void {
    this.open.serverGone();
    this.draw();
  }

  /** Behind the status bar item: what it is, why, and the answers. The person asked for it, so it may be a list. */
  async choose(): Promise<void> {
    const offer = this.open.offer;
    if (!offer) return;
    const entries: Entry[] = [
      { label: `$(check) ${offer.title}`, detail: offer.why, act: () => this.take() },
      { label: "$(clock) Not now", description: "silence for a while", act: () => this.answer("notNow") },
      { label: "$(close) No", description: "not this one again", act: () => this.answer("dismissed") },
    ];
    if (offer.uri) entries.splice(1, 0, { label: "$(arrow-right) Go there", act: () => this.jump() });
    const picked = await vscode.window.showQuickPick(entries, { title: "Hunch" });
    if (this.open.offer?.id === offer.id) await picked?.act();
  }

  /** Tab: to the place, then apply. */
  async step(): Promise<void> {
    const step = this.open.step(caret());
    // A place without a text is taken by going there.
    if (step === "jump" && this.open.offer?.edits) await this.jump();
    else if (step !== "nothing") await this.take();
  }

  answer(outcome: "dismissed" | "notNow"): void {
    this.open.answer(outcome);
    this.draw();
  }

  async take(): Promise<void> {
    const offer = this.open.offer;
    const client = this.client();
    if (!offer || !client?.isRunning()) return;
    if (offer.edits) {
      const edit = await client.protocol2CodeConverter.asWorkspaceEdit(offer.edits);
      if (!edit || !(await vscode.workspace.applyEdit(edit))) return;
      this.open.answer("accepted");
    } else {
      this.open.withdrawn(offer.id);
      await vscode.commands.executeCommand(TAKE_OFFER, offer.id);
      await this.act(offer);
    }
    this.draw();
  }

  provideCodeActions(document: vscode.TextDocument, range: vscode.Range): vscode.CodeAction[] {
    const offer = this.open.offer;
    const line = offer?.position?.line;
    if (!offer || line === undefined || offer.uri !== document.uri.toString()) return [];
    if (line < range.start.line || line > range.end.line) return [];
    return [action(offer.title, "hunch.takeTheOffer"), action(`Not now: ${offer.title}`, "hunch.offerNotNow")];
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  /** What the server cannot do: it starts nothing. */
  private async act(offer: Offer): Promise<void> {
    if (offer.action?.snippet && offer.uri && offer.position) {
      const at = new vscode.Position(offer.position.line, offer.position.character);
      const editor = await vscode.window.showTextDocument(vscode.Uri.parse(offer.uri), { selection: new vscode.Range(at, at) });
      await editor.insertSnippet(new vscode.SnippetString(offer.action.snippet), at);
      return;
    }
    if (offer.action?.name === "run_test" && offer.action.path) {
      const folder = vscode.workspace.workspaceFolders?.[0];
      if (!folder) return;
      await vscode.window.showTextDocument(vscode.Uri.joinPath(folder.uri, offer.action.path));
      await vscode.commands.executeCommand("testing.runCurrentFile");
    } else if (offer.action?.name === "show_commit" && offer.action.commit) {
      await vscode.env.clipboard.writeText(offer.action.commit);
      vscode.window.setStatusBarMessage(`Hunch: ${offer.action.commit.slice(0, 9)} is on the clipboard`, 5_000);
    }
  }

  private async jump(): Promise<void> {
    const offer = this.open.offer;
    if (!offer?.uri) return;
    const at = new vscode.Position(offer.position?.line ?? 0, offer.position?.character ?? 0);
    await vscode.window.showTextDocument(vscode.Uri.parse(offer.uri), { selection: new vscode.Range(at, at) });
    this.draw();
  }

  private draw(): void {
    const offer = this.open.offer;
    const here = caret();
    const step = this.open.step(here);
    if (offer) {
      this.item.text = `$(lightbulb) ${offer.title}`;
      this.item.tooltip = offer.why;
      this.item.accessibilityInformation = { label: `Hunch offers: ${offer.title}. ${offer.why}` };
      this.item.show();
    } else {
      this.item.hide();
    }
    for (const editor of vscode.window.visibleTextEditors) {
      const place = editor.document.uri.toString() === offer?.uri ? offer?.position?.line : undefined;
      const line = place !== undefined && place < editor.document.lineCount && step !== "nothing" ? editor.document.lineAt(place) : undefined;
      const end = line && new vscode.Range(line.range.end, line.range.end);
      const text = offer && note(offer, step);
      editor.setDecorations(this.decoration, end ? [{ range: end, renderOptions: { after: { contentText: text ?? "" } } }] : []);
    }
    void vscode.commands.executeCommand("setContext", "hunch.offerHasTab", this.open.tabIsOurs(here));
  }
}

function caret(): Caret | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor && { uri: editor.document.uri.toString(), line: editor.selection.active.line };
}

function action(title: string, command: string): vscode.CodeAction {
  const made = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  made.command = { title, command };
  return made;
}
