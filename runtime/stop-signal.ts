// When a process is asked to stop.

/** Further signals within this time are the same request. npm delivers one Ctrl-C twice, 1 ms apart. */
const SAME_REQUEST_MS = 1_000;

/** What ends a process: a signal, or the end of the process that started it. */
export type StopReason = NodeJS.Signals | "parent gone";

/**
 * Options for waitForStop().
 */
export interface StopOptions {
  /**
   * Stop as well when the process that started this one, with an IPC channel,
   * is gone. Defaults to false.
   */
  readonly withParent?: boolean;
}

/**
 * Wait for SIGTERM or SIGINT. From then on another signal, if it comes a
 * second later or more, ends the process at once, with exit code 130.
 */
export function waitForStop(options: StopOptions = {}): Promise<StopReason> {
  return new Promise((resolve) => {
    let requestedAtMs: number | undefined;
    const onStop = (reason: StopReason) => {
      const nowMs = performance.now();
      if (requestedAtMs === undefined) {
        requestedAtMs = nowMs;
        resolve(reason);
      } else if (nowMs - requestedAtMs >= SAME_REQUEST_MS) {
        process.exit(130);
      }
    };
    process.on("SIGTERM", onStop);
    process.on("SIGINT", onStop);
    if (options.withParent && process.connected)
      process.once("disconnect", () => onStop("parent gone"));
  });
}
