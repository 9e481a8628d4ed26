// Tells of each change of a file, whichever way it is made: written in place,
// replaced by another (as editors and deployment tools do), or behind a
// symbolic link that moves (as Kubernetes does).

import { type FSWatcher, watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { errorMessage } from "../../../core/index.ts";

/**
 * How long to wait after an event, in milliseconds: many tools empty a file
 * before they write it, and a glimpse in between would be taken for a mistake.
 */
const SETTLE_MS = 50;

/**
 * How often to look without an event, in milliseconds: network file systems
 * and links into other folders bring none.
 */
const LOOK_MS = 2_000;

/**
 * Options for followFile().
 */
export interface FollowFileOptions {
  readonly file: string;
  /** It changed, or may have: this is what it holds, or why it can't be read. */
  readonly onText: (text: string | Error) => void;
}

/**
 * Follow a file from now on. Returns a function that ends it. It does not keep
 * the process alive.
 */
export function followFile(options: FollowFileOptions): () => void {
  const follower = new Follower(options);
  return () => follower.close();
}

class Follower {
  readonly #options: FollowFileOptions;
  readonly #looking: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;
  #reading = Promise.resolve();
  #seen = "";
  #written = false;
  #closed = false;

  constructor(options: FollowFileOptions) {
    this.#options = options;
    this.#watch();
    this.#looking = setInterval(() => this.#onTick(), LOOK_MS).unref();
    // What was written between the caller's own reading and now.
    this.#lookSoon();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#looking);
    clearTimeout(this.#settling);
    this.#watcher?.close();
  }

  // The folder and not the file: a file that is replaced takes its watcher
  // with it.
  #watch(): void {
    const { file } = this.#options;
    try {
      const watcher = watch(dirname(file), { persistent: false });
      this.#watcher = watcher;
      const forget = () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = undefined;
      };
      watcher.on("error", forget);
      watcher.on("change", (_, name) => {
        // Two writes within one tick of the file system's clock look alike.
        if (name === basename(file)) this.#written = true;
        this.#lookSoon();
      });
    } catch {
      // No folder, or no watchers left: looking every now and then remains.
      this.#watcher = undefined;
    }
  }

  #onTick(): void {
    // A folder that was replaced is silent, as one that can't be watched.
    this.#watcher?.close();
    this.#watch();
    this.#lookSoon();
  }

  #lookSoon(): void {
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      this.#look();
    }, SETTLE_MS).unref();
  }

  #look(): void {
    this.#reading = this.#reading.then(async () => {
      if (this.#closed) return;
      const text = await this.#read();
      if (text !== undefined && !this.#closed) this.#options.onText(text);
    });
  }

  /** What the file holds; undefined if it is the one that was seen. */
  async #read(): Promise<string | Error | undefined> {
    const { file } = this.#options;
    try {
      const written = this.#written;
      this.#written = false;
      const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
      const now = [dev, ino, size, mtimeNs].join();
      if (now === this.#seen && !written) return undefined;
      this.#seen = now;
      return await readFile(file, "utf8");
    } catch (cause) {
      this.#seen = "";
      return new Error(errorMessage(cause), { cause });
    }
  }
}
