// What the editor tells of a person's work beyond LSP, as events for `hunch/event`. Pure: knows nothing of VS Code.
// Names and fields are those of `hunch_features.traces.events`; text is put in only at the level "text".

export type RecordingLevel = "off" | "metadata" | "structure" | "text";

/** One event; `at` is in ms since 1970, `workspace` the folder's path, `document` relative to it. */
export interface TraceEvent {
  kind: string;
  at: number;
  workspace?: string;
  document?: string;
  language?: string;
  [field: string]: unknown;
}

/** Where something happened. */
export interface Place {
  workspace: string;
  document: string;
  language: string;
}

export type MoveCause = "keyboard" | "mouse" | "command" | "unknown";

interface Caret {
  place: Place;
  line: number;
  column: number;
  moves: number;
  linesMoved: number;
  cause: MoveCause;
  selected: { line: number; column: number; endLine: number; endColumn: number; chars: number; text: string } | undefined;
}

export const MAX_TEXT = 2000;
const QUIET_MS = 400;
const AFTER_EDIT_MS = 60;

/** Puts caret moves together: a run of arrow keys is one event, a selection being drawn is one event. */
export class CaretWatch {
  private pending: Caret | undefined;
  private last: { document: string; line: number } | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private editedAt = -AFTER_EDIT_MS;

  constructor(
    private readonly send: (event: TraceEvent) => void,
    private readonly withText: () => boolean,
    private readonly now: () => number = Date.now,
  ) {}

  /** The text changed: the caret moves with it, which is no move of its own. */
  edited(): void {
    this.editedAt = this.now();
  }

  moved(place: Place, line: number, column: number, cause: MoveCause, selected?: Caret["selected"]): void {
    if (!selected && this.now() - this.editedAt < AFTER_EDIT_MS) {
      this.last = { document: place.document, line };
      return;
    }
    if (this.pending && this.pending.place.document !== place.document) this.flush();
    const from = this.last?.document === place.document ? this.last.line : line;
    const caret = this.pending ?? { place, line, column, moves: 0, linesMoved: 0, cause, selected };
    caret.line = line;
    caret.column = column;
    caret.moves += 1;
    caret.linesMoved += Math.abs(line - from);
    caret.cause = cause;
    caret.selected = selected;
    this.pending = caret;
    this.last = { document: place.document, line };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), QUIET_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    const caret = this.pending;
    this.pending = undefined;
    if (!caret) return;
    const common = { at: this.now(), ...caret.place };
    if (caret.selected) {
      const { line, column, endLine, endColumn, chars, text } = caret.selected;
      this.send({
        kind: "selection",
        ...common,
        line,
        column,
        end_line: endLine,
        end_column: endColumn,
        chars,
        ...(this.withText() ? { text: text.slice(0, MAX_TEXT) } : {}),
      });
      return;
    }
    this.send({
      kind: "cursor",
      ...common,
      line: caret.line,
      column: caret.column,
      lines_moved: caret.linesMoved,
      moves: caret.moves,
      cause: caret.cause,
    });
  }
}

/** Numbers of problems per document; tells only changes. */
export class ProblemCounts {
  private readonly known = new Map<string, { errors: number; warnings: number }>();

  changed(document: string, errors: number, warnings: number): object | undefined {
    const before = this.known.get(document) ?? { errors: 0, warnings: 0 };
    if (before.errors === errors && before.warnings === warnings) return undefined;
    this.known.set(document, { errors, warnings });
    return { errors, warnings, errors_before: before.errors, warnings_before: before.warnings };
  }
}

/** The program of a command line, without its folder, as far as that is a plain word. */
export function programOf(commandLine: string): string {
  const words = commandLine.trim().split(/\s+/);
  const first = words.find((word) => !/^\w+=/.test(word)) ?? "";
  const name = first.split(/[\\/]/).pop() ?? "";
  return /^[A-Za-z0-9_.:+-]{1,64}$/.test(name) ? name : "";
}

/** What a terminal showed, without colours and moves of the caret; at most its last `MAX_TEXT` characters. */
export function plainOutput(raw: string): string {
  const steering = /\u001b(?:\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\[[0-9;?]*[ -/]*[@-~]|[@-_])|[\u0000-\u0008\u000b-\u001f]/g;
  return raw.replace(/\r\n/g, "\n").replace(steering, "").trimEnd().slice(-MAX_TEXT);
}

/** Which group of the event model a task belongs to. */
export function taskGroup(id: string | undefined, name: string): "build" | "test" | "lint" | "run" | "other" {
  if (id === "build" || id === "test") return id;
  if (/\b(test|tests|pytest|jest|vitest)\b/i.test(name)) return "test";
  if (/\b(lint|ruff|eslint|mypy|check)\b/i.test(name)) return "lint";
  if (/\b(build|compile|bundle)\b/i.test(name)) return "build";
  if (/\b(run|start|serve|dev)\b/i.test(name)) return "run";
  return "other";
}
