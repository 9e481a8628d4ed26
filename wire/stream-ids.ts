// Which stream ids were used, by whom, and how lately: what a frame on a stream
// that isn't open means depends on it. RFC 9113, section 5.1.

/** How many streams that we reset are remembered: their peer may not know yet. */
const MAX_REMEMBERED_RESETS = 1_000;

/** How many ranges of ids that the peer skipped are remembered. */
const MAX_SKIPPED_RANGES = 100;

/**
 * The stream ids of one connection.
 */
export class StreamIds {
  /** The id of our next stream. */
  next: number;
  /** The highest id of the peer's that we have seen. */
  lastPeer = 0;
  #recentResets: Set<number> | undefined;
  /** The highest id that is not remembered any more. */
  #forgotten = 0;
  /** Beginnings and ends of ranges. */
  #skipped: number[] | undefined;

  constructor(isServer: boolean) {
    this.next = isServer ? 2 : 1;
  }

  /** Whether a stream of that id is one that the peer opens. */
  isPeers(id: number): boolean {
    return id % 2 !== this.next % 2;
  }

  /** The peer opened a stream. Ids that it left out were never open. */
  noteOpened(id: number): void {
    const expected = this.lastPeer === 0 ? 1 : this.lastPeer + 2;
    this.lastPeer = id;
    if (id === expected) return;
    this.#skipped ??= [];
    if (this.#skipped.length < 2 * MAX_SKIPPED_RANGES)
      this.#skipped.push(expected, id);
  }

  /** We reset a stream. */
  noteReset(id: number): void {
    this.#recentResets ??= new Set();
    if (this.#recentResets.size >= MAX_REMEMBERED_RESETS) {
      const [oldest = 0] = this.#recentResets;
      this.#recentResets.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, oldest);
    }
    this.#recentResets.add(id);
  }

  /**
   * Whether we reset it lately: then the peer may still send for it. Where
   * there were too many to remember, in doubt yes.
   */
  wasReset(id: number): boolean {
    if (id <= this.#forgotten) return true;
    return this.#recentResets?.has(id) ?? false;
  }

  /** Whether no stream of that id was ever open. */
  isIdle(id: number): boolean {
    if (!this.isPeers(id)) return id >= this.next;
    if (id > this.lastPeer) return true;
    const skipped = this.#skipped ?? [];
    for (let i = 0; i < skipped.length; i += 2)
      if (id >= (skipped[i] ?? 0) && id < (skipped[i + 1] ?? 0)) return true;
    return false;
  }
}
