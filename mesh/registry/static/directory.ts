// The directory of instances that somebody wrote down, in a flag or in a file.
//
// Those of a file follow the file. While it is wrong or gone, the last good
// ones stay, marked stale.

import { readFileSync } from "node:fs";
import {
  errorMessage,
  type Instance,
  PortolanError,
} from "../../../core/index.ts";
import { registryFailures } from "../diagnostics.ts";
import { createSnapshotFeed, type SnapshotFeed } from "../feed.ts";
import type { Directory } from "../registry.ts";
import { type StaticEntry, toInstances } from "./entry.ts";
import { parseStaticFile } from "./file.ts";
import { followFile } from "./follow-file.ts";

/**
 * Where the instances of a static directory are written down.
 */
export type StaticSource =
  /** The records themselves. */
  | { readonly instances: readonly Instance[] }
  /** Services and their addresses, as parseStatic() returns them. */
  | { readonly entries: readonly StaticEntry[] }
  /**
   * A JSON file: an object of services and arrays of addresses, or an array of
   * instance records in proto JSON. It is read again whenever it changes.
   */
  | { readonly file: string };

/**
 * Create a directory that knows what its source says, and says so at once.
 *
 * Throws ERR_USAGE if a file is wrong or can't be read now. Later that is
 * published to `registryFailures`, and the snapshot is stale until it is right
 * again.
 */
export function createStaticDirectory(source: StaticSource): Directory {
  const feed = createSnapshotFeed();
  let stop = () => {};
  if ("file" in source) {
    feed.synced(readFileNow(source.file));
    stop = followInstances(source.file, feed);
  } else {
    feed.synced(
      "entries" in source ? toInstances(source.entries) : source.instances,
    );
  }
  const close = async () => stop();
  return {
    get snapshot() {
      return feed.snapshot;
    },
    subscribe: feed.subscribe,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function readFileNow(file: string): readonly Instance[] {
  try {
    const instances = parseStaticFile(readFileSync(file, "utf8"));
    if (instances instanceof Error) throw inFile(file, instances);
    return instances;
  } catch (cause) {
    throw new PortolanError("ERR_USAGE", errorMessage(cause), { cause });
  }
}

function followInstances(file: string, feed: SnapshotFeed): () => void {
  let reported: string | undefined;
  return followFile({
    file,
    onText(text) {
      const read = text instanceof Error ? text : parseStaticFile(text);
      if (!(read instanceof Error)) {
        reported = undefined;
        feed.synced(read);
        return;
      }
      const reason = inFile(file, read);
      feed.lost(reason);
      if (reason.message === reported) return;
      reported = reason.message;
      registryFailures.publish({ role: "directory", hosts: [file], reason });
    },
  });
}

function inFile(file: string, cause: Error): Error {
  // What the system says of a file names it already.
  return cause.message.includes(file)
    ? cause
    : new Error(`${file}: ${cause.message}`, { cause });
}
