// Runs the browser tests, and says what is missing if they cannot run.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const browser = process.env.CHROMIUM ?? "/usr/bin/chromium";
if (!existsSync(browser)) {
  console.error(`The browser tests need Chromium, and there is none at ${browser}: install Debian's package chromium, or set CHROMIUM.`);
  process.exit(1);
}
const tests = fileURLToPath(new URL("page.test.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, ["--test", "--test-reporter=spec", tests], { stdio: "inherit" });
process.exit(status ?? 1);
