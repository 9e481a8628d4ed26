// Keeps the last snapshot in a file, so that a process can start while the
// registry is away.
//
// The file is JSON: what it is, its version, the prefix it is of, when it was
// written, and the records as the registry had them. It is replaced by rename,
// so that a reader sees a whole one, and readable by its owner only: addresses
// and metadata are nobody else's business.

import { readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { cacheFailures } from "./diagnostics.ts";

const FORMAT = "portolan-registry-snapshot";
const VERSION = 1;

/**
 * Options for createSnapshotCache().
 */
export interface SnapshotCacheOptions {
  /** The file. Its folder must exist. */
  readonly file: string;
  /** What the keys of the records begin with: another prefix, another file. */
  readonly prefix: string;
  /** The least time between two writes, in milliseconds. */
  readonly delayMs: number;
  /** The records to write, each as proto JSON. */
  readonly records: () => Iterable<string>;
}

/**
 * What a file holds.
 */
export interface CachedSnapshot {
  /** The records, as JSON. Whether each can be read is for the reader to see. */
  readonly records: readonly string[];
  /** How old the file is, in milliseconds, by the clock on the wall. */
  readonly ageMs: number;
}

/**
 * A snapshot on disk.
 */
export interface SnapshotCache {
  /**
   * Read it; undefined if there is none, or none that is understood, which is
   * published as a CacheFailure. Never throws. Blocks: it is meant for the start.
   */
  load(): CachedSnapshot | undefined;
  /** Write it soon. Never blocks, never throws; failures are published. */
  save(): void;
  /** Write what save() was called for, if that is not done yet. */
  close(): Promise<void>;
}

/**
 * Create a cache. Touches no file until it is asked to.
 */
export function createSnapshotCache(
  options: SnapshotCacheOptions,
): SnapshotCache {
  const { file, delayMs } = options;
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  function write(): void {
    timer = undefined;
    // One after the other: both use the same temporary file.
    writing = writing
      .then(() => replaceFile(file, toText(options)))
      .catch((cause) => report(file, "write", cause));
  }
  return {
    load: () => loadFile(options),
    save() {
      timer ??= setTimeout(write, delayMs).unref();
    },
    close() {
      if (timer !== undefined) {
        clearTimeout(timer);
        write();
      }
      return writing;
    },
  };
}

function toText({ prefix, records }: SnapshotCacheOptions): string {
  const savedAt = new Date().toISOString();
  const head = JSON.stringify({ format: FORMAT, version: VERSION });
  // The records are JSON already. One on a line, for people who look inside.
  const body = [...records()].join(",\n");
  return `${head.slice(0, -1)},"prefix":${JSON.stringify(prefix)},"savedAt":"${savedAt}","records":[\n${body}\n]}\n`;
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    // What is left of a crash may have another mode.
    await rm(temporary, { force: true });
    await writeFile(temporary, text, { mode: 0o600, flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

function loadFile(options: SnapshotCacheOptions): CachedSnapshot | undefined {
  const { file } = options;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    // The first start has none.
    const isMissing = cause instanceof Error && "code" in cause;
    if (!isMissing || cause.code !== "ENOENT") report(file, "read", cause);
    return undefined;
  }
  const found = parseCache(text, options.prefix);
  if (!(found instanceof Error)) return found;
  report(file, "read", found);
  return undefined;
}

function parseCache(text: string, prefix: string): CachedSnapshot | Error {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    return new Error("it is no JSON", { cause });
  }
  const found: Partial<Record<string, unknown>> =
    typeof content === "object" && content !== null ? { ...content } : {};
  if (found["format"] !== FORMAT) {
    return new Error("it is no snapshot of a registry");
  }
  if (found["version"] !== VERSION) {
    return new Error(`its version is ${found["version"]}, not ${VERSION}`);
  }
  if (found["prefix"] !== prefix) {
    return new Error(`it is of ${found["prefix"]}, not of ${prefix}`);
  }
  const { records, savedAt } = found;
  const savedAtMs = Date.parse(String(savedAt));
  if (!Array.isArray(records) || Number.isNaN(savedAtMs)) {
    return new Error("it is incomplete");
  }
  return {
    records: records.map((record) => JSON.stringify(record)),
    ageMs: Math.max(0, Date.now() - savedAtMs),
  };
}

function report(file: string, during: "read" | "write", cause: unknown): void {
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason = new Error(
    during === "read"
      ? `The registry cache ${file} is ignored: ${text}`
      : `The registry cache ${file} can't be written: ${text}`,
    { cause },
  );
  cacheFailures.publish({ file, during, reason });
}
