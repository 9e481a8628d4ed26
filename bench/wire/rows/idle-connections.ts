// What a connection that does nothing keeps in memory, beside a bare socket.

import {
  IDLE_CONNECTIONS,
  type IdleKind,
  measureIdle,
} from "../../support/idle.ts";
import type { Row } from "./row.ts";

const program = "wire/programs/idle-server.ts";
const args = ["wire"];
const KINDS: readonly IdleKind[] = [
  { name: "a bare socket", program, args: ["bare"], flags: ["--silent"] },
  { name: "wire, settings exchanged", program, args },
  { name: "wire, after a call", program, args, called: true },
];

export const idleConnections: Row = {
  name: "idle-connections",
  title: `${IDLE_CONNECTIONS.toLocaleString("en")} idle connections`,
  measure: ({ runs }) => measureIdle(KINDS, runs, "less than 10 KiB"),
};
