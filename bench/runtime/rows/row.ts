// A row of this suite: one that needs the bodies of requests.

import type {
  Row as AnyRow,
  Settings as AnySettings,
} from "../../support/row.ts";
import type { Files } from "../messages.ts";

/** A measurement. */
export type Row = AnyRow<Files>;

/** How much is measured. */
export type Settings = AnySettings<Files>;

/** Which part of the calls they get: they need more time for each. */
export const CONNECT_NODE_RATIO = 0.05;
export const GRPC_JS_RATIO = 0.1;
