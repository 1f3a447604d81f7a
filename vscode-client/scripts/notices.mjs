// Writes dist/notices.txt: the licence of every package that esbuild put into dist/extension.js.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const client = dirname(dirname(fileURLToPath(import.meta.url)));
const { inputs } = JSON.parse(readFileSync(join(client, "dist", "meta.json"), "utf8"));
const packages = new Set();
for (const input of Object.keys(inputs)) {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (match) packages.add(match[1]);
}

const notices = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(client, folder, "package.json"), "utf8"));
  const file = readdirSync(join(client, folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  if (!file || !existsSync(join(client, folder, file))) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(client, folder, file), "utf8").trim()}\n`;
});
writeFileSync(join(client, "dist", "notices.txt"), `Packages inside extension.js\n\n${notices.join("\n---\n\n")}`);
