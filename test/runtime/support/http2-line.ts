// An HTTP/2 connection to one side, frame by frame. Heeds the other side's
// windows, and has large ones of its own.

import { setImmediate } from "node:timers/promises";
import { connectRaw, type RawClient } from "../../support/raw-http2/client.ts";
import { codeName } from "../../support/raw-http2/expectations.ts";
import {
  content,
  endsStream,
  errorCode,
  type Frame,
  firstWord,
  settingOf,
} from "../../support/raw-http2/frame-reader.ts";
import {
  Code,
  data,
  FrameType,
  headers,
  PREFACE,
  rstStream,
  Setting,
  settings,
  windowUpdate,
} from "../../support/raw-http2/frames.ts";
import {
  encodeFields,
  type Field,
  requestBlock,
} from "../../support/raw-http2/hpack.ts";
import type { Exchange, Line, Outcome, Request } from "./request.ts";

const DEFAULT_WINDOW_BYTES = 65_535;
const MAX_FRAME_BYTES = 16_384;
const LARGE_WINDOW_BYTES = 1 << 30;

/** Connect. */
export async function connectHttp2(port: number): Promise<Line> {
  const first = Buffer.concat([
    PREFACE,
    settings([Setting.initialWindowSize, LARGE_WINDOW_BYTES]),
    windowUpdate(0, LARGE_WINDOW_BYTES),
  ]);
  const client = await connectRaw({ port, first });
  // Its windows are known from here on.
  await client.frame("SETTINGS", ({ type }) => type === FrameType.settings);
  let nextId = 1;
  let sentBytes = 0;
  return {
    start(request) {
      const id = nextId;
      nextId += 2;
      const sender = new Sender(client, id, (bytes) => {
        sentBytes += bytes;
        return sentBytes;
      });
      return startOn(client, id, request, sender);
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

function startOn(
  client: RawClient,
  id: number,
  request: Request,
  sender: Sender,
): Exchange {
  const { method = "POST", path, fields, pieces = [], end } = request;
  const last = end ?? "last piece";
  const endStream = last === "last piece" && pieces.length === 0;
  const authority = "test.example:8080";
  const block = requestBlock({ method, path, fields, authority });
  client.send(headers(id, block, { endStream }));
  const sending = sender.sendAll(request);
  const ofStream = () => client.frames.filter((it) => it.streamId === id);
  const ended = client.until(`stream ${id} has ended`, () =>
    client.ended || ofStream().some(isEnd) ? true : undefined,
  );
  const head = client.until("the head has come", () =>
    client.ended || ofStream().some(({ fields }) => fields !== undefined)
      ? true
      : undefined,
  );
  const outcome = ended.then(async () => {
    await sending;
    return toOutcome(ofStream());
  });
  // Whoever cancels a call waits for nothing of it.
  for (const promise of [ended, head, outcome, sending])
    promise.catch(() => {});
  return {
    write: (bytes) => client.send(data(id, bytes)),
    end: () => client.send(data(id, Buffer.alloc(0), { endStream: true })),
    cancel: (code = Code.cancel) => client.send(rstStream(id, code)),
    head,
    received: (bytes) =>
      client.until(`${bytes} bytes have come`, () => {
        const body = bodyOf(ofStream());
        return body.length >= bytes ? body : undefined;
      }),
    outcome,
  };
}

/** Sends a body as far as the windows allow. */
class Sender {
  readonly #client: RawClient;
  readonly #id: number;
  readonly #count: (bytes: number) => number;
  #sentBytes = 0;

  constructor(client: RawClient, id: number, count: (bytes: number) => number) {
    this.#client = client;
    this.#id = id;
    this.#count = count;
  }

  async sendAll({ pieces = [], end, slowly }: Request): Promise<void> {
    const last = end ?? "last piece";
    const id = this.#id;
    for (const [i, piece] of pieces.entries()) {
      const endStream = last === "last piece" && i === pieces.length - 1;
      if (!(await this.#send(piece, endStream))) return;
      if (slowly) for (let turn = 0; turn < 3; turn++) await setImmediate();
    }
    if (last === "empty piece")
      this.#client.send(data(id, Buffer.alloc(0), { endStream: true }));
    if (last === "trailers") {
      const block = encodeFields([["x-request-trailer", "1"]]);
      this.#client.send(headers(id, block, { endStream: true }));
    }
  }

  /** False once the other side wants no more of it. */
  async #send(piece: Uint8Array, endStream: boolean): Promise<boolean> {
    let at = 0;
    do {
      const rest = piece.length - at;
      const bytes = Math.min(rest, MAX_FRAME_BYTES, this.#window());
      if (bytes === 0 && rest > 0) {
        await this.#client.until("there is a window", () =>
          this.#window() > 0 || this.#isOver() ? true : undefined,
        );
        if (this.#isOver()) return false;
        continue;
      }
      const isLast = endStream && bytes === rest;
      const part = piece.subarray(at, at + bytes);
      this.#client.send(data(this.#id, part, { endStream: isLast }));
      at += bytes;
      this.#sentBytes += bytes;
      this.#count(bytes);
    } while (at < piece.length);
    return true;
  }

  #isOver(): boolean {
    const { frames, ended } = this.#client;
    return ended || frames.some((it) => it.streamId === this.#id && isEnd(it));
  }

  #window(): number {
    let initial = DEFAULT_WINDOW_BYTES;
    let connection = DEFAULT_WINDOW_BYTES - this.#count(0);
    let stream = -this.#sentBytes;
    for (const frame of this.#client.frames) {
      if (frame.type === FrameType.settings)
        initial = settingOf(frame, Setting.initialWindowSize) ?? initial;
      if (frame.type !== FrameType.windowUpdate) continue;
      if (frame.streamId === 0) connection += firstWord(frame);
      if (frame.streamId === this.#id) stream += firstWord(frame);
    }
    return Math.max(0, Math.min(connection, stream + initial));
  }
}

function isEnd(frame: Frame): boolean {
  return endsStream(frame) || frame.type === FrameType.rstStream;
}

function bodyOf(frames: readonly Frame[]): Buffer {
  const pieces = frames.filter(({ type }) => type === FrameType.data);
  return Buffer.concat(pieces.map(content));
}

function toOutcome(frames: readonly Frame[]): Outcome {
  const blocks = frames.flatMap(({ fields }) => (fields ? [fields] : []));
  const isFinal = (fields: readonly Field[]) =>
    fields.some(([name, value]) => name === ":status" && value >= "200");
  const at = blocks.findIndex(isFinal);
  const head = at < 0 ? [] : (blocks[at] ?? []);
  const last = frames.find(isEnd);
  return {
    status: Number(head.find(([name]) => name === ":status")?.[1] ?? 0),
    fields: head.filter(([name]) => name !== ":status"),
    body: bodyOf(frames),
    trailers: at < 0 ? [] : blocks.slice(at + 1).flat(),
    end: last === undefined ? "connection lost" : endOf(last, blocks.length),
  };
}

function endOf(frame: Frame, blocks: number): string {
  if (frame.type === FrameType.rstStream)
    return `reset with ${codeName(errorCode(frame))}`;
  if (frame.type === FrameType.data) return "data";
  return blocks > 1 ? "trailers" : "headers";
}
