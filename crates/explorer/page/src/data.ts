// The report, out of the page's own text.

import type { Report } from "./report";

/** The text of a data block; packed ones are zlib in base64. */
async function block(id: string): Promise<string> {
  const element = document.getElementById(id);
  if (!element) return "";
  const text = element.textContent ?? "";
  if (element.dataset.packed !== "zlib") return text;
  const bytes = atob(text);
  const packed = new Uint8Array(bytes.length);
  for (let i = 0; i < packed.length; i++) packed[i] = bytes.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

/** The format that this page reads. */
const VERSION = 1;

export async function load(): Promise<{ report: Report; glossary: string }> {
  const report = JSON.parse(await block("report")) as Report;
  if (report.version !== VERSION) {
    throw new Error(`This page reads reports of version ${VERSION}; the report in it has version ${report.version}.`);
  }
  return { report, glossary: await block("glossary") };
}
