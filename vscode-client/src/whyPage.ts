// The page behind "Why this / why nothing?", as Markdown. Pure.

import type { Decision } from "./protocol";

export function whyPage(decision: Decision): string {
  const lines = [`# ${plain(decision.summary)}`, ""];
  if (decision.knob) {
    const { setting, value, hint } = decision.knob;
    lines.push(`Changed by \`${setting}\`, which is \`${JSON.stringify(value)}\` now. ${plain(hint)}`, "");
  }
  const factors = decision.factors.map(({ name, value, note }) => [name.replaceAll("_", " "), number(value), note]);
  lines.push(...table(["Factor", "Value", "Meaning"], factors));
  const stages = Object.entries(decision.timing_ms ?? {});
  lines.push(...table(["Time spent", "ms"], stages.map(([stage, ms]) => [stage, ms.toFixed(1)])));
  const { new: evaluated = 0, reused = 0, decoded = 0 } = decision.tokens ?? {};
  if (evaluated || decoded) {
    lines.push(`The model read ${evaluated} new tokens, knew ${reused} already, and wrote ${decoded}.`, "");
  }
  if (decision.offer) {
    const { summary, activity } = decision.offer;
    lines.push("## Offers", "", plain(summary), ...(activity ? [`You seemed to be ${plain(activity)}.`] : []), "");
  }
  return lines.join("\n");
}

function table(head: string[], rows: string[][]): string[] {
  if (!rows.length) return [];
  const line = (cells: string[]): string => `| ${cells.map(plain).join(" | ")} |`;
  return [line(head), `|${head.map(() => "---").join("|")}|`, ...rows.map(line), ""];
}

function number(value: number | string | null): string {
  if (value === null) return "unknown";
  return typeof value === "number" ? String(Number(value.toFixed(3))) : value;
}

/** Text of others in Markdown: no line breaks, and no character that Markdown gives a meaning. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_{}[\]<>|#]/g, "\\$&");
}
