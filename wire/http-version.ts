// Tells HTTP/2 with prior knowledge from HTTP/1.1 by the first bytes of a
// cleartext connection, without taking them away from whoever reads next.

import type { Socket } from "node:net";
import { toTimerMs } from "./timer-ms.ts";

/** How every HTTP/2 connection begins. RFC 9113, section 3.4. */
const PREFACE_START = "PRI";

/**
 * Wait for a connection's first bytes and report the version they announce.
 *
 * Calls `onVersion` at most once, never if the peer closes before it said
 * enough. A peer that says nothing for `timeoutMs` is cut off.
 */
export function readHttpVersion(
  socket: Socket,
  timeoutMs: number,
  onVersion: (version: 1 | 2) => void,
): void {
  const timeout = setTimeout(() => hangUp(), toTimerMs(timeoutMs)).unref();
  const stop = () => {
    clearTimeout(timeout);
    socket.off("readable", read);
    socket.off("close", stop);
    socket.off("end", hangUp);
    socket.off("error", ignore);
  };
  const hangUp = () => socket.destroy();
  let head: Buffer = Buffer.alloc(0);
  const read = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const start = head.toString("latin1", 0, PREFACE_START.length);
    // "P" or "PR" may still become POST.
    if (start !== PREFACE_START && PREFACE_START.startsWith(start)) return;
    stop();
    // Back to the front of the queue: what follows reads from the beginning.
    socket.unshift(head);
    onVersion(start === PREFACE_START ? 2 : 1);
  };
  socket.on("readable", read);
  socket.on("close", stop);
  socket.on("end", hangUp);
  // A reset before the first byte concerns nobody; "close" follows.
  socket.on("error", ignore);
}

function ignore(): void {}
