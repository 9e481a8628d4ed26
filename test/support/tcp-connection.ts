// One connection through a TcpProxy: two sockets, and a gate in each direction
// that lets bytes pass, holds them or loses them.

import { connect, type Socket } from "node:net";

/** Which way bytes go: requests "to target", replies "to client". */
export type Direction = "to target" | "to client";

/** What happens to bytes that go one way. */
export type Gate = "pass" | "stall" | "drop";

/** What a connection asks its proxy. */
export interface ProxyRules {
  gate(direction: Direction): Gate;
  /** How long bytes are held back, in milliseconds. */
  delayMs(): number;
  /** How many bytes may pass before the connection is cut. */
  allowance(direction: Direction): number;
  passed(direction: Direction, bytes: number): void;
  lost(direction: Direction, bytes: number): void;
  /** The allowance is used up: the connection has been cut. */
  cut(): void;
}

/** What travels: bytes, the end of them, or a reset. */
type Content =
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "end" | "reset" };

interface Item {
  readonly content: Content;
  /** By performance.now(). */
  readonly dueAt: number;
}

/** A connection and its way on to the target. */
export class ProxyConnection {
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<unknown>;
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #ways: readonly Way[];

  constructor(
    client: Socket,
    address: { readonly host: string; readonly port: number },
    rules: ProxyRules,
  ) {
    const target = connect({ ...address, allowHalfOpen: true, noDelay: true });
    this.#client = client;
    this.#target = target;
    const cut = () => {
      client.end();
      // It has to be read to its end, or the rest turns the end into a reset.
      client.resume();
      reset(target);
      rules.cut();
    };
    this.#ways = [
      new Way(client, target, { direction: "to target", rules, cut }),
      new Way(target, client, { direction: "to client", rules, cut }),
    ];
    this.closed = Promise.all([closing(client), closing(target)]);
  }

  /** Go on by the rules, which have changed. */
  rulesChanged(): void {
    // What follows on bytes that never came would be nonsense.
    if (this.#ways.some((way) => way.hasHole)) this.reset();
    for (const way of this.#ways) way.flow();
  }

  /** End both sockets with a reset. */
  reset(): void {
    reset(this.#client);
    reset(this.#target);
  }

  /** Reset, without waiting for a target that does not answer. */
  abandon(): void {
    this.reset();
    this.#target.destroy();
  }
}

interface WayOptions {
  readonly direction: Direction;
  readonly rules: ProxyRules;
  readonly cut: () => void;
}

/** One direction: reads from a socket, queues, and writes to the other. */
class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #options: WayOptions;
  #queue: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lost = false;

  constructor(from: Socket, to: Socket, options: WayOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    from.on("data", (bytes) => this.#arrived({ kind: "bytes", bytes }));
    from.on("end", () => this.#arrived({ kind: "end" }));
    from.on("error", () => this.#arrived({ kind: "reset" }));
    to.on("drain", () => this.flow());
    to.once("close", () => clearTimeout(this.#timer));
    this.flow();
  }

  /** Bytes vanished, and now they are to pass again. */
  get hasHole(): boolean {
    return this.#lost && this.#gate === "pass";
  }

  get #gate(): Gate {
    return this.#options.rules.gate(this.#options.direction);
  }

  /** Move what may move now, and read on if more could. */
  flow(): void {
    clearTimeout(this.#timer);
    let next = this.#queue[0];
    while (next !== undefined && this.#mayMove(next)) {
      this.#queue.shift();
      this.#move(next);
      next = this.#queue[0];
    }
    const isOpen = this.#gate !== "stall" && !this.#to.writableNeedDrain;
    if (isOpen || this.#to.destroyed) this.#from.resume();
    else this.#from.pause();
  }

  #arrived(content: Content): void {
    const dueAt = performance.now() + this.#options.rules.delayMs();
    this.#queue.push({ content, dueAt });
    this.flow();
  }

  #mayMove({ dueAt }: Item): boolean {
    if (this.#to.destroyed || this.#gate === "drop") return true;
    if (this.#gate === "stall" || this.#to.writableNeedDrain) return false;
    const waitMs = dueAt - performance.now();
    if (waitMs <= 0) return true;
    this.#timer = setTimeout(() => this.flow(), Math.ceil(waitMs));
    return false;
  }

  #move({ content }: Item): void {
    const { direction, rules } = this.#options;
    if (this.#to.destroyed) return;
    if (this.#gate === "drop") {
      this.#lost = true;
      if (content.kind === "bytes") rules.lost(direction, content.bytes.length);
    } else if (content.kind === "bytes") {
      this.#write(content.bytes);
    } else if (content.kind === "end") {
      this.#to.end();
    } else {
      reset(this.#to);
    }
  }

  #write(bytes: Buffer): void {
    const { direction, rules, cut } = this.#options;
    const allowance = rules.allowance(direction);
    const allowed = bytes.subarray(0, allowance);
    // After the other side's end, which a cut looks like, none are wanted.
    if (this.#to.writable) this.#to.write(allowed);
    rules.passed(direction, allowed.length);
    if (bytes.length < allowance) return;
    this.#queue = [];
    cut();
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

function reset(socket: Socket): void {
  // A socket about to say that it ends can't be reset. One that is connecting
  // is, as soon as it has connected.
  const isShutting = socket.writableEnded && !socket.writableFinished;
  if (isShutting) socket.destroy();
  else if (!socket.destroyed) socket.resetAndDestroy();
}
