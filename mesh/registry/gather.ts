// Decides when changes are told: some can't wait, others are worth waiting for,
// because more of their kind are on their way.
//
// When a service of 100 instances starts, observers should not rebuild what
// they derive from a snapshot 100 times; when an instance leaves, each
// millisecond costs calls.

/**
 * Gathers requests for one action.
 */
export interface Gather {
  /** Act soon: with `urgent` in this turn of the event loop, else in time. */
  request(urgent: boolean): void;
  /** The action was done otherwise, or is not wanted any more. */
  cancel(): void;
}

/**
 * Create a gather that acts at most `gatherMs` after the first request.
 */
export function createGather(gatherMs: number, act: () => void): Gather {
  let timer: NodeJS.Timeout | undefined;
  // "In this turn", not "now": a thousand leases that expire together come in
  // a thousand messages, of which one read of the socket holds many.
  let immediate: NodeJS.Immediate | undefined;

  function cancel(): void {
    clearTimeout(timer);
    clearImmediate(immediate);
    timer = immediate = undefined;
  }
  function fire(): void {
    cancel();
    act();
  }
  return {
    request(urgent) {
      if (immediate !== undefined) return;
      if (urgent || gatherMs <= 0) immediate = setImmediate(fire);
      else timer ??= setTimeout(fire, gatherMs).unref();
    },
    cancel,
  };
}
