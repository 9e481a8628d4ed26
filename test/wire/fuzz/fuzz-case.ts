// One connection, from its first byte to its last: an engine in one of its two
// roles, a peer that misbehaves, handlers with tempers. Whatever happens, all
// of it must end, be told once, and be free again.

import { setTimeout as sleep } from "node:timers/promises";
import {
  type ClientConnection,
  type Connection,
  createClientConnection,
  createServerConnection,
  createStats,
  type Limits,
  type WireStats,
} from "../../../wire/index.ts";
import { Random } from "../../support/random.ts";
import { PREFACE } from "../../support/raw-http2/frames.ts";
import { Ledger } from "./ledger.ts";
import { type Link, linkInMemory } from "./link.ts";
import { mutate } from "./mutations.ts";
import { LARGE_REQUEST, SMALL_REQUEST } from "./own-messages.ts";
import { Peer } from "./peer.ts";
import { randomLimits } from "./random-limits.ts";
import { checkSnapshot } from "./snapshot-checks.ts";
import { type Stage, StreamActor } from "./stream-actor.ts";

/** What the peer says: frames that may be broken, or anything. */
export type Kind = "server" | "client" | "noise";

/** A case that has been run. */
export interface Outcome {
  /** Frames that the peer sent. */
  readonly frames: number;
  readonly streams: number;
  /** The reason of the connection's end. */
  readonly reason: string;
  readonly faults: readonly string[];
}

/** In turns of the event loop: more than anything takes, fewer than a hang. */
const MAX_TURNS = 5_000;
/** How many cases are about time. */
const TIMED = 0.005;
const TICK_MS = 6;

/** Run the case that a seed stands for. */
export async function runCase(
  seed: number,
  kind: Kind,
  createLink?: (onBytes: (bytes: Buffer) => void) => Promise<Link>,
): Promise<Outcome> {
  const play = new FuzzCase(seed, kind);
  await play.begin(createLink);
  await play.run();
  return play.finish();
}

/** See runCase(). */
class FuzzCase implements Stage {
  readonly random: Random;
  readonly isServer: boolean;
  readonly isHonest: boolean;
  readonly actors = new Set<StreamActor>();
  readonly held: StreamActor[] = [];
  readonly #all: StreamActor[] = [];
  readonly #kind: Kind;
  readonly #faults: string[] = [];
  readonly #limits: Limits;
  readonly #stats: WireStats = createStats();
  readonly #ledger: Ledger;
  readonly #peer: Peer;
  readonly #mutationRatio: number;
  /** With time limits of some milliseconds, and time for them. */
  readonly #isTimed: boolean;
  #link: Link | undefined;
  #connection: Connection | undefined;
  #client: ClientConnection | undefined;
  #frames = 0;
  #closes = 0;
  #reason = "";

  constructor(seed: number, kind: Kind) {
    const random = new Random(seed);
    this.random = random;
    this.#kind = kind;
    this.isServer = kind === "server" || (kind === "noise" && seed % 2 === 0);
    this.#ledger = new Ledger(this.isServer, (message) => this.fault(message));
    this.#peer = new Peer(random, this.#ledger, this.isServer);
    this.#mutationRatio = random.pick([0, 0, 0, 0.002, 0.02, 0.2]);
    this.isHonest = kind !== "noise" && this.#mutationRatio === 0;
    this.#isTimed = random.chance(TIMED);
    this.#limits = randomLimits(random, this.#isTimed);
  }

  fault(message: string) {
    this.#faults.push(message);
  }

  endConnection() {
    if (this.random.chance(0.8)) this.#connection?.drain();
    else this.#connection?.close(this.random.below(14));
  }

