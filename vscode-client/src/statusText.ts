// What the status bar says. Pure, so that every state can be tested.

import type { ServerStatus } from "./protocol";

/** All the status bar depends on. `server` is undefined while no server runs. */
export interface Situation {
  server: ServerStatus | undefined;
  /** Why no server runs, where none does. */
  stopped: string;
  enabled: boolean;
  /** The language of the active editor, and whether completions are on for it. */
  language: { id: string; on: boolean } | undefined;
  snoozedUntilMs: number;
  nowMs: number;
}

export interface StatusText {
  state: "starting" | "ready" | "thinking" | "quiet" | "degraded" | "off" | "snoozed" | "stopped";
  text: string;
  /** One line of plain text for the tooltip and for screen readers. */
  sentence: string;
  detail: string;
  warning: boolean;
}

export function statusText(situation: Situation): StatusText {
  const { server, language, snoozedUntilMs, nowMs } = situation;
  const say = (
    state: StatusText["state"],
    icon: string,
    sentence: string,
    detail = server?.detail ?? "",
    warning = false,
  ): StatusText => ({
    state,
    text: `$(${icon}) ${state === "ready" || state === "thinking" || state === "starting" ? "Hunch" : `Hunch: ${state}`}`,
    sentence: `Hunch ${sentence}`,
    detail,
    warning,
  });

  if (!server) return say("stopped", "error", "is stopped", situation.stopped, true);
  if (!situation.enabled) return say("off", "circle-slash", "is switched off", "");
  if (snoozedUntilMs > nowMs) return say("snoozed", "bell-slash", `is snoozed until ${clock(snoozedUntilMs)}`, "");
  if (server.state === "degraded") return say("degraded", "warning", "has no working model", server.detail, true);
  if (server.state === "starting") return say("starting", "loading~spin", "is starting");
  if (language && !language.on) return say("off", "circle-slash", `is switched off for ${language.id}`, "");
  if (server.state === "quiet") return say("quiet", "mute", "is quiet");
  if (server.state === "thinking") return say("thinking", "loading~spin", "is thinking");
  return say("ready", "sparkle", "is ready");
}

function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}
