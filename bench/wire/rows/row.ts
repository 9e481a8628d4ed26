// A row of this suite: one that needs the files of its peers.

import type {
  Row as AnyRow,
  Settings as AnySettings,
} from "../../support/row.ts";
import type { Files } from "../peers.ts";

/** A measurement. */
export type Row = AnyRow<Files>;

/** How much is measured. */
export type Settings = AnySettings<Files>;