  async begin(
    createLink = async (onBytes: (bytes: Buffer) => void) =>
      linkInMemory(onBytes),
  ) {
    const link = await createLink((bytes) => this.#ledger.received(bytes));
    this.#link = link;
    const keepalive = { intervalMs: TICK_MS, timeoutMs: 2 * TICK_MS };
    const options = {
      ...(this.#isTimed ? { keepalive } : {}),
      limits: this.#limits,
      stats: this.#stats,
      onClose: (_code: number, reason: string) => {
        this.#closes++;
        this.#reason = reason;
      },
    };
    if (this.isServer) {
      this.#connection = createServerConnection(link.socket, {
        ...options,
        onRequest: (stream, _headers, endStream) => {
          const actor = this.#newActor();
          stream.handler = actor;
          actor.begin(stream, endStream);
        },
      });
    } else {
      this.#client = createClientConnection(link.socket, {
        ...options,
        onAvailable: () => this.#request(),
        onGoaway: () => void (this.random.chance(0.1) && this.endConnection()),
      });
      this.#connection = this.#client;
    }
    // Reading begins with the next turn.
    await turn();
  }

  /** Let both sides do what they like for some turns. */
  async run() {
    const { random } = this;
    const bursts = 1 + random.below(30);
    if (this.isServer) this.#deliver(PREFACE);
    const isGreeted = this.#kind !== "noise" || random.chance(0.7);
    if (isGreeted) this.#send([this.#peer.greeting()]);
    for (let i = 0; i < bursts && this.#closes === 0; i++) {
      if (this.#kind === "noise") this.#deliver(this.#noise());
      else this.#burst();
      if (random.chance(0.1)) this.#link?.setReading(random.chance(0.7));
      if (!this.isServer) while (random.chance(0.6)) this.#request();
      for (const actor of [...this.actors]) actor.act();
      if (this.held.length > 0 && random.chance(0.1))
        this.held.shift()?.stream?.release();
      if (random.chance(0.01)) this.endConnection();
      if (random.chance(0.02)) this.#connection?.ping(() => {});
      if (this.#isTimed) await sleep(TICK_MS);
      if (random.chance(0.8)) await turn();
      this.#checkNow();
    }
  }

  /** The peer leaves: what is left has to end now. */
  async finish(): Promise<Outcome> {
    const link = this.#link;
    link?.leave(this.random.pick(["end", "end", "destroy", "error"]));
    link?.setReading(true);
    const begin = performance.now();
    for (let turns = 0; !this.#isOver(); turns++) {
      if (turns > MAX_TURNS && performance.now() - begin > 5_000) {
        this.fault("it does not end");
        break;
      }
      await turn();
    }
    for (const actor of this.held) actor.stream?.release();
    this.#checkEnd();
    return {
      frames: this.#frames,
      streams: this.#all.length,
      reason: this.#reason,
      faults: this.#faults,
    };
  }

  #isOver(): boolean {
    return this.#closes > 0 && this.#link?.socket.closed === true;
  }

  #newActor(): StreamActor {
    const actor = new StreamActor(this);
    this.#all.push(actor);
    return actor;
  }

  #request() {
    const actor = this.#newActor();
    const block = this.random.chance(0.98) ? SMALL_REQUEST : LARGE_REQUEST;
    const endStream = this.random.chance(0.3);
    const stream = this.#client?.request(block, endStream, actor);
    if (stream === undefined) this.#all.pop();
    else actor.begin(stream, false);
  }

  #burst() {
    const frames: Buffer[] = [];
    const count = 1 + this.random.below(25);
    for (let i = 0; i < count; i++) frames.push(...this.#peer.next());
    this.#send(frames);
  }

  #send(frames: readonly Buffer[]) {
    const mutated = mutate(this.random, frames, this.#mutationRatio);
    this.#frames += mutated.length;
    const bytes = Buffer.concat(mutated);
    this.#ledger.sent(bytes);
    this.#deliver(bytes);
  }

  /** In pieces of any size. */
  #deliver(bytes: Buffer) {
    const { random } = this;
    const most = random.pick([bytes.length, bytes.length, 100, 10, 1]);
    let at = 0;
    // Byte by byte only so far: it is a hundred times slower.
    const stop = Math.min(bytes.length, 2_000);
    while (at < stop && most < bytes.length) {
      const to = at + 1 + random.below(most);
      this.#link?.deliver(bytes.subarray(at, to));
      at = to;
    }
    if (at < bytes.length) this.#link?.deliver(bytes.subarray(at));
  }

  /** Random bytes, as they are or dressed as frames. */
  #noise(): Buffer {
    const { random } = this;
    const bytes = random.bytes(random.below(300));
    this.#frames++;
    if (bytes.length >= 9 && random.chance(0.8)) {
      bytes.writeUIntBE(bytes.length - 9, 0, 3);
      bytes[3] = random.below(11);
      bytes.writeUInt32BE(random.below(8), 5);
    }
    this.#ledger.sent(bytes);
    return bytes;
  }

  /** What must hold at any time. */
  #checkNow() {
    const snapshot = this.#connection?.snapshot();
    if (snapshot === undefined || snapshot.state === "closed") return;
    checkSnapshot(snapshot, this.#limits, (message) => this.fault(message));
    const { length } = snapshot.openStreams;
    if (this.#stats.openStreams !== length)
      this.fault("the count of open streams is wrong");
    if (length < this.actors.size)
      this.fault(`${this.actors.size} handlers of ${length} streams`);
  }

  /** What must hold afterwards. */
  #checkEnd() {
    if (this.#closes !== 1) this.fault(`onClose of all: ${this.#closes} times`);
    const { openStreams, openConnections } = this.#stats;
    if (openStreams !== 0) this.fault(`${openStreams} streams are left`);
    if (openConnections !== 0)
      this.fault(`${openConnections} connections left`);
    for (const actor of this.#all) this.#checkActor(actor);
    const snapshot = this.#connection?.snapshot();
    if (snapshot?.state !== "closed") this.fault(`state ${snapshot?.state}`);
    if (snapshot?.slots !== 0) this.fault(`${snapshot?.slots} slots are left`);
    if (snapshot?.openStreams.length !== 0) this.fault("streams are left");
  }

  #checkActor({ closes, stream, writtenBytes }: StreamActor) {
    if (closes !== 1) this.fault(`onClose of ${stream?.id}: ${closes} times`);
    const book = this.#ledger.streams.get(stream?.id ?? 0);
    // Nobody sends a body with the answer to HEAD.
    if (book?.hasEnded !== true || (this.isServer && stream?.isHead)) return;
    if (book.bodyBytes !== writtenBytes)
      this.fault(`${book.bodyBytes} bytes of ${writtenBytes} on ${book.id}`);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
