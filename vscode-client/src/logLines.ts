// The server writes its log to stderr; here each line finds its level again. Pure.

export type Level = "error" | "warn" | "info" | "debug";

const LINE = /^\d\d:\d\d:\d\d ([CEWID]) (.*)$/;
const LEVELS: Record<string, Level> = { C: "error", E: "error", W: "warn", I: "info", D: "debug" };

/** `12:00:00 W hunch_server.app: text` → warn, `hunch_server.app: text`; other lines belong to the line before. */
export function parseLogLine(line: string, previous: Level): { level: Level; text: string } {
  const match = LINE.exec(line);
  if (!match) return { level: previous, text: line };
  return { level: LEVELS[match[1] ?? ""] ?? "info", text: match[2] ?? "" };
}
