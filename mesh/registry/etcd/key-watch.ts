// Watches single keys, all on one stream: a hint that somebody touched them.
//
// It is not a source of truth. What happened before a watch was created, or
// while it was broken, is not delivered: whoever starts one reads the keys once
// it is there.

import type { Etcd3, IKeyValue, IWatchResponse } from "etcd3";
import { within } from "../within.ts";
import { cancelStream } from "./client.ts";
import { REQUEST_MS } from "./connection.ts";

type WatchStream = Awaited<ReturnType<Etcd3["watchClient"]["watch"]>>;

/**
 * Who hears of changes.
 */
export interface KeyWatchObserver {
  /** Something was written to the key, or it was deleted (undefined). */
  readonly onChange: (key: string, found: IKeyValue | undefined) => void;
  /** The stream broke: nothing is heard until follow() is called again. */
  readonly onBreak: () => void;
}

/**
 * A watch of keys that may grow.
 */
export class KeyWatch {
  readonly #observer: KeyWatchObserver;
  #keys = new Set<string>();
  #stream: WatchStream | undefined;
  // Of the keys that were asked for and are not watched yet.
  #pending = 0;
  #ready: PromiseWithResolvers<void> | undefined;

  constructor(observer: KeyWatchObserver) {
    this.#observer = observer;
  }

  /**
   * Watch these keys. Returns whether there are some that were not watched
   * before; they are from now on. Rejects if etcd does not answer.
   */
  async follow(
    client: Etcd3["watchClient"],
    keys: readonly string[],
  ): Promise<boolean> {
    const wanted = new Set(keys);
    // Rare enough not to bother with cancelling single keys.
    if (![...this.#keys].every((key) => wanted.has(key))) this.detach();
    const added = keys.filter((key) => !this.#keys.has(key));
    if (added.length === 0) return false;
    const stream = this.#stream ?? (await this.#open(client));
    this.#ready = Promise.withResolvers();
    this.#pending += added.length;
    for (const key of added) {
      this.#keys.add(key);
      stream.write({ create_request: { key: Buffer.from(key) } });
    }
    await within(REQUEST_MS, this.#ready.promise);
    return true;
  }

  /** Hear no more of any key. */
  detach(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#keys = new Set();
    this.#pending = 0;
    if (stream !== undefined) cancelStream(stream);
  }

  async #open(client: Etcd3["watchClient"]): Promise<WatchStream> {
    const stream = await client.watch();
    const onEnd = (error: Error) => {
      if (this.#stream !== stream) return;
      this.detach();
      this.#ready?.reject(error);
      this.#observer.onBreak();
    };
    stream.on("data", (response) => {
      if (this.#stream !== stream) return;
      if (response.canceled) onEnd(new Error(response.cancel_reason));
      else this.#hear(response);
    });
    // These stay: a stream that is cancelled emits one more error.
    stream.on("error", onEnd);
    stream.on("end", () => onEnd(new Error("the watch of our keys ended")));
    this.#stream = stream;
    return stream;
  }

  #hear({ created, events }: IWatchResponse): void {
    if (created && --this.#pending === 0) this.#ready?.resolve();
    for (const { type, kv } of events) {
      const found = type === "Put" ? kv : undefined;
      this.#observer.onChange(kv.key.toString(), found);
    }
  }
}
