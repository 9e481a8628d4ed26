// The server that is attacked, as a process of its own: what it holds in memory
// and whether it still answers can be asked from outside. Its one argument is
// VictimOptions as JSON; it answers questions that come as messages.

import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import {
  createHeaderBlock,
  createListener,
  createServerConnection,
  edgeLimits,
  type HeaderBlock,
  resolveLimits,
  type ServerStream,
  type ServerStreamHandler,
} from "../../../wire/index.ts";
import type { Counts, Question, VictimOptions } from "./victim.ts";

const PIECE_BYTES = 16 << 10;

const options: VictimOptions = JSON.parse(process.argv[2] ?? "{}");
const limits = resolveLimits(edgeLimits, options.limits);
const held: ServerStream[] = [];
const counts: Counts = {
  ...{ connections: 0, openConnections: 0, requests: 0, openStreams: 0 },
  ...{ held: 0, bodyBytes: 0, endedBodies: 0, goodbyes: [], closedBy: {} },
};

/** Takes the body or leaves it, and counts how streams end. */
class Handler implements ServerStreamHandler {
  readonly #consumes: boolean;

  constructor(consumes: boolean) {
    this.#consumes = consumes;
    counts.openStreams++;
  }

  onData(stream: ServerStream, data: Buffer, endStream: boolean): void {
    counts.bodyBytes += data.length;
    if (this.#consumes) stream.consume(data.length);
    if (endStream) this.onEnd(stream);
  }

  onTrailers(stream: ServerStream): void {
    this.onEnd(stream);
  }

  onEnd(_stream: ServerStream): void {
    counts.endedBodies++;
  }

  onSent(_stream: ServerStream): void {}

  onClose(stream: ServerStream): void {
    const by = stream.closedBy ?? "unknown";
    counts.closedBy[by] = (counts.closedBy[by] ?? 0) + 1;
    counts.openStreams--;
    answerWaiting();
  }
}

/** Answers once the body is there. */
class Sink extends Handler {
  override onEnd(stream: ServerStream): void {
    super.onEnd(stream);
    answer(stream);
  }
}

/** Sends a body piece by piece, each when the one before has left. */
class Source extends Handler {
  #left: number;

  constructor(bytes: number) {
    super(true);
    this.#left = bytes;
  }

  override onSent(stream: ServerStream): void {
    while (!stream.closed && stream.queuedBytes === 0 && this.#left > 0) {
      const bytes = Math.min(this.#left, PIECE_BYTES);
      this.#left -= bytes;
      stream.write(Buffer.alloc(bytes, "x"), this.#left === 0);
    }
  }
}

/** What a path asks for: see Route in victim.ts. */
function onRequest(
  stream: ServerStream,
  headers: HeaderBlock,
  endStream: boolean,
): void {
  const [, route, argument] = (headers.path ?? "").split("/");
  if (route !== "ok") counts.requests++;
  if (route === "hold" || route === "held") {
    stream.handler = new Handler(false);
    if (route === "held") hold(stream);
  } else if (route === "sink") {
    const sink = new Sink(true);
    stream.handler = sink;
    if (endStream) sink.onEnd(stream);
  } else if (route === "bytes") {
    const source = new Source(Number(argument));
    stream.handler = source;
    stream.respond(createHeaderBlock([[":status", "200"]]));
    source.onSent(stream);
  } else {
    answer(stream); // and nobody counts: see Counts
  }
  answerWaiting();
}

function answer(stream: ServerStream): void {
  stream.respond(createHeaderBlock([[":status", "200"]]));
  stream.write(Buffer.from("ok"), true);
}

function hold(stream: ServerStream): void {
  stream.hold();
  held.push(stream);
  counts.held = held.length;
}

async function listen(): Promise<number> {
  if (options.listener !== undefined) {
    const listener = createListener({ limits, onRequest });
    const { port } = await listener.listen({ host: "0.0.0.0", port: 0 });
    return port;
  }
  const server = createServer({ noDelay: true }, (socket) => {
    counts.connections++;
    counts.openConnections++;
    socket.once("close", () => {
      counts.openConnections--;
      answerWaiting();
    });
    createServerConnection(socket, {
      limits,
      onRequest,
      onClose: (code, reason) => {
        counts.goodbyes.push({ code, reason });
      },
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  return (server.address() as AddressInfo).port;
}

let waiting: Question[] = [];

function onQuestion(question: Question): void {
  const { ask } = question;
  if (ask.kind === "until") {
    waiting.push(question);
    answerWaiting();
  } else if (ask.kind === "release") {
    for (const stream of held.splice(0, ask.count)) stream.release();
    counts.held = held.length;
    reply(question, held.length);
  } else if (ask.kind === "memory") {
    assert(globalThis.gc, "the victim needs --expose-gc");
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    reply(question, heapUsed + external);
  } else {
    reply(question, counts);
  }
}

/** Questions that wait for a number to be reached. */
function answerWaiting(): void {
  waiting = waiting.filter((question) => {
    const { ask } = question;
    if (ask.kind !== "until" || counts[ask.what] !== ask.value) return true;
    reply(question, counts);
    return false;
  });
}

function reply({ id }: Question, answer: unknown): void {
  process.send?.({ id, answer });
}

process.on("message", (message) => onQuestion(message as Question));
process.once("disconnect", () => process.exit());
process.send?.({ id: 0, answer: await listen() });
