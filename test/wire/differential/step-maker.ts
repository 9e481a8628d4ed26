// Makes single steps and whole messages for random exchanges: fields, sizes,
// pieces, pauses and codes are the seed's.

import type { Random } from "../../support/random.ts";
import type { Condition, Field, Operation, Step } from "./exchange.ts";
import {
  groupByName,
  markSensitive,
  randomFields,
  randomTrailers,
} from "./random-fields.ts";

/** How much is sent. */
export interface Sizes {
  /** The most bytes of a body. */
  readonly bodyBytes: number;
}

/** The steps of one side. */
export type Side = Step[];

interface OpenOptions {
  readonly method?: string | undefined;
  readonly end?: boolean;
  /** For content-length. */
  readonly bytes?: number;
  readonly withTrailers?: boolean;
}

/** Makes steps. */
export class StepMaker {
  readonly random: Random;
  readonly #sizes: Sizes;

  constructor(random: Random, sizes: Sizes) {
    this.random = random;
    this.#sizes = sizes;
  }

  /** A whole request. */
  request(path: string, method?: string): Side {
    const chunks = method === "HEAD" ? [] : this.#chunks();
    const withTrailers = this.random.chance(0.3);
    const isBare = chunks.length === 0 && !withTrailers;
    const bytes = bytesOf(chunks);
    const open = this.open(path, { method, end: isBare, bytes, withTrailers });
    return isBare ? [open] : [open, ...this.#body(chunks, withTrailers)];
  }

  /** The header block of a request. */
  open(path: string, options: OpenOptions = {}): Step {
    const { method, end = false, bytes = -1, withTrailers = false } = options;
    const chosen =
      method ?? this.random.pick(["GET", "POST", "PUT", "PATCH", "M-SEARCH"]);
    const pseudo: Field[] = [
      { name: ":method", value: chosen },
      { name: ":path", value: path },
      { name: ":scheme", value: this.random.pick(["http", "https"]) },
      { name: ":authority", value: "example.org:80" },
    ];
    const fields = [...pseudo, ...this.#fields(bytes)];
    return this.#step({}, { kind: "headers", fields, end, withTrailers });
  }

  /** A whole response, interim ones included. */
  response(after: Condition, isHead = false): Side {
    const informs = this.random.list(3, () => this.#inform(after));
    const bodiless = !isHead && this.random.chance(0.05);
    const status = bodiless ? this.random.pick(["204", "304"]) : undefined;
    const chunks = isHead || bodiless ? [] : this.#chunks();
    const withTrailers = !isHead && !bodiless && this.random.chance(0.4);
    const end = chunks.length === 0 && !withTrailers;
    // Of a response to HEAD the length is that of a body which does not come.
    const bytes = isHead
      ? this.random.below(1_000)
      : bodiless
        ? -1
        : bytesOf(chunks);
    const answer = this.answer(after, status, end, bytes, withTrailers);
    return [
      ...informs,
      answer,
      ...(end ? [] : this.#body(chunks, withTrailers)),
    ];
  }

  /** The header block of a response. */
  answer(
    after: Condition,
    status: string = this.random.pick(["200", "200", "404", "500", "299"]),
    end = false,
    bytes = -1,
    withTrailers = false,
  ): Step {
    const fields = [{ name: ":status", value: status }, ...this.#fields(bytes)];
    return this.#step(after, { kind: "headers", fields, end, withTrailers });
  }

  write(after: Condition = {}): Step {
    const most = this.random.pick([100, 20_000, this.#sizes.bodyBytes]);
    return this.#write(this.random.below(most) + 1, false, after);
  }

  /** One byte, which says "I have it all". */
  signal(after: Condition): Step {
    return this.#write(1, false, after);
  }

  /** END_STREAM, in a frame of its own. */
  end(after: Condition = {}): Step {
    return this.#step(after, { kind: "end", trailers: undefined });
  }

  reset(after: Condition, code = this.random.below(13) + 1): Step {
    return this.#step(after, { kind: "reset", code });
  }

  #write(bytes: number, end: boolean, after: Condition = {}): Step {
    const data = this.random.bytes(bytes);
    const isPaced = this.random.chance(0.5);
    return this.#step(after, { kind: "write", data, end, isPaced });
  }

  #inform(after: Condition): Step {
    const status = this.random.pick(["103", "102", "100", "110"]);
    const fields = [
      { name: ":status", value: status },
      ...groupByName(
        this.random.list(2, (i) => ({ name: "link", value: `<${i}>` })),
      ),
    ];
    return this.#step(after, { kind: "inform", fields });
  }

  /** Pieces of these sizes, and an end in one of three ways. */
  #body(chunks: readonly number[], withTrailers: boolean): Side {
    const endsWithLast = !withTrailers && this.random.chance(0.5);
    const steps = chunks.map((bytes, i) =>
      this.#write(bytes, endsWithLast && i === chunks.length - 1),
    );
    if (endsWithLast && chunks.length > 0) return steps;
    const trailers = withTrailers
      ? markSensitive(this.random, randomTrailers(this.random))
      : undefined;
    return [...steps, this.#step({}, { kind: "end", trailers })];
  }

  /** Sizes of the pieces of a body, none or more. */
  #chunks(): number[] {
    if (this.random.chance(0.25)) return [];
    const { bodyBytes } = this.#sizes;
    let left = this.random.below(this.random.pick([100, 20_000, bodyBytes]));
    const chunks: number[] = [];
    while (left > 0) {
      const most = this.random.pick([0, 10, 1_000, 16_384, 70_000, left]);
      const bytes = Math.min(left, this.random.below(most + 1));
      // Not for ever, byte by byte.
      chunks.push(chunks.length > 30 ? left : bytes);
      left -= chunks.at(-1) ?? 0;
    }
    return chunks;
  }

  #fields(bytes: number): Field[] {
    const fields = markSensitive(this.random, randomFields(this.random));
    if (bytes >= 0 && this.random.chance(0.4)) {
      fields.push({ name: "content-length", value: `${bytes}` });
    }
    return fields;
  }

  #step(after: Condition, operation: Operation): Step {
    const turns = this.random.pick([0, 0, 0, 0, 1, 2, 5]);
    return { after, turns, operation };
  }
}

function bytesOf(chunks: readonly number[]): number {
  return chunks.reduce((sum, bytes) => sum + bytes, 0);
}
