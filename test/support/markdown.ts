// Reads the fenced blocks of a Markdown file, so that they can be executed.

import { readFileSync } from "node:fs";

/** One fenced block. */
export interface Block {
  /** What stands behind the opening fence: "sh", "ts", "proto". */
  readonly language: string;
  readonly text: string;
  /** The heading it stands under. */
  readonly heading: string;
  /** The last `code` before it that names a file, "proto/clock/v1/clock.proto". */
  readonly file: string | undefined;
}

/**
 * Read all fenced blocks of a file, in order.
 */
export function readBlocks(path: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  let file: string | undefined;
  let open: { language: string; lines: string[] } | undefined;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("```")) {
      if (open === undefined) {
        open = { language: line.slice(3).trim(), lines: [] };
        continue;
      }
      const text = `${open.lines.join("\n")}\n`;
      blocks.push({ language: open.language, text, heading, file });
      open = undefined;
      file = undefined;
    } else if (open !== undefined) {
      open.lines.push(line);
    } else {
      if (line.startsWith("#")) heading = line.replace(/^#+\s*/, "");
      file = /`([\w./-]+\.\w+)`:?$/.exec(line.trim())?.[1] ?? file;
    }
  }
  return blocks;
}

/** The commands of a shell block: no comments, no empty lines. */
export function commandsOf(block: Block): string[] {
  return block.text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
}
