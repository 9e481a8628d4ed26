// A frame without effect: nothing to do, but to count it.

import type { Core } from "./core.ts";

/** Count a frame that changes nothing; too many end the connection. */
export function receiveWasted(core: Core): void {
  const violation = core.guard.onWasted();
  if (violation !== undefined)
    core.violated(violation, "too many frames without effect");
}
