// A peer that says whatever comes to its mind, mostly what it may say: it opens
// streams or answers them, keeps to windows, and acknowledges; now and then it
// does none of that. What it knows of the engine it has from the Ledger.

import type { Random } from "../../support/random.ts";
import {
  continuation,
  data,
  FrameType,
  frame,
  goaway,
  headers,
  ping,
  priority,
  rstStream,
  Setting,
  settings,
  settingsAck,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import type { Field } from "../../support/raw-http2/hpack.ts";
import { BlockMaker } from "./block-maker.ts";
import type { Ledger } from "./ledger.ts";
import {
  randomAnswer,
  randomInformation,
  randomRequest,
  randomTrailers,
} from "./messages.ts";
import { bodyPiece } from "./pattern.ts";

const MAX_DATA_BYTES = 16_384;
/** How often the peer does what it may not. */
const RUDE = 0.003;

const ACTS = [
  ["begin", 14],
  ["data", 22],
  ["finish", 8],
  ["grantStream", 10],
  ["grantConnection", 6],
  ["acknowledge", 10],
  ["settings", 2],
  ["ping", 2],
  ["pong", 6],
  ["reset", 4],
  ["priority", 1],
  ["unknown", 1],
  ["goaway", 0.1],
] as const;

type Act = (typeof ACTS)[number][0];

const TOTAL = ACTS.reduce((sum, [, weight]) => sum + weight, 0);

/** A stream as the peer sees it. */
interface PeerStream {
  readonly id: number;
  /** Its final header block is out. */
  hasBegun: boolean;
  hasEnded: boolean;
}

/** The peer of an engine in either role. */
export class Peer {
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #isClient: boolean;
  readonly #blocks: BlockMaker;
  #streams: PeerStream[] = [];
  #nextId = 1;
  #known = 0;

  constructor(random: Random, ledger: Ledger, isClient: boolean) {
    this.#random = random;
    this.#ledger = ledger;
    this.#isClient = isClient;
    this.#blocks = new BlockMaker(random);
  }

  /** The first frame. */
  greeting(): Buffer {
    return this.#settings();
  }

  /** The next frames. */
  next(): Buffer[] {
    let at = this.#random.next() * TOTAL;
    for (const [act, weight] of ACTS) {
      at -= weight;
      if (at < 0) return this.#do(act);
    }
    return [];
  }

  #do(act: Act): Buffer[] {
    const random = this.#random;
    const ledger = this.#ledger;
    switch (act) {
      case "begin":
        return this.#begin();
      case "data":
        return this.#data();
      case "finish":
        return this.#finish();
      case "grantStream":
        return this.#grantStream();
      case "grantConnection":
        return [windowUpdate(0, this.#increment())];
      case "acknowledge":
        if (ledger.unansweredSettings <= 0) return [];
        ledger.unansweredSettings--;
        return [settingsAck()];
      case "settings":
        return [this.#settings()];
      case "ping":
        return [ping(random.bytes(8))];
      case "pong": {
        const asked = ledger.pings.shift();
        return asked === undefined ? [] : [ping(asked, true)];
      }
      case "reset":
        return this.#reset();
      case "priority":
        return [priority(random.below(50) + 1, { dependsOn: 0 })];
      case "unknown":
        return [this.#unknown()];
      default:
        return [goaway(random.below(50), random.below(14))];
    }
  }

  #begin(): Buffer[] {
    const random = this.#random;
    let stream: PeerStream | undefined;
    let fields: readonly Field[];
    if (this.#isClient) {
      const isFull = this.#streams.length >= this.#ledger.maxStreams;
      if (isFull && !random.chance(0.05)) return [];
      stream = { id: this.#nextId, hasBegun: false, hasEnded: false };
      this.#nextId += random.chance(0.98) ? 2 : 2 * random.below(5) + 2;
      this.#streams.push(stream);
      fields = randomRequest(random);
    } else {
      stream = this.#pick(false);
      if (stream === undefined) return [];
      if (random.chance(0.1))
        return this.#headers(stream.id, randomInformation(random), false);
      fields = randomAnswer(random);
    }
    stream.hasBegun = true;
    stream.hasEnded = random.chance(0.3);
    return this.#headers(stream.id, fields, stream.hasEnded);
  }

  #data(): Buffer[] {
    const random = this.#random;
    const stream = this.#pick(true);
    if (stream === undefined) return [];
    const book = this.#ledger.book(stream.id);
    const { peerWindow, streamWindow } = this.#ledger;
    const left = streamWindow + book.creditedBytes - book.peerBodyBytes;
    const room = random.chance(RUDE)
      ? MAX_DATA_BYTES
      : Math.min(left, peerWindow, MAX_DATA_BYTES);
    const padBytes = random.chance(0.1) ? random.below(256) : undefined;
    const most = room - (padBytes === undefined ? 0 : padBytes + 1);
    if (most < 0) return [];
    const length = random.chance(0.5)
      ? Math.min(most, random.below(100))
      : random.below(most + 1);
    stream.hasEnded = random.chance(0.05);
    const bytes = bodyPiece(stream.id, book.peerContentBytes, length);
    book.peerContentBytes += length;
    return [data(stream.id, bytes, { endStream: stream.hasEnded, padBytes })];
  }

  #finish(): Buffer[] {
    const random = this.#random;
    const stream = this.#pick(true);
    if (stream === undefined) return [];
    stream.hasEnded = true;
    if (random.chance(0.5)) return [data(stream.id, "", { endStream: true })];
    const endStream = !random.chance(RUDE);
    return this.#headers(stream.id, randomTrailers(random), endStream);
  }

  #reset(): Buffer[] {
    const stream = this.#pick(this.#isClient || this.#random.chance(0.5));
    if (stream === undefined) return [];
    stream.hasEnded = true;
    return [rstStream(stream.id, this.#random.below(14))];
  }

  #headers(id: number, fields: readonly Field[], endStream: boolean): Buffer[] {
    const random = this.#random;
    const block = this.#blocks.make(fields);
    const cuts =
      block.length > 12_000 ? 6 : random.chance(0.1) ? random.below(4) : 0;
    const parts: Buffer[] = [];
    let at = 0;
    for (let i = 0; i < cuts; i++) {
      const most = Math.min(16_000, block.length - at);
      const to = at + (block.length > 12_000 ? most : random.below(most + 1));
      parts.push(block.subarray(at, to));
      at = to;
    }
    parts.push(block.subarray(at));
    return parts.map((part, i) => {
      const endHeaders = i === parts.length - 1;
      if (i > 0) return continuation(id, part, endHeaders);
      const padBytes =
        random.chance(0.1) && part.length < 16_000
          ? random.below(256)
          : undefined;
      const options = { endStream, endHeaders, padBytes };
      const weighs = random.chance(0.1) && part.length < 16_000;
      return headers(
        id,
        part,
        weighs ? { ...options, priority: { dependsOn: 0 } } : options,
      );
    });
  }

  #settings(): Buffer {
    const random = this.#random;
    return settings(
      ...random.list(4, () =>
        random.pick<readonly [number, number]>([
          [Setting.headerTableSize, random.pick([0, 100, 4_096, 65_536])],
          [
            Setting.initialWindowSize,
            random.pick([0, 1, 1_000, 65_535, 1 << 20]),
          ],
          [Setting.maxConcurrentStreams, random.below(50)],
          [Setting.maxFrameSize, 16_384 + random.below(1_000)],
          [Setting.maxHeaderListSize, random.below(100_000)],
          [random.below(60_000) + 20, random.below(1_000)],
        ]),
      ),
    );
  }

  #unknown(): Buffer {
    const random = this.#random;
    const payload = random.bytes(random.below(50));
    const parts = { type: 10 + random.below(246), flags: random.below(256) };
    if (parts.type <= FrameType.continuation) return Buffer.alloc(0);
    return frame({ ...parts, streamId: random.below(20), payload });
  }

  /** For any stream, mostly one that was not forgotten. */
  #grantStream(): Buffer[] {
    const id = this.#random.chance(RUDE)
      ? this.#random.below(100)
      : (this.#pick(true)?.id ?? this.#streams[0]?.id);
    const isIdle =
      this.#isClient &&
      !(this.#ledger.streams.get(id ?? 0)?.peerBegan ?? false);
    if (id === undefined || isIdle) return [];
    return [windowUpdate(id, this.#increment())];
  }

  #increment(): number {
    const random = this.#random;
    if (random.chance(RUDE)) return random.pick([0, 0x7fff_ffff]);
    return random.pick([1, 10, 1_000, 16_384, 65_535]) + random.below(100);
  }

  /** A stream that can go on, mostly. */
  #pick(hasBegun: boolean): PeerStream | undefined {
    const { began } = this.#ledger;
    for (; this.#known < began.length; this.#known++) {
      const id = began[this.#known] ?? 0;
      this.#streams.push({ id, hasBegun: false, hasEnded: false });
    }
    for (let tries = 0; tries < 4 && this.#streams.length > 0; tries++) {
      const at = this.#random.below(this.#streams.length);
      const stream = this.#streams[at];
      if (stream === undefined) return undefined;
      if (this.#random.chance(RUDE)) return stream;
      if (stream.hasEnded || this.#ledger.book(stream.id).hasReset) {
        // Streams that ended are forgotten, but not at once.
        if (this.#random.chance(0.5)) this.#streams.splice(at, 1);
      } else if (stream.hasBegun === hasBegun) {
        return stream;
      }
    }
    return undefined;
  }
}
