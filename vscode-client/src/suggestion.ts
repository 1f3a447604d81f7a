// Follows one suggestion from the moment it is on the screen. Pure: knows nothing of VS Code, so that it can be tested.
// LSP and the stable VS Code API tell neither when ghost text is shown nor when it goes; both are inferred from edits.

export type RejectReason = "explicit" | "typed" | "moved" | "expired";

export interface Reporter {
  shown(id: string): void;
  partlyAccepted(id: string, acceptedLength: number): void;
  rejected(id: string, reason: RejectReason, shownMs: number): void;
}

interface Current {
  id: string;
  document: string;
  // What is left to insert at `offset`, and how much of the original completion is in the text already (UTF-16).
  rest: string;
  offset: number;
  done: number;
  since: number;
}

export class SuggestionTracker {
  private current: Current | undefined;

  constructor(
    private readonly report: Reporter,
    private readonly now: () => number,
  ) {}

  get visible(): boolean {
    return this.current !== undefined;
  }

  /** The provider answered with `completion` (the part after the caret) for `offset`. */
  offered(id: string, document: string, offset: number, completion: string): void {
    const before = this.current;
    if (before && before.document === document && before.offset === offset && before.rest === completion) {
      // The same ghost text, offered again while the person types through it: one suggestion, not two.
      before.id = id;
      return;
    }
    this.end("typed");
    this.current = { id, document, rest: completion, offset, done: 0, since: this.now() };
    this.report.shown(id);
  }

  /** The provider answered with nothing. */
  nothing(): void {
    this.end("typed");
  }

  /** Text was inserted (`removed` characters went) at `offset`. */
  edited(document: string, offset: number, removed: number, inserted: string): void {
    const current = this.current;
    if (!current || current.document !== document) return;
    if (removed || offset !== current.offset || !current.rest.startsWith(inserted) || !inserted) {
      this.end("typed");
      return;
    }
    if (inserted === current.rest) {
      this.current = undefined; // accepted as a whole: the item's own command tells the server
      return;
    }
    current.rest = current.rest.slice(inserted.length);
    current.offset += inserted.length;
    current.done += inserted.length;
    // A person types one character at a time; more at once is "accept next word" or "accept line".
    if (inserted.length > 1) this.report.partlyAccepted(current.id, current.done);
  }

  /** The caret went to `offset` without an edit. */
  moved(document: string, offset: number): void {
    const current = this.current;
    if (current && (current.document !== document || current.offset !== offset)) this.end("moved");
  }

  /** Escape. */
  dismissed(): void {
    this.end("explicit");
  }

  /** The editor went out of sight. */
  expired(): void {
    this.end("expired");
  }

  private end(reason: RejectReason): void {
    const current = this.current;
    if (!current) return;
    this.current = undefined;
    this.report.rejected(current.id, reason, Math.max(0, this.now() - current.since));
  }
}
