// Builds dist/shell.html: the page without its data, in one file. With --check it only says whether the committed one is up to date.
//
// The policy names the script and the style sheet by their hashes and allows nothing else, so no request can leave the page, and
// nothing that the report says can run.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const shell = `${here}dist/shell.html`;

async function bundle(entry) {
  const result = await build({
    entryPoints: [`${here}src/${entry}`],
    bundle: true,
    minify: true,
    format: "iife",
    target: ["es2022"],
    charset: "utf8",
    legalComments: "none",
    write: false,
    logLevel: "warning",
  });
  return result.outputFiles[0].text.trim();
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const script = await bundle("main.ts");
const style = await bundle("style.css");
if (script.includes("</script") || style.includes("</style")) throw new Error("the bundle would end its own element");
const policy = `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
const html = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title><!--title--></title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<noscript>This page shows a report and needs its script to do so.</noscript>
<!--data-->
<script>${script}</script>
</body>
</html>
`;

if (process.argv.includes("--check")) {
  if (readFileSync(shell, "utf8") !== html) {
    console.error("dist/shell.html is not what the sources build to: run `npm run build` in crates/explorer/page");
    process.exit(1);
  }
  console.log(`dist/shell.html is up to date: ${html.length} characters`);
} else {
  writeFileSync(shell, html);
  console.log(`dist/shell.html: ${html.length} characters`);
}
