// Watches a prefix, on a plain stream of etcd's API, until anything goes wrong.
//
// It never resumes: etcd3's own watcher does, and loses events (it takes the
// revision of a header for that of the last event it has delivered). Whoever
// watches lists again, then watches from there.

import type { Etcd3, IEvent, IWatchResponse } from "etcd3";
import { within } from "../within.ts";
import { REQUEST_MS } from "./connection.ts";
import { prefixEnd } from "./range.ts";

/**
 * Options for watchPrefix().
 */
export interface WatchOptions {
  /** Watch keys that begin so. ASCII, not empty. */
  readonly prefix: string;
  /** Deliver what happened after this revision. */
  readonly afterRevision: bigint;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Takes the changes, in order; those of one revision come together. */
  readonly onEvents: (events: readonly IEvent[]) => void;
}

/**
 * Watch until the watch breaks, then reject with the reason. Never resolves.
 */
export async function watchPrefix(
  client: Etcd3["watchClient"],
  options: WatchOptions,
): Promise<never> {
  const { prefix, afterRevision, signal, onEvents } = options;
  const over = Promise.withResolvers<never>();
  const created = Promise.withResolvers<void>();
  // Either may settle with nobody waiting for it.
  over.promise.catch(() => {});
  let open = true;
  const stream = await client.watch();
  // These stay: a stream that is cancelled emits one more error.
  stream.on("error", over.reject);
  stream.on("end", () => over.reject(new Error("the watch ended")));
  stream.on("data", (response) => {
    if (!open || signal.aborted) return;
    try {
      check(response, afterRevision);
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
  try {
    stream.write({
      create_request: {
        key: Buffer.from(prefix),
        range_end: prefixEnd(prefix),
        start_revision: String(afterRevision + 1n),
      },
    });
    await within(REQUEST_MS, Promise.race([created.promise, over.promise]));
    return await over.promise;
  } finally {
    open = false;
    signal.removeEventListener("abort", onAbort);
    stream.cancel();
  }
}

function check(response: IWatchResponse, afterRevision: bigint): void {
  if (response.canceled) {
    throw new Error(
      response.compact_revision === "0"
        ? `the watch was cancelled: ${response.cancel_reason}`
        : `revisions before ${response.compact_revision} were compacted`,
    );
  }
  // etcd came back without its data: it would stay silent until it has caught
  // up with the revision that is asked for.
  if (BigInt(response.header.revision) < afterRevision) {
    throw new Error("the revision went back");
  }
}
