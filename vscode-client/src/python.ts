// Which Python creates the managed environment. Pure parts apart from the process calls.

export const MIN_PYTHON: readonly [number, number] = [3, 11];

/** Commands to try in order; each is an executable with its first arguments. */
export function pythonCandidates(configured: string, platform: NodeJS.Platform): string[][] {
  if (configured) return [[configured]];
  const named = ["python3.13", "python3.12", "python3.11", "python3", "python"].map((name) => [name]);
  return platform === "win32" ? [["py", "-3"], ["python"], ["python3"]] : named;
}

/** `Python 3.11.7` → [3, 11]; undefined for anything else. */
export function parseVersion(output: string): [number, number] | undefined {
  const match = /^Python (\d+)\.(\d+)/m.exec(output);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

export function isNewEnough(version: readonly [number, number]): boolean {
  return version[0] > MIN_PYTHON[0] || (version[0] === MIN_PYTHON[0] && version[1] >= MIN_PYTHON[1]);
}

/** The interpreter of a virtual environment. */
export function interpreterOf(environment: string, platform: NodeJS.Platform): string {
  return platform === "win32" ? `${environment}\\Scripts\\python.exe` : `${environment}/bin/python`;
}
