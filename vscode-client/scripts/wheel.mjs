// Builds the Python wheel that travels inside the VSIX into wheel/. Only Hunch itself: what it needs is installed from
// the package index when the managed environment is created.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const client = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(client);
const target = join(client, "wheel");
const own = join(root, ".venv", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
const python = process.env.PYTHON ?? (existsSync(own) ? own : process.platform === "win32" ? "python" : "python3");

mkdirSync(target, { recursive: true });
for (const name of readdirSync(target)) rmSync(join(target, name));
const built = spawnSync(python, ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", target, root], {
  stdio: ["ignore", "inherit", "inherit"],
});
if (built.status !== 0) {
  console.error(`the wheel could not be built with ${python}`);
  process.exit(1);
}
console.log(readdirSync(target).join(" "));
