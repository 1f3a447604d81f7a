import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenSettings, type Inspected } from "../src/chosen";

function source(values: Record<string, { value: unknown; inspected?: Inspected }>) {
  return { get: (key: string) => values[key]?.value, inspect: (key: string) => values[key]?.inspected };
}

test("only what somebody chose is sent, nested by its dots", () => {
  const settings = source({
    "completion.enable": { value: true, inspected: {} },
    "completion.delayMs": { value: 80, inspected: { globalValue: 80 } },
    "completion.languages": { value: { "*": true, latex: false }, inspected: { workspaceValue: { latex: false } } },
    "model.id": { value: "", inspected: { globalValue: "" } },
    logLevel: { value: "debug", inspected: { workspaceFolderValue: "debug" } },
    gone: { value: 1 },
  });
  const keys = ["completion.enable", "completion.delayMs", "completion.languages", "model.id", "logLevel", "gone"];
  assert.deepEqual(chosenSettings(keys, settings), {
    completion: { delayMs: 80, languages: { "*": true, latex: false } },
    model: { id: "" },
    logLevel: "debug",
  });
});
