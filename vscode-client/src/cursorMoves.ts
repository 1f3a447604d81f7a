// Where the cursor was put without typing, which LSP does not tell: the server reads that place ahead. Pure: knows nothing of VS Code.

/** `hunch/didMoveCursor`, client to server. */
export interface MovedCursor {
  textDocument: { uri: string };
  position: { line: number; character: number };
}

/** A key held down moves the cursor many times a second; only where it stays is told. */
export const STAYS_MS = 50;

export class CursorMoves {
  private readonly versions = new Map<string, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly send: (moved: MovedCursor) => void) {}

  /** The cursor is here now. One that an edit has moved is not told: a request follows that edit. */
  at(uri: string, version: number, line: number, character: number): void {
    clearTimeout(this.timer);
    const edited = (this.versions.get(uri) ?? version) !== version;
    this.versions.set(uri, version);
    if (edited) return;
    this.timer = setTimeout(() => this.send({ textDocument: { uri }, position: { line, character } }), STAYS_MS);
  }

  /** The document changed: what was to be told belongs to another text. */
  edited(): void {
    clearTimeout(this.timer);
  }

  closed(uri: string): void {
    this.versions.delete(uri);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}
