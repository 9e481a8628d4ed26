// Reads all sockets into one buffer.
//
// Node makes a buffer of 64 KiB for each read. V8 counts them as memory that
// only a full collection frees: with large bodies, two fifths of a relay's CPU
// time. net.connect() takes a buffer to read into instead (its option
// `onread`); an accepted socket has the same slots but no option for them, so
// they are found on a socket that was made with it. Where this Node has them
// no more, sockets are read as ever, only at a higher cost.

import { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** As much as libuv reads at a time. */
const shared = Buffer.allocUnsafeSlow(64 << 10);

type Slots = Record<symbol, unknown>;

interface Handle {
  useUserBuffer?(buffer: Uint8Array): void;
}

/** Which of a socket's slots hold its buffer, and who is told of what it read. */
const slots = findSlots();

function findSlots(): { buffer: symbol; callback: symbol } | undefined {
  const callback = () => true;
  const socket = new Socket({ onread: { buffer: shared, callback } });
  const keys = Object.getOwnPropertySymbols(socket);
  const find = (value: unknown) =>
    keys.find((key) => (socket as unknown as Slots)[key] === value);
  const [forBuffer, forCallback] = [find(shared), find(callback)];
  if (forBuffer === undefined || forCallback === undefined) return undefined;
  return { buffer: forBuffer, callback: forCallback };
}

/** What is less than this part of its chunk doesn't keep it alive. */
const LEAST_SHARE = 1 / 4;

/** Whether bytes are overwritten by the next read. */
export function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer === shared.buffer;
}

/** Whether bytes may be kept as they are: they stay, and keep little else. */
export function isWorthKeeping(bytes: Uint8Array): boolean {
  const { buffer, byteLength } = bytes;
  return (
    buffer !== shared.buffer && byteLength >= buffer.byteLength * LEAST_SHARE
  );
}

/**
 * Make bytes that a handler got stay as they are: a copy, or the same if nobody
 * overwrites them.
 */
export function keepBytes(bytes: Buffer): Buffer {
  if (isWorthKeeping(bytes)) return bytes;
  // Not Buffer.from(): what is small becomes a part of a large chunk there.
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/**
 * Tell `onBytes` of each read of a stream, a socket that is still connecting
 * for example. The bytes are valid only during the call.
 */
export function readShared(
  stream: Duplex,
  onBytes: (bytes: Buffer) => void,
): void {
  // What was read before, and all that a stream reads that isn't a socket.
  stream.on("data", onBytes);
  if (!(stream instanceof Socket)) return;
  if (stream.connecting) {
    stream.once("connect", () => shareReads(stream, onBytes));
  } else shareReads(stream, onBytes);
}

function shareReads(socket: Socket, onBytes: (bytes: Buffer) => void): void {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null };
  if (slots === undefined || typeof handle?.useUserBuffer !== "function")
    return;
  const ofSocket = socket as unknown as Slots;
  ofSocket[slots.buffer] = shared;
  ofSocket[slots.callback] = (length: number) => {
    // In order: what Node's own buffer still holds came first.
    const early: Buffer | null =
      socket.readableLength > 0 ? socket.read() : null;
    if (early !== null) onBytes(early);
    onBytes(shared.subarray(0, length));
    return true;
  };
  handle.useUserBuffer(shared);
}
