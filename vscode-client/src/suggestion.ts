// Follows one suggestion from the moment it is on the screen. Pure: knows nothing of VS Code, so that it can be tested.
// LSP and the stable VS Code API tell neither when ghost text is shown nor when it goes; both are inferred from edits.

import type { RejectReason } from "./protocol";

export interface Reporter {
  shown(id: string): void;
  /** `acceptedLength`: UTF-16 units from the start of the item's text to where the text in the document ends now. */
  partlyAccepted(id: string, acceptedLength: number): void;
  rejected(id: string, reason: RejectReason, shownMs: number): void;
}

export interface Offer {
  id: string;
  document: string;
  /** UTF-16 offset of the caret in the document. */
  offset: number;
  /** The part of the inserted text that stands left of the caret already. */
  before: string;
  /** The part that is shown as ghost text. */
  completion: string;
}

interface Current {
  id: string;
  document: string;
  offset: number;
  before: string;
  rest: string;
  since: number;
}

// What editors insert in one edit when one key is pressed.
const AUTO_CLOSED = new Set(["()", "[]", "{}", "<>", '""', "''", "``"]);

export class SuggestionTracker {
  private current: Current | undefined;

  constructor(
    private readonly report: Reporter,
    private readonly now: () => number,
  ) {}

  get visible(): boolean {
    return this.current !== undefined;
  }

  /** The provider answered, and the caret is still where it was asked for. */
  offered(offer: Offer): void {
    const completion = sameLineEnds(offer.completion);
    const shown = this.current;
    if (shown && shown.document === offer.document && shown.offset === offer.offset && completion.startsWith(shown.rest)) {
      // The same ghost text, or more of it, while the person types through it: one suggestion, not two.
      Object.assign(shown, { id: offer.id, before: sameLineEnds(offer.before), rest: completion });
      return;
    }
    this.end("expired");
    this.current = {
      id: offer.id,
      document: offer.document,
      offset: offer.offset,
      before: sameLineEnds(offer.before),
      rest: completion,
      since: this.now(),
    };
    this.report.shown(offer.id);
  }

  /** The provider has nothing to offer any more. */
  withdrawn(): void {
    this.end("expired");
  }

  /** In `document`, `removed` units at `offset` gave way to `inserted`. */
  edited(document: string, offset: number, removed: number, inserted: string): void {
    const current = this.current;
    if (!current || current.document !== document) return;
    const added = addedAtCaret(current, offset, removed, sameLineEnds(inserted));
    if (added !== undefined && added === current.rest) {
      this.current = undefined; // in the text as a whole: when accepted, the item's own command tells the server
      return;
    }
    if (added !== undefined && AUTO_CLOSED.has(added) && current.rest.startsWith(added.charAt(0))) {
      this.advance(current, added.charAt(0), offset + 1); // one key: the caret stands between the two
      return;
    }
    if (added === undefined || !current.rest.startsWith(added)) {
      this.end("typed");
      return;
    }
    this.advance(current, added, offset + inserted.length);
    // A person types one character at a time; more at once is "accept next word" or "accept line".
    if (added.length > 1) this.report.partlyAccepted(current.id, current.before.length);
  }

  /** The caret is at `offset` of `document` now. */
  moved(document: string, offset: number): void {
    const current = this.current;
    if (current && (current.document !== document || current.offset !== offset)) this.end("moved");
  }

  /** Escape. */
  dismissed(): void {
    this.end("explicit");
  }

  /** The editor went out of sight, or the server went away. */
  expired(): void {
    this.end("expired");
  }

  private advance(current: Current, added: string, caret: number): void {
    current.before += added;
    current.rest = current.rest.slice(added.length);
    current.offset = caret;
  }

  private end(reason: RejectReason): void {
    const current = this.current;
    if (!current) return;
    this.current = undefined;
    this.report.rejected(current.id, reason, Math.max(0, this.now() - current.since));
  }
}

/** What an edit adds at the caret; undefined for any other edit. */
function addedAtCaret(current: Current, offset: number, removed: number, inserted: string): string | undefined {
  if (!removed) return offset === current.offset && inserted ? inserted : undefined;
  // Accepting may replace the start of the line with itself and more.
  const replaced = current.before.slice(-removed);
  const endsAtCaret = offset + removed === current.offset && replaced.length === removed;
  return endsAtCaret && inserted.length > removed && inserted.startsWith(replaced) ? inserted.slice(removed) : undefined;
}

function sameLineEnds(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
