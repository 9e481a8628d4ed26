// Runs h2spec, which is a client that breaks the rules, against a server.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryDir } from "../../support/at-exit.ts";
import { startProgram } from "../../support/program.ts";
import type { CaseResult } from "./case-result.ts";

/** How long h2spec waits for an answer that does not come. */
const TIMEOUT_SECONDS = 2;

/**
 * Run all cases against the server on that port of the loopback address.
 * Rejects if h2spec ends without a report; that holds what it printed.
 */
export async function runServerCases(
  h2spec: string,
  port: number,
): Promise<CaseResult[]> {
  await using dir = await makeTemporaryDir("h2spec");
  const report = join(dir.path, "report.xml");
  await using program = startProgram({
    command: h2spec,
    args: [
      ...["--strict", "--host", "127.0.0.1", "--port", `${port}`],
      ...["--timeout", `${TIMEOUT_SECONDS}`, "--junit-report", report],
    ],
  });
  const code = await program.exited;
  const xml = await readFile(report, "utf8").catch(() => undefined);
  if (xml !== undefined) return parseReport(xml);
  const printed = program.lines.map(({ text }) => text).join("\n");
  throw new Error(`h2spec ended with ${code} and no report:\n${printed}`);
}

/**
 * Read h2spec's JUnit report. It is not quite XML: the text of a failure is
 * put in as it is.
 */
export function parseReport(xml: string): CaseResult[] {
  const results: CaseResult[] = [];
  const seen = new Map<string, number>();
  const cases =
    /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs;
  for (const [, section = "", title = "", inner = ""] of xml.matchAll(cases)) {
    const number = (seen.get(section) ?? 0) + 1;
    seen.set(section, number);
    const [, kind, detail = ""] =
      /<(failure|error|skipped)>(.*)<\/\1>/s.exec(inner) ?? [];
    results.push({
      name: `${section}/${number}: ${unescapeXml(title)}`,
      outcome:
        kind === undefined
          ? "passed"
          : kind === "skipped"
            ? "skipped"
            : "failed",
      detail: detail.trim(),
    });
  }
  return results;
}

function unescapeXml(text: string): string {
  return text
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}
