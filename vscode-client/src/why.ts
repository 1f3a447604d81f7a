// "Why this / why nothing?": the server's last decision at the cursor, in one sentence, with all factors on request.

import * as vscode from "vscode";

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

export const SCHEME = "hunch-why";

export class WhyDocument implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private text = "";
  readonly uri = vscode.Uri.parse(`${SCHEME}:Hunch%20-%20why.md`);

  provideTextDocumentContent(): string {
    return this.text;
  }

  set(decision: Decision): void {
    this.text = describe(decision);
    this.changed.fire(this.uri);
  }

  dispose(): void {
    this.changed.dispose();
  }
}

export function describe(decision: Decision): string {
  const lines = [`# ${decision.summary}`, ""];
  if (decision.knob) {
    lines.push(`Changed by \`${decision.knob.setting}\` (now \`${JSON.stringify(decision.knob.value)}\`): ${decision.knob.hint}`, "");
  }
  if (decision.factors.length) {
    lines.push("| what weighed in | value | |", "|---|---|---|");
    for (const factor of decision.factors) {
      const value = typeof factor.value === "number" ? Number(factor.value.toFixed(3)) : (factor.value ?? "unknown");
      lines.push(`| ${factor.name.replaceAll("_", " ")} | ${value} | ${factor.note} |`);
    }
    lines.push("");
  }
  const timing = Object.entries(decision.timing_ms ?? {});
  if (timing.length) {
    lines.push("| stage | ms |", "|---|---|", ...timing.map(([stage, ms]) => `| ${stage} | ${ms.toFixed(1)} |`), "");
  }
  const tokens = decision.tokens ?? {};
  if (tokens.new || tokens.decoded) {
    lines.push(`${tokens.new} prompt tokens evaluated, ${tokens.reused} reused, ${tokens.decoded} generated.`, "");
  }
  return lines.join("\n");
}

export async function explain(decision: Decision | null, page: WhyDocument): Promise<void> {
  if (!decision) {
    void vscode.window.showInformationMessage("Hunch: no decision was made at the cursor yet. Type something there.");
    return;
  }
  const actions = decision.knob ? ["Details", "Change"] : ["Details"];
  const chosen = await vscode.window.showInformationMessage(`Hunch: ${decision.summary}`, ...actions);
  if (chosen === "Change" && decision.knob) {
    await vscode.commands.executeCommand("workbench.action.openSettings", decision.knob.setting);
  } else if (chosen === "Details") {
    page.set(decision);
    await vscode.commands.executeCommand("markdown.showPreview", page.uri);
  }
}
