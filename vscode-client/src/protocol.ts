// The messages between this client and the server that the LSP standard does not have.

import type { Command, Position, WorkspaceEdit } from "vscode-languageserver-protocol";

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
  /** The last decision about offers, silence included. */
  offer?: { summary: string; activity: string } | null;
}

/** `hunch/offer`, server to client: something that the server offers unasked. */
export interface Offer {
  id: string;
  kind: string;
  title: string;
  why: string;
  confidence: number;
  expiresMs: number;
  uri?: string;
  position?: Position;
  edits?: WorkspaceEdit;
  command?: Command;
  /** What is wanted, where that is neither an edit nor showing a document. */
  action?: { name: string; path?: string; commit?: string; snippet?: string };
}

export type OfferOutcome = "accepted" | "dismissed" | "expired" | "notNow";

export type RejectReason = "explicit" | "typed" | "moved" | "expired";

export const STATUS = "hunch/status";
export const WHY = "hunch/why";
export const EVENT = "hunch/event";
export const MOVED_CURSOR = "hunch/didMoveCursor";
export const CONSENT = "hunch/consent";
export const OFFER = "hunch/offer";
export const OFFER_WITHDRAWN = "hunch/offerWithdrawn";
export const OFFER_OUTCOME = "hunch/offerOutcome";
/** The server's command that takes an offer without edits. */
export const TAKE_OFFER = "hunch.takeOffer";
export const REPORT = "hunch/report";
export const SHOWN = "textDocument/didShowCompletion";
export const PARTLY_ACCEPTED = "textDocument/didPartiallyAcceptCompletion";
export const REJECTED = "hunch/didRejectCompletion";
/** The command every item carries; its first argument is the suggestion's id. */
export const DID_ACCEPT = "hunch.didAccept";
