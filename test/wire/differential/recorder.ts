// What one side has seen of a stream so far, and waiting for more of it.

import { keepBytes } from "../../../wire/index.ts";
import type { Condition } from "./exchange.ts";

/** Fields as they came: name, value, name, value. */
export type RawFields = readonly string[];

/**
 * Writes down what an engine tells about one stream. Anything after the close,
 * or twice, is written down as a fault.
 */
export class Recorder {
  readonly informations: RawFields[] = [];
  headers: RawFields | undefined;
  /** Names of fields that came "never indexed". */
  readonly sensitive = new Set<string>();
  readonly pieces: Buffer[] = [];
  bytes = 0;
  trailers: RawFields | undefined;
  isEnded = false;
  code: number | undefined;
  readonly faults: string[] = [];
  #waiting: (() => void)[] = [];

  onInformation(fields: RawFields): void {
    this.#expect("1xx", !this.isClosed && this.headers === undefined);
    this.informations.push(fields);
    this.#changed();
  }

  onHeaders(fields: RawFields, sensitive: Iterable<string>): void {
    this.#expect("headers", !this.isClosed && this.headers === undefined);
    this.headers = fields;
    for (const name of sensitive) this.sensitive.add(name);
    this.#changed();
  }

  /** The piece is kept as it is: it must not change afterwards. */
  onData(piece: Buffer): void {
    this.#expect("data", !this.isClosed && !this.isEnded);
    this.#expect("data before headers", this.headers !== undefined);
    this.pieces.push(keepBytes(piece));
    this.bytes += piece.length;
    this.#changed();
  }

  onTrailers(fields: RawFields): void {
    this.#expect("trailers", !this.isClosed && this.trailers === undefined);
    this.trailers = fields;
    this.#changed();
  }

  onEnd(): void {
    this.#expect("end", !this.isClosed && !this.isEnded);
    this.isEnded = true;
    this.#changed();
  }

  onClose(code: number): void {
    this.#expect("close", !this.isClosed);
    this.code = code;
    this.#changed();
  }

  get isClosed(): boolean {
    return this.code !== undefined;
  }

  /** Wait until that was seen, or the stream is closed. */
  async seen(condition: Condition): Promise<void> {
    while (!this.isClosed && !this.#satisfies(condition)) await this.#change();
  }

  /** Wait until the stream is closed. */
  async closed(): Promise<void> {
    while (!this.isClosed) await this.#change();
  }

  /** In one line, for messages. */
  describe(): string {
    const seen = [
      this.headers && "headers",
      `${this.bytes} bytes`,
      this.trailers && "trailers",
      this.isEnded && "end",
      this.isClosed && `closed with ${this.code}`,
    ];
    return seen.filter(Boolean).join(", ");
  }

  #satisfies({ headers = false, bytes = 0, end = false }: Condition): boolean {
    if (headers && this.headers === undefined) return false;
    return this.bytes >= bytes && (this.isEnded || !end);
  }

  #expect(what: string, isFine: boolean): void {
    if (!isFine) this.faults.push(`${what} after: ${this.describe()}`);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
