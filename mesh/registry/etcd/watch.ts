// Watches a prefix, on a plain stream of etcd's API, until anything goes wrong.
//
// It never resumes: etcd3's own watcher does, and loses events (it takes the
// revision of a header for that of the last event it has delivered). Whoever
// watches lists again, then watches from there.

import type { Etcd3, IEvent, IWatchResponse } from "etcd3";
import { within } from "../within.ts";
import { cancelStream } from "./client.ts";
import { REQUEST_MS } from "./connection.ts";
import { type Listing, prefixEnd } from "./range.ts";

/**
 * Options for openWatch().
 */
export interface WatchOptions {
  /** Watch keys that begin so. ASCII, not empty. */
  readonly prefix: string;
  /** Deliver what happened after this list was made, by the same cluster. */
  readonly after: Pick<Listing, "revision" | "clusterId">;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Takes the changes, in order; those of one revision come together. */
  readonly onEvents: (events: readonly IEvent[]) => void;
}

/**
 * A watch that stands.
 */
export interface Watch {
  /** Rejects with the reason once the watch broke. Never resolves. */
  readonly broken: Promise<never>;
  /** End it: nothing is delivered any more, and `broken` stays as it is. */
  close(): void;
}

/**
 * Open a watch. Resolves once etcd has confirmed it; rejects if etcd refuses,
 * or does not answer in time.
 */
export async function openWatch(
  client: Etcd3["watchClient"],
  options: WatchOptions,
): Promise<Watch> {
  const { prefix, after, signal, onEvents } = options;
  const over = Promise.withResolvers<never>();
  const created = Promise.withResolvers<void>();
  // Either may settle with nobody waiting for it.
  over.promise.catch(() => {});
  let open = true;
  let heard = after;
  const stream = await client.watch();
  // These stay: a stream that is cancelled emits one more error.
  stream.on("error", over.reject);
  stream.on("end", () => over.reject(new Error("the watch ended")));
  stream.on("data", (response) => {
    if (!open || signal.aborted) return;
    try {
      heard = check(response, heard);
      if (response.created) created.resolve();
      if (response.events.length > 0) onEvents(response.events);
    } catch (error) {
      open = false;
      over.reject(error);
    }
  });
  const onAbort = () => over.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  function close(): void {
    open = false;
    signal.removeEventListener("abort", onAbort);
    cancelStream(stream);
  }
  try {
    stream.write({
      create_request: {
        key: Buffer.from(prefix),
        range_end: prefixEnd(prefix),
        start_revision: String(after.revision + 1n),
      },
    });
    await within(REQUEST_MS, Promise.race([created.promise, over.promise]));
  } catch (error) {
    close();
    throw error;
  }
  over.promise.catch(close);
  return { broken: over.promise, close };
}

// Returns what the next response must not fall behind.
function check(
  response: IWatchResponse,
  heard: WatchOptions["after"],
): WatchOptions["after"] {
  if (response.canceled) {
    throw new Error(
      response.compact_revision === "0"
        ? `the watch was cancelled: ${response.cancel_reason}`
        : `revisions before ${response.compact_revision} were compacted`,
    );
  }
  const clusterId = response.header.cluster_id;
  if (clusterId !== heard.clusterId) {
    throw new Error("another cluster answers");
  }
  // etcd came back without its data: it would stay silent until it has caught
  // up with the revision that is asked for.
  const revision = BigInt(response.header.revision);
  if (revision < heard.revision) throw new Error("the revision went back");
  return { clusterId, revision };
}
