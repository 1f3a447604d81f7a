// Follows the cursor and tells the server where it rests.

import * as vscode from "vscode";
import { CursorMoves, type MovedCursor } from "./cursorMoves";

const SCHEMES = new Set(["file", "untitled"]);

export class Cursor implements vscode.Disposable {
  private readonly moves: CursorMoves;
  private readonly subscriptions: vscode.Disposable[];

  constructor(send: (moved: MovedCursor) => void) {
    this.moves = new CursorMoves(send);
    this.subscriptions = [
      this.moves,
      vscode.workspace.onDidChangeTextDocument(() => this.moves.edited()),
      vscode.workspace.onDidCloseTextDocument((document) => this.moves.closed(document.uri.toString())),
      vscode.window.onDidChangeTextEditorSelection((event) => this.look(event.textEditor)),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.look(editor)),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private look(editor: vscode.TextEditor | undefined): void {
    if (!editor || editor !== vscode.window.activeTextEditor || !editor.selection.isEmpty) return;
    const { document, selection } = editor;
    if (!SCHEMES.has(document.uri.scheme)) return;
    this.moves.at(document.uri.toString(), document.version, selection.active.line, selection.active.character);
  }
}
