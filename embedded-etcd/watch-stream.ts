// One client's watch stream: its watchers, and which response comes next.
//
// A watcher is a cursor on the history, and responses are made when the client
// is ready for one. So catching up and following are the same thing, a slow
// client costs no memory, and one that is overtaken by a compaction is told so.

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Event, Event_EventType, EventSchema } from "../gen/etcd/kv_pb.ts";
import {
  WatchCreateRequest_FilterType as FilterType,
  type WatchCreateRequest,
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from "../gen/etcd/rpc_pb.ts";
import type { KeySpace } from "./key-space.ts";
import { isInRange, type KeyRange, toKeyRange } from "./keys.ts";

/** The id in responses that belong to no watcher. */
const NO_WATCHER = -1n;

/** A response has the events of at most this many revisions; as in etcd. */
const MAX_REVISIONS_PER_RESPONSE = 1000;

interface Watcher {
  readonly id: bigint;
  readonly range: KeyRange;
  readonly skipsPuts: boolean;
  readonly skipsDeletes: boolean;
  readonly wantsPrevious: boolean;
  readonly wantsProgress: boolean;
  /** The first revision it has not seen. */
  nextRevision: bigint;
  /** It was overtaken by a compaction and gets nothing more. */
  isCompacted: boolean;
  /** It got events since the last notifyProgress(). */
  isBusy: boolean;
}

/**
 * The watchers of a stream. Headers carry only the revision.
 */
export class WatchStream {
  readonly #keySpace: KeySpace;
  readonly #watchers = new Map<bigint, Watcher>();
  /** Answers to requests; they go before events. */
  readonly #answers: WatchResponse[] = [];
  #nextId = 0n;
  #isProgressRequested = false;

  constructor(keySpace: KeySpace) {
    this.#keySpace = keySpace;
  }

  /**
   * Take a request of the client.
   */
  handle({ requestUnion: request }: WatchRequest): void {
    switch (request.case) {
      case "createRequest":
        this.#answers.push(this.#create(request.value));
        break;
      case "cancelRequest":
        // An unknown id gets no answer.
        if (!this.#watchers.delete(request.value.watchId)) break;
        this.#answers.push(
          this.#respond(request.value.watchId, { canceled: true }),
        );
        break;
      case "progressRequest":
        this.#isProgressRequested = true;
        break;
    }
  }

  /**
   * The next response to send; undefined if there is nothing to say for now.
   */
  poll(): WatchResponse | undefined {
    const answer = this.#answers.shift();
    if (answer !== undefined) return answer;
    for (const watcher of this.#watchers.values()) {
      const response = this.#advance(watcher);
      if (response === undefined) continue;
      // To the end of the line, so that a busy watcher does not starve others.
      this.#watchers.delete(watcher.id);
      this.#watchers.set(watcher.id, watcher);
      return response;
    }
    if (!this.#isProgressRequested) return undefined;
    this.#isProgressRequested = false;
    return this.#respond(NO_WATCHER, {});
  }

  /**
   * Tell idle watchers that asked for it which revision they are at. To be
   * called now and then.
   */
  notifyProgress(): void {
    for (const watcher of this.#watchers.values()) {
      const isIdle =
        !watcher.isBusy && watcher.nextRevision > this.#keySpace.revision;
      watcher.isBusy = false;
      if (watcher.wantsProgress && isIdle && !watcher.isCompacted) {
        this.#answers.push(this.#respond(watcher.id, {}));
      }
    }
  }

  #create(request: WatchCreateRequest): WatchResponse {
    const refuse = (cancelReason: string) =>
      this.#respond(NO_WATCHER, {
        created: true,
        canceled: true,
        cancelReason,
      });
    const range = watchedRange(request);
    if (range.to !== undefined && range.from >= range.to) {
      return refuse("mvcc: watcher range is empty");
    }
    if (request.watchId !== 0n && this.#watchers.has(request.watchId)) {
      return refuse("mvcc: duplicate watch ID provided on the WatchStream");
    }
    const id = request.watchId === 0n ? this.#freeId() : request.watchId;
    this.#watchers.set(id, {
      id,
      range,
      skipsPuts: request.filters.includes(FilterType.Noput),
      skipsDeletes: request.filters.includes(FilterType.Nodelete),
      wantsPrevious: request.prevKv,
      wantsProgress: request.progressNotify,
      nextRevision:
        request.startRevision === 0n
          ? this.#keySpace.revision + 1n
          : request.startRevision,
      isCompacted: false,
      isBusy: false,
    });
    return this.#respond(id, { created: true });
  }

  #freeId(): bigint {
    while (this.#watchers.has(this.#nextId)) this.#nextId += 1n;
    return this.#nextId++;
  }

  /** Move a watcher on, to the next revision with events for it or to the end. */
  #advance(watcher: Watcher): WatchResponse | undefined {
    const { revision, compactRevision, historyStart } = this.#keySpace;
    if (watcher.isCompacted || watcher.nextRevision > revision)
      return undefined;
    if (watcher.nextRevision < compactRevision) {
      watcher.isCompacted = true;
      const response = { canceled: true, compactRevision };
      return this.#respond(watcher.id, response, 0n);
    }
    if (watcher.nextRevision < historyStart) {
      watcher.nextRevision = historyStart;
    }
    const events: Event[] = [];
    let revisions = 0;
    while (
      watcher.nextRevision <= revision &&
      revisions < MAX_REVISIONS_PER_RESPONSE
    ) {
      const found = this.#eventsAt(watcher.nextRevision, watcher);
      watcher.nextRevision += 1n;
      if (found.length === 0) continue;
      events.push(...found);
      revisions++;
    }
    if (events.length === 0) return undefined;
    watcher.isBusy = true;
    return this.#respond(watcher.id, { events });
  }

  #eventsAt(revision: bigint, watcher: Watcher): Event[] {
    return this.#keySpace
      .changesAt(revision)
      .filter(
        ({ key, deleted }) =>
          isInRange(key, watcher.range) &&
          !(deleted ? watcher.skipsDeletes : watcher.skipsPuts),
      )
      .map(({ key, kv, deleted }) => {
        // None if that is compacted, or if the key was created: also when it was
        // deleted in the same revision.
        const previous =
          watcher.wantsPrevious && kv.createRevision !== revision
            ? this.#keySpace.get(key, revision - 1n)
            : undefined;
        return create(EventSchema, {
          type: deleted ? Event_EventType.Delete : Event_EventType.Put,
          kv,
          ...(previous !== undefined && { prevKv: previous }),
        });
      });
  }

  #respond(
    watchId: bigint,
    fields: Pick<
      MessageInitShape<typeof WatchResponseSchema>,
      "created" | "canceled" | "cancelReason" | "compactRevision" | "events"
    >,
    revision = this.#keySpace.revision,
  ): WatchResponse {
    const header = { revision };
    return create(WatchResponseSchema, { ...fields, watchId, header });
  }
}

/** No key means the smallest there can be, which is one byte 0. */
function watchedRange({ key, rangeEnd }: WatchCreateRequest): KeyRange {
  return toKeyRange(key.length === 0 ? Uint8Array.of(0) : key, rangeEnd);
}
