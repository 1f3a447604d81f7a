// Which settings the server is told. Pure.

/** What VS Code's `inspect` tells of one setting, as far as it matters here. */
export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
  globalLanguageValue?: unknown;
  workspaceLanguageValue?: unknown;
  workspaceFolderLanguageValue?: unknown;
}

/** Where a setting can be read from; VS Code's configuration is one. */
export interface SettingsSource {
  get(key: string): unknown;
  inspect(key: string): Inspected | undefined;
}

/**
 * The settings that somebody chose, nested by their dots. Defaults are left out: for the server the editor outranks the
 * workspace's own `.hunch.toml`, and a default that nobody chose must not.
 */
export function chosenSettings(keys: readonly string[], source: SettingsSource): Record<string, unknown> {
  const chosen: Record<string, unknown> = {};
  for (const key of keys) {
    if (!isChosen(source.inspect(key))) continue;
    const parts = key.split(".");
    const last = parts.pop() as string;
    let table = chosen;
    for (const part of parts) table = (table[part] ??= {}) as Record<string, unknown>;
    table[last] = source.get(key);
  }
  return chosen;
}

function isChosen(inspected: Inspected | undefined): boolean {
  if (!inspected) return false;
  const places: (keyof Inspected)[] = [
    "globalValue",
    "workspaceValue",
    "workspaceFolderValue",
    "globalLanguageValue",
    "workspaceLanguageValue",
    "workspaceFolderLanguageValue",
  ];
  return places.some((place) => inspected[place] !== undefined);
}
