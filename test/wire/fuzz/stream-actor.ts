// Whoever handles a stream, with a random temper: answers at once, in pieces,
// late or never, consumes or doesn't, resets, holds, ends with trailers, and
// meddles with other streams while it is being told something. It writes what
// the engine's contract allows: header block, body, then the end.
//
// And it watches the engine keep its side of the contract.

import type {
  HeaderBlock,
  Stream,
  StreamHandler,
} from "../../../wire/index.ts";
import type { Random } from "../../support/random.ts";
import { ANSWERS, INTERIM, LARGE_ANSWER, TRAILERS } from "./own-messages.ts";
import { bodyPiece, isBodyPiece } from "./pattern.ts";

/** What an actor needs of the case it plays in. */
export interface Stage {
  readonly random: Random;
  readonly isServer: boolean;
  /** The peer's frames arrive as it made them. */
  readonly isHonest: boolean;
  /** All streams that are open, and those that are held. */
  readonly actors: Set<StreamActor>;
  readonly held: StreamActor[];
  fault(message: string): void;
  /** End the connection, somehow. */
  endConnection(): void;
}

/** What it does next; each step may be the last. */
type Step = "inform" | "respond" | "write" | "writeLarge" | "end" | "trailers";

/** How the handler of one stream behaves. */
export class StreamActor implements StreamHandler {
  readonly #stage: Stage;
  readonly #steps: Step[];
  readonly #pace: "atOnce" | "turns" | "onSent" | "never";
  readonly #consumes: "atOnce" | "later" | "half" | "never";
  /** Closing it closes others: the chance of that. */
  readonly #meddles: number;
  stream: Stream | undefined;
  closes = 0;
  /** All that write() was given. */
  writtenBytes = 0;
  #receivedBytes = 0;
  #queuedBytes = 0;
  #unconsumedBytes = 0;
  #hasAnswer = false;
  #isPeerDone = false;

