// A wait that can be cut short. One waits, anybody may ring.

/**
 * A wait that can be cut short.
 */
export interface Alarm {
  /**
   * Resolve after `waitMs`, or when the alarm rings, or at once if it rang
   * since the last wait. Infinity waits for the alarm alone.
   */
  wait(waitMs: number): Promise<void>;
  ring(): void;
}

/**
 * Create an alarm that has not rung.
 */
export function createAlarm(): Alarm {
  let rang = false;
  let wake = () => {};
  return {
    async wait(waitMs) {
      let timer: NodeJS.Timeout | undefined;
      if (!rang) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (waitMs !== Infinity) timer = setTimeout(resolve, waitMs);
        });
      }
      clearTimeout(timer);
      rang = false;
    },
    ring() {
      rang = true;
      wake();
    },
  };
}
