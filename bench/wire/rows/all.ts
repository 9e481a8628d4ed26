// All rows, in the order in which they are measured.

import { bodies } from "./bodies.ts";
import { changingHeaders } from "./changing-headers.ts";
import { idleConnections } from "./idle-connections.ts";
import { latency } from "./latency.ts";
import { memory } from "./memory.ts";
import { relay } from "./relay.ts";
import type { Row } from "./row.ts";
import { server } from "./server.ts";

export const rows: readonly Row[] = [
  server,
  relay,
  changingHeaders,
  latency,
  bodies,
  idleConnections,
  memory,
];