  constructor(stage: Stage) {
    const { random } = stage;
    this.#stage = stage;
    this.#steps = randomSteps(random, stage.isServer);
    this.#pace = random.pick(["atOnce", "atOnce", "turns", "onSent", "never"]);
    this.#consumes = random.pick([
      "atOnce",
      "atOnce",
      "later",
      "half",
      "never",
    ]);
    this.#meddles = random.chance(0.1) ? 0.5 : 0;
  }

  /** The stream is open. */
  begin(stream: Stream, peerEnded: boolean) {
    this.stream = stream;
    this.#isPeerDone = peerEnded;
    this.#stage.actors.add(this);
    if (this.#stage.random.chance(0.1)) {
      stream.hold();
      this.#stage.held.push(this);
    }
    if (this.#pace === "atOnce") while (this.#steps.length > 0) this.#step();
    else if (this.#pace === "onSent") this.#step();
  }

  /** A turn has passed. */
  act() {
    const { stream } = this;
    const { random } = this.#stage;
    if (stream === undefined) return;
    if (this.#consumes === "later") this.#consume(this.#unconsumedBytes);
    if (this.#pace !== "never" && random.chance(0.5)) this.#step();
    if (random.chance(0.01)) stream.reset(random.below(14));
    if (stream.localEnded && random.chance(0.2)) this.#useEnded(stream);
  }

  onInformation(_stream: Stream, headers: HeaderBlock) {
    this.#check("onInformation");
    if (this.#hasAnswer) this.#stage.fault("onInformation after onResponse");
    if (headers.status >= 200)
      this.#stage.fault("onInformation with an answer");
  }

  onResponse(_stream: Stream, _headers: HeaderBlock, endStream: boolean) {
    this.#check("onResponse");
    if (this.#hasAnswer) this.#stage.fault("a second onResponse");
    this.#hasAnswer = true;
    this.#isPeerDone = endStream;
    this.#meddle();
  }

  onData(stream: Stream, data: Buffer, endStream: boolean) {
    this.#check("onData");
    if (!this.#stage.isServer && !this.#hasAnswer)
      this.#stage.fault("onData before onResponse");
    if (data.length === 0 && !endStream) this.#stage.fault("onData of nothing");
    const { isHonest } = this.#stage;
    if (isHonest && !isBodyPiece(stream.id, this.#receivedBytes, data))
      this.#stage.fault(`wrong data on ${stream.id}`);
    this.#receivedBytes += data.length;
    this.#isPeerDone = endStream;
    this.#unconsumedBytes += data.length;
    if (this.#consumes === "atOnce") this.#consume(data.length);
    else if (this.#consumes === "half") this.#consume(data.length >> 1);
    this.#meddle();
  }

  onTrailers() {
    this.#check("onTrailers");
    this.#isPeerDone = true;
    this.#meddle();
  }

  onSent(stream: Stream, bytes: number) {
    if (this.closes > 0) this.#stage.fault("onSent after onClose");
    this.#queuedBytes -= bytes;
    if (bytes <= 0) this.#stage.fault("onSent of nothing");
    this.#checkQueue(stream);
    if (this.#pace === "onSent") this.#step();
    this.#meddle();
  }

  onClose(stream: Stream) {
    if (++this.closes > 1) this.#stage.fault(`a second onClose, ${stream.id}`);
    if (!stream.closed || stream.closedBy === undefined)
      this.#stage.fault("onClose of a stream that isn't closed");
    if (stream.queuedBytes !== 0) this.#stage.fault("closed with a queue");
    this.#stage.actors.delete(this);
    this.#meddle();
    if (this.#stage.random.chance(0.1)) this.#useClosed(stream);
  }

  /** The contract of everything that is told. */
  #check(what: string) {
    if (this.closes > 0) this.#stage.fault(`${what} after onClose`);
    if (this.#isPeerDone) this.#stage.fault(`${what} after the peer's end`);
  }

  #checkQueue(stream: Stream) {
    if (stream.queuedBytes !== this.#queuedBytes && !stream.closed)
      this.#stage.fault(
        `queuedBytes of ${stream.id} is ${stream.queuedBytes}, not ${this.#queuedBytes}`,
      );
  }

  #consume(bytes: number) {
    this.#unconsumedBytes -= bytes;
    this.stream?.consume(bytes);
  }

  #step() {
    const { stream } = this;
    const { random } = this.#stage;
    const step = this.#steps.shift();
    if (stream === undefined || stream.closed) return;
    switch (step) {
      case "inform":
        return stream.inform(INTERIM);
      case "respond":
        return stream.respond(
          random.chance(0.01) ? LARGE_ANSWER : random.pick(ANSWERS),
          this.#steps.length === 0,
        );
      case "write":
        return this.#write(random.below(200));
      case "writeLarge":
        return this.#write(random.below(300_000));
      case "end":
        return stream.end();
      case "trailers":
        return stream.end(TRAILERS);
      default:
        return;
    }
  }

  #write(length: number) {
    const { stream } = this;
    if (stream === undefined || stream.localEnded) return;
    const ends = this.#steps.length === 0;
    const piece = bodyPiece(stream.id, this.writtenBytes, length);
    const before = stream.queuedBytes;
    this.writtenBytes += length;
    const isSent = stream.write(
      this.#stage.random.chance(0.5) ? Buffer.from(piece) : piece,
      ends,
    );
    if (stream.closed) return;
    const queued = stream.queuedBytes - before;
    if (queued < 0 || queued > length)
      this.#stage.fault("write() queued amiss");
    if (isSent !== (stream.queuedBytes === 0))
      this.#stage.fault(`write() said ${isSent}, ${stream.queuedBytes} wait`);
    this.#queuedBytes = stream.queuedBytes;
  }

  /** Do something to somebody else, from within a callback. */
  #meddle() {
    const { random, actors } = this.#stage;
    if (this.#meddles === 0 || !random.chance(this.#meddles)) return;
    if (random.chance(0.02)) return this.#stage.endConnection();
    const others = [...actors];
    const other = others[random.below(others.length)];
    if (random.chance(0.5)) other?.stream?.reset(random.below(14));
    else other?.act();
  }

  /** Nor may that, once we said all. */
  #useEnded(stream: Stream) {
    stream.respond(ANSWERS[0]);
    stream.inform(INTERIM);
    stream.write(Buffer.alloc(10), true);
    stream.end(TRAILERS);
  }

  /** None of that may do anything. */
  #useClosed(stream: Stream) {
    stream.respond(ANSWERS[0]);
    stream.write(Buffer.alloc(10));
    stream.end(TRAILERS);
    stream.consume(10);
    stream.reset(0);
  }
}

function randomSteps(random: Random, isServer: boolean): Step[] {
  const steps: Step[] = [];
  if (isServer && random.chance(0.1)) steps.push("inform");
  if (isServer) steps.push("respond");
  steps.push(
    ...random.list<Step>(8, () =>
      random.chance(0.3) ? "writeLarge" : "write",
    ),
  );
  if (random.chance(0.5)) steps.push("trailers");
  else if (random.chance(0.6)) steps.push("end");
  return steps;
}
