// The language client: how the server is started, what happens when it ends, and what is noticed of its ghostText.

import type * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  type StaticFeature,
} from "vscode-languageclient/node";
import type { GhostText } from "./ghostText";
import { type Level, parseLogLine } from "./logLines";
import { type Offer, OFFER, OFFER_WITHDRAWN, type ServerStatus, STATUS } from "./protocol";

const RESTARTS = 4;
const RESTART_WINDOW_MS = 3 * 60_000;

/** What the rest of the extension wants to hear of. */
export interface ClientEvents {
  /** Read each time the server starts. */
  settings(): Record<string, unknown>;
  status(status: ServerStatus): void;
  offer(offer: Offer): void;
  offerWithdrawn(id: string): void;
  /** The server ended by itself and is started again. */
  restarted(): void;
  /** The server ended by itself too often and stays down; one line for people. */
  gaveUp(why: string): void;
}

/** Tells the server that offers are shown here. */
const SHOWS_OFFERS: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...capabilities.experimental, hunch: { offers: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};

/** Its own errors go to the log only: whoever starts it says what matters, once. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** Starts `command` and waits until it answered `initialize`; throws when it cannot be started. */
export async function startClient(
  command: readonly string[],
  log: vscode.LogOutputChannel,
  ghostText: GhostText,
  settingsFiles: vscode.FileSystemWatcher,
  events: ClientEvents,
): Promise<LanguageClient> {
  const [program = "", ...args] = command;
  const crashes: number[] = [];
  let everRan = false;
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
    synchronize: { fileEvents: settingsFiles },
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: () => events.settings(),
    initializationFailedHandler: () => false,
    stdioOptions: { stdout: forward(log), stderr: forward(log) },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        ghostText.serverGone();
        // A server that never came up is the caller's to report.
        if (!everRan) return { action: CloseAction.DoNotRestart, handled: true };
        crashes.push(Date.now());
        const recent = crashes.filter((time) => Date.now() - time < RESTART_WINDOW_MS).length;
        if (recent <= RESTARTS) {
          events.restarted();
          return { action: CloseAction.Restart, handled: true };
        }
        const why = `the server ended ${recent} times within three minutes`;
        events.gaveUp(why);
        return { action: CloseAction.DoNotRestart, message: why, handled: true };
      },
    },
    middleware: {
      async provideInlineCompletionItems(document, position, context, token, next) {
        const answer = await next(document, position, context, token);
        const items = Array.isArray(answer) ? answer : (answer?.items ?? []);
        if (!token.isCancellationRequested) ghostText.answered(document, position, items[0]);
        return answer;
      },
    },
  };
  const client = new QuietClient("hunch", "Hunch", { command: program, args }, options);
  client.registerFeature(SHOWS_OFFERS);
  client.onNotification(STATUS, (status: ServerStatus) => events.status(status));
  client.onNotification(OFFER, (offer: Offer) => events.offer(offer));
  client.onNotification(OFFER_WITHDRAWN, (gone: { id: string }) => events.offerWithdrawn(gone.id));
  try {
    await client.start();
  } catch (error) {
    throw new Error(`the server did not start: ${startFailure(error, program)}`);
  }
  everRan = true;
  return client;
}

function startFailure(error: unknown, program: string): string {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("ENOENT")) return `${program} was not found`;
  if (/EPIPE|ECONNRESET|closed|disposed|cancelled/i.test(message)) return "it ended at once; its last words are in the log";
  return message;
}

function forward(log: vscode.LogOutputChannel): (input: NodeJS.ReadableStream) => void {
  return (input) => {
    let level: Level = "info";
    let rest = "";
    input.setEncoding("utf8");
    input.on("data", (data: string | Buffer) => {
      const lines = (rest + data.toString()).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const parsed = parseLogLine(line, level);
        level = parsed.level;
        log[level](parsed.text);
      }
    });
  };
}
