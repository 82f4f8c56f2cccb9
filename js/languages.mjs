// Prints each language's strings as JSON, for the test that compares them. Strings with parameters
// get marks for them: <0>, <1>, …

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const { outputFiles } = await build({
  absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
  bundle: true,
  entryPoints: ["src/text/text.ts"],
  format: "esm",
  write: false,
});
const code = encodeURIComponent(outputFiles[0].text);
const { speak, text } = await import(`data:text/javascript,${code}`);

/** A placeholder for a text, a number or a list. */
function mark(_, index) {
  return Object.assign(new String(`<${index}>`), { join: () => `<${index}>` });
}

function told(entry) {
  if (typeof entry === "string") return entry;
  if (typeof entry === "function") return entry(...Array.from({ length: entry.length }, mark));
  return Object.fromEntries(Object.entries(entry).map(([name, each]) => [name, told(each)]));
}

const tables = ["en", "zh-CN"].map((language) => {
  speak(language);
  return [language, told(text)];
});
console.log(JSON.stringify(Object.fromEntries(tables)));
