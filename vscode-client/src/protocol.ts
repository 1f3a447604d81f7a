// The messages between this client and the server that the LSP standard does not have.

export type ServerState = "starting" | "ready" | "thinking" | "quiet" | "degraded";

/** `hunch/status`, server to client. */
export interface ServerStatus {
  state: ServerState;
  detail: string;
  model: string;
  recording?: Recording;
}

/** What may be recorded here, and whether the person was never asked. */
export interface Recording {
  level: "off" | "metadata" | "structure" | "text";
  ask: boolean;
}

/** `hunch/consent`, client to server. */
export interface ConsentAnswer {
  answer: "on" | "off" | "delete" | "asked";
  level: "metadata" | "structure" | "text";
  scope: "workspace" | "everywhere";
}

/** The answer to `hunch/why`: the last decision at a position or on its line. */
export interface Decision {
  summary: string;
  asked: boolean;
  shown: boolean;
  reason: string;
  factors: { name: string; value: number | string | null; note: string }[];
  knob: { setting: string; value: unknown; hint: string } | null;
  timing_ms?: Record<string, number>;
  tokens?: Record<string, number>;
}

export type RejectReason = "explicit" | "typed" | "moved" | "expired";

export const STATUS = "hunch/status";
export const WHY = "hunch/why";
export const EVENT = "hunch/event";
export const CONSENT = "hunch/consent";
export const REPORT = "hunch/report";
export const SHOWN = "textDocument/didShowCompletion";
export const PARTLY_ACCEPTED = "textDocument/didPartiallyAcceptCompletion";
export const REJECTED = "hunch/didRejectCompletion";
/** The command every item carries; its first argument is the suggestion's id. */
export const DID_ACCEPT = "hunch.didAccept";
