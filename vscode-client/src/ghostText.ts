// The suggestion on the screen: follows the editor's events and reports to the server what became of it.

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { DID_ACCEPT, PARTLY_ACCEPTED, REJECTED, SHOWN } from "./protocol";
import { type Reporter, SuggestionTracker } from "./suggestion";

export class GhostText implements vscode.Disposable {
  private readonly tracker: SuggestionTracker;
  private readonly subscriptions: vscode.Disposable[];
  private visible = false;

  constructor(private readonly client: () => LanguageClient | undefined) {
    this.tracker = new SuggestionTracker(this.reporter(), () => Date.now());
    this.subscriptions = [
      vscode.workspace.onDidChangeTextDocument((event) => {
        for (const change of event.contentChanges) {
          this.tracker.edited(event.document.uri.toString(), change.rangeOffset, change.rangeLength, change.text);
        }
        this.mark();
      }),
      vscode.window.onDidChangeTextEditorSelection((event) => {
        const caret = event.selections[0]?.active;
        const { document } = event.textEditor;
        if (caret) this.tracker.moved(document.uri.toString(), document.offsetAt(caret));
        this.mark();
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.expire()),
      vscode.window.onDidChangeWindowState((state) => {
        if (!state.focused) this.expire();
      }),
    ];
  }

  /** The server answered for `position` of `document`; `item` is what VS Code shows next. */
  answered(document: vscode.TextDocument, position: vscode.Position, item: vscode.InlineCompletionItem | undefined): void {
    const editor = vscode.window.activeTextEditor;
    const caretIsThere = editor?.document === document && editor.selection.isEmpty && editor.selection.active.isEqual(position);
    const id: unknown = item?.command?.command === DID_ACCEPT ? item.command.arguments?.[0] : undefined;
    if (item && typeof id === "string" && caretIsThere) {
      const text = typeof item.insertText === "string" ? item.insertText : item.insertText.value;
      const offset = document.offsetAt(position);
      const typed = item.range ? offset - document.offsetAt(item.range.start) : 0;
      this.tracker.offered({
        id,
        document: document.uri.toString(),
        offset,
        before: text.slice(0, typed),
        completion: text.slice(typed),
      });
    } else {
      this.tracker.withdrawn();
    }
    this.mark();
  }

  /** The person pressed Escape. */
  async dismiss(): Promise<void> {
    this.tracker.dismissed();
    this.mark();
    await vscode.commands.executeCommand("editor.action.inlineSuggest.hide");
  }

  serverGone(): void {
    this.expire();
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private expire(): void {
    this.tracker.expired();
    this.mark();
  }

  /** Tells VS Code whether Escape is ours. */
  private mark(): void {
    if (this.visible === this.tracker.visible) return;
    this.visible = this.tracker.visible;
    void vscode.commands.executeCommand("setContext", "hunch.suggestionVisible", this.visible);
  }

  private reporter(): Reporter {
    const item = (id: string): object => ({ command: { title: "", command: DID_ACCEPT, arguments: [id] } });
    const send = (method: string, params: object): void => {
      const client = this.client();
      if (client?.isRunning()) void client.sendNotification(method, params);
    };
    return {
      shown: (id) => send(SHOWN, { item: item(id) }),
      partlyAccepted: (id, acceptedLength) => send(PARTLY_ACCEPTED, { item: item(id), acceptedLength }),
      rejected: (id, reason, shownMs) => send(REJECTED, { item: item(id), reason, shownMs }),
    };
  }
}
