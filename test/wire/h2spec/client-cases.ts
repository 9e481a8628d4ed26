// Runs a client against h2specd, which is a server that breaks the rules: one
// port for each case, and a page that tells what became of them.

import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { startProgram } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import type { CaseResult } from "./case-result.ts";

/** How long h2specd waits for an answer that does not come. */
const TIMEOUT_SECONDS = 2;

// h2specd wants consecutive ports, more than test/support/ports.ts has in a
// row. These are below its blocks, and below what the system hands out.
const FIRST_PORT = 10_000;
const BLOCKS = 150;
const PORTS_PER_BLOCK = 66;

interface Case extends Omit<CaseResult, "outcome"> {
  readonly port: number;
  readonly outcome: CaseResult["outcome"] | undefined;
}

/**
 * Run all cases. `connect` sends one request, any, to that port of the loopback
 * address, and takes what comes until the connection ends.
 */
export async function runClientCases(
  h2specd: string,
  connect: (port: number) => AsyncDisposable,
): Promise<CaseResult[]> {
  await using block = await claimPorts();
  const { first } = block;
  const page = `http://127.0.0.1:${first}/report`;
  await using program = startProgram({
    command: h2specd,
    args: [
      ...["--strict", "--host", "127.0.0.1", "--port", `${first}`],
      ...["--from-port", `${first + 1}`, "--timeout", `${TIMEOUT_SECONDS}`],
    ],
  });
  await program.line(({ text }) => text.includes("Report server is listened"));
  const cases = await until("h2specd shows its page", () => fetchCases(page));
  await using connections = new AsyncDisposableStack();
  for (const { port } of cases) connections.use(connect(port));
  return await until("h2specd has a result for each case", async () => {
    const results = await fetchCases(page);
    return isComplete(results) ? results : undefined;
  });
}

function isComplete(cases: Case[] | undefined): cases is (Case & CaseResult)[] {
  return cases?.every(({ outcome }) => outcome !== undefined) ?? false;
}

async function fetchCases(page: string): Promise<Case[] | undefined> {
  // Refused until h2specd listens.
  const response = await fetch(page).catch(() => undefined);
  return response && parsePage(await response.text());
}

/** Read h2specd's page: a list of sections, cases, and details of failures. */
export function parsePage(html: string): Case[] {
  const cases: Case[] = [];
  let section = "";
  let number = 0;
  for (const [, attributes, text = ""] of html.matchAll(
    /<div( style[^>]*)?>(.*?)<\/div>/gs,
  )) {
    const found =
      /^<span[^>]*>(.*?)<\/span><a href="[^"]*:(\d+)\/".*<\/a>(.*)/s;
    const [, mark, port, title] = found.exec(text) ?? [];
    const last = cases.at(-1);
    if (port !== undefined) {
      number++;
      const name = `client/${section}/${number}: ${title}`;
      cases.push({
        name,
        port: Number(port),
        outcome: outcomeOf(mark),
        detail: "",
      });
    } else if (attributes !== undefined && last !== undefined) {
      const line = text.replaceAll("&nbsp;", " ").trim();
      cases[cases.length - 1] = { ...last, detail: `${last.detail}${line}\n` };
    } else {
      section = /^([\d.]+)\. /.exec(text)?.[1] ?? section;
      number = 0;
    }
  }
  return cases;
}

function outcomeOf(
  mark: string | undefined,
): CaseResult["outcome"] | undefined {
  if (mark === "✔") return "passed";
  return mark === "✖" ? "failed" : undefined;
}

/** Ports in a row; the first for h2specd's page. */
interface PortBlock extends AsyncDisposable {
  readonly first: number;
}

/** Nobody else who calls this takes them until it is disposed of. */
async function claimPorts(): Promise<PortBlock> {
  for (let i = 0; i < BLOCKS; i++) {
    const claimed = FIRST_PORT + ((process.pid + i) % BLOCKS) * PORTS_PER_BLOCK;
    const claim = await listen(claimed);
    if (claim === undefined) continue;
    const block = {
      first: claimed + 1,
      [Symbol.asyncDispose]: () => close(claim),
    };
    if (await areFree(claimed + 1, PORTS_PER_BLOCK - 1)) return block;
    await close(claim);
  }
  throw new Error("no ports in a row are free");
}

async function areFree(first: number, count: number): Promise<boolean> {
  const ports = Array.from({ length: count }, (_, i) => first + i);
  const servers = await Promise.all(ports.map(listen));
  await Promise.all(servers.map((server) => server && close(server)));
  return !servers.includes(undefined);
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

/** A server on that port, or undefined if it is taken. */
async function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}
