// Which Python creates the managed environment, and what a failed installation means. Pure.

export const MIN_PYTHON: readonly [number, number] = [3, 11];

/** Commands to try in order; each is an executable with its first arguments. */
export function pythonCandidates(configured: string, platform: NodeJS.Platform): string[][] {
  if (configured) return [[configured]];
  if (platform === "win32") return [["py", "-3"], ["python"], ["python3"]];
  return ["python3", "python", "python3.14", "python3.13", "python3.12", "python3.11"].map((name) => [name]);
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

const COMPILER: Partial<Record<NodeJS.Platform, string>> = {
  win32: "install the Visual Studio Build Tools with C++",
  darwin: "run xcode-select --install",
  linux: "install a C++ compiler (Debian, Ubuntu: apt install build-essential)",
};

/** One line with a next step, from what pip printed when it failed. */
export function installFailure(output: string, platform: NodeJS.Platform): string {
  if (/No space left on device|ENOSPC|not enough space/i.test(output)) return "the disk is full";
  // The compiler comes before the network: a failed build prints everything else as well.
  if (/CMAKE_C(XX)?_COMPILER|No CMAKE_\w+_COMPILER|compiler.*not found|vcvarsall|Failed building wheel for llama/i.test(output)) {
    return `llama.cpp could not be compiled: ${COMPILER[platform] ?? "install a C++ compiler"}, then restart the server`;
  }
  if (/NewConnectionError|Temporary failure in name resolution|getaddrinfo|timed out|ProxyError|SSLError/i.test(output)) {
    return "the package index could not be reached: check the network or pip's settings, then restart the server";
  }
  return "its packages could not be installed: the log has pip's own words";
}
