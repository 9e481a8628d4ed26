// What a connection that does nothing keeps in memory of a service, beside a
// bare socket.

import {
  IDLE_CONNECTIONS,
  type IdleKind,
  measureIdle,
} from "../../support/idle.ts";
import { HELLO_PATH } from "../messages.ts";
import type { Row } from "./row.ts";

const program = "runtime/programs/service.ts";
const KINDS: readonly IdleKind[] = [
  {
    name: "a bare socket",
    program: "wire/programs/idle-server.ts",
    args: ["bare"],
    flags: ["--silent"],
  },
  { name: "a service, settings exchanged", program },
  {
    name: "a service, after a call",
    program,
    flags: ["--path", HELLO_PATH],
    called: true,
  },
];

export const idleConnections: Row = {
  name: "idle-connections",
  title: `${IDLE_CONNECTIONS.toLocaleString("en")} idle connections to a service`,
  measure: ({ runs }) => measureIdle(KINDS, runs, "less than 12 KiB"),
};
