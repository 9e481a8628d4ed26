// Instances from a flag or a file. The only door of this folder.

export { createStaticDirectory, type StaticSource } from "./directory.ts";
export { parseStatic, type StaticEntry } from "./entry.ts";
export {
  type StaticFlagValues,
  staticFlags,
  toStaticDirectory,
} from "./flags.ts";
