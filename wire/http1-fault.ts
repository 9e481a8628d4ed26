// What becomes of an error that a handler throws over HTTP/1.1.

import type { Socket } from "node:net";

/**
 * Run an action of a handler. What it throws ends its connection, and no other;
 * the process hears of it as of any error that nobody catches.
 */
export function endIfThrown(socket: Socket, action: () => void): void {
  try {
    action();
  } catch (error) {
    socket.destroy();
    process.nextTick(() => {
      throw error;
    });
  }
}
