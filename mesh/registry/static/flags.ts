// The flags of a program that takes static entries, and what comes of them.

import { type FlagValues, parseText } from "../../../core/index.ts";
import { mergeDirectories } from "../merge.ts";
import type { Directory } from "../registry.ts";
import { createStaticDirectory, type StaticSource } from "./directory.ts";
import { parseStatic } from "./entry.ts";

/** Rows for a table of flags. */
export const staticFlags = {
  static: {
    placeholder: "SERVICE=host:port[,host:port]",
    description:
      "Instances that do not register themselves. Several services are\nwritten in one text, with semicolons in between.",
    env: "PORTOLAN_STATIC",
    parse: parseStatic,
  },
  "static-file": {
    placeholder: "FILE",
    description:
      "A JSON file of such instances: services with arrays of addresses, or\ninstance records. Read again when it changes.",
    env: "PORTOLAN_STATIC_FILE",
    parse: parseText,
  },
} as const;

/** The values of staticFlags. */
export type StaticFlagValues = FlagValues<typeof staticFlags>;

/**
 * Turn the values of staticFlags into a directory, or into undefined if none
 * was given. Throws ERR_USAGE if the file is wrong or can't be read.
 */
export function toStaticDirectory(
  values: StaticFlagValues,
): Directory | undefined {
  const { static: entries, "static-file": file } = values;
  const sources: StaticSource[] = [];
  if (entries !== undefined) sources.push({ entries });
  if (file !== undefined) sources.push({ file });
  const directories = sources.map(createStaticDirectory);
  return directories.length > 1
    ? mergeDirectories(...directories)
    : directories[0];
}
