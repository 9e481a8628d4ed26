// A TCP proxy that a test puts before a server, to make the network between
// them as bad as it likes: silent, lossy, slow, cut.

import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { freePorts } from "./ports.ts";
import {
  type Direction,
  type Gate,
  ProxyConnection,
  type ProxyRules,
} from "./tcp-connection.ts";

export type { Direction };

/**
 * What can be waited for: a connection was accepted or has closed, bytes were
 * passed on, bytes have vanished, or cutAfter() has cut.
 */
export type ProxyEvent =
  | "connection"
  | "close"
  | `bytes ${Direction}`
  | `loss ${Direction}`
  | "cut";

/**
 * A proxy. Disposing of it resets its connections and closes its port.
 *
 * Modes take effect at once, for all connections that are there and those to
 * come, whatever they did before.
 */
export interface TcpProxy extends AsyncDisposable {
  /** "127.0.0.1:port"; the port stays the same through refuse() and accept(). */
  readonly address: string;
  readonly port: number;
  /**
   * Back to normal, which is how it starts: what stall() held goes on its way;
   * connections that lost bytes by drop() are reset, since what follows would
   * make no sense. Takes back cutAfter() too, but neither delay() nor refuse().
   */
  pass(): void;
  /**
   * Neither read nor write any more, but keep connections open and accept new
   * ones: what a frozen server or a cut network looks like. Ends and resets are
   * held as well. Nothing is lost: pass() sends it all on. Both directions
   * unless one is named; the other one is left as it is.
   */
  stall(direction?: Direction): void;
  /**
   * Read, but let everything vanish, ends and resets included. Both directions
   * unless one is named; the other one is left as it is.
   */
  drop(direction?: Direction): void;
  /** Requests pass, replies vanish: drop("to client"). */
  dropReplies(): void;
  /** Reset (RST) all connections, on both sides. New ones work by the mode. */
  reset(): void;
  /**
   * Close the port: new connections are refused. Those that are there stay;
   * reset() ends them.
   */
  refuse(): void;
  /** Open the port again. Does nothing if it is open. */
  accept(): Promise<void>;
  /**
   * Let this many more bytes go to clients, all connections taken together;
   * then end the connection that carried the last one, in the midst of whatever
   * it was, and be back to normal. 0: at the next byte, which does not pass.
   */
  cutAfter(bytes: number): void;
  /** Hold everything back this long in each direction, in milliseconds. 0: off. */
  delay(ms: number): void;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Connections that are open on either side. */
  readonly openConnections: number;
  /** Bytes passed on so far. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** Bytes vanished so far. */
  readonly lost: Readonly<Record<Direction, number>>;
  /**
   * Wait for the next event: ask before you do what leads to it. Rejects after
   * 20 seconds.
   */
  next(event: ProxyEvent): Promise<void>;
}

/** Where the proxy leads to: "host:port", or the two. */
export type ProxyTarget =
  | string
  | { readonly host: string; readonly port: number };

/**
 * Start a proxy on a free port of the loopback address. Nobody needs to listen
 * at the target yet: a client whose connection can't be passed on is reset.
 */
export async function startTcpProxy(target: ProxyTarget): Promise<TcpProxy> {
  const [port = 0] = await freePorts(1);
  const proxy = new ListeningProxy(toAddress(target), port);
  await proxy.accept();
  return proxy;
}

/** No event takes longer, in milliseconds. A test that gets here has failed. */
const TIMEOUT_MS = 20_000;

class ListeningProxy implements TcpProxy {
  readonly port: number;
  readonly passed = { "to target": 0, "to client": 0 };
  readonly lost = { "to target": 0, "to client": 0 };
  connections = 0;
  readonly #target: { host: string; port: number };
  readonly #gates: Record<Direction, Gate> = {
    "to target": "pass",
    "to client": "pass",
  };
  readonly #open = new Set<ProxyConnection>();
  #waiting: Waiter[] = [];
  readonly #rules: ProxyRules = this.#makeRules();
  #server: Server | undefined;
  #allowance = Number.POSITIVE_INFINITY;
  #delayMs = 0;

  constructor(target: { host: string; port: number }, port: number) {
    this.#target = target;
    this.port = port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  pass(): void {
    this.#allowance = Number.POSITIVE_INFINITY;
    this.#setGate("pass");
  }

  stall(direction?: Direction): void {
    this.#setGate("stall", direction);
  }

  drop(direction?: Direction): void {
    this.#setGate("drop", direction);
  }

  dropReplies(): void {
    this.drop("to client");
  }

  reset(): void {
    for (const connection of this.#open) connection.reset();
  }

  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  async accept(): Promise<void> {
    if (this.#server !== undefined) return;
    const options = { allowHalfOpen: true, noDelay: true };
    const server = createServer(options, (socket) => this.#accepted(socket));
    this.#server = server;
    server.listen(this.port, "127.0.0.1");
    await once(server, "listening");
  }

  cutAfter(bytes: number): void {
    this.#allowance = bytes;
  }

  delay(ms: number): void {
    this.#delayMs = ms;
  }

  next(event: ProxyEvent): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      reject(new Error(`waited in vain for "${event}" of a proxy`));
    }, TIMEOUT_MS);
    this.#waiting.push({ event, timer, resolve, reject });
    // Who asked may have failed meanwhile, and does not listen any more.
    promise.catch(() => {});
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    for (const connection of this.#open) connection.abandon();
    await Promise.all([...this.#open].map(({ closed }) => closed));
    for (const { timer, reject } of this.#waiting) {
      clearTimeout(timer);
      reject(new Error("the proxy is gone"));
    }
  }

  #accepted(client: Socket): void {
    const connection = new ProxyConnection(client, this.#target, this.#rules);
    this.connections++;
    this.#open.add(connection);
    void connection.closed.then(() => {
      this.#open.delete(connection);
      this.#happened("close");
    });
    this.#happened("connection");
  }

  #setGate(gate: Gate, direction?: Direction): void {
    for (const one of ["to target", "to client"] as const) {
      if (direction === undefined || direction === one) this.#gates[one] = gate;
    }
    for (const connection of this.#open) connection.rulesChanged();
  }

  #makeRules(): ProxyRules {
    return {
      gate: (direction) => this.#gates[direction],
      delayMs: () => this.#delayMs,
      allowance: (direction) =>
        direction === "to client" ? this.#allowance : Number.POSITIVE_INFINITY,
      passed: (direction, bytes) => {
        this.passed[direction] += bytes;
        if (direction === "to client") this.#allowance -= bytes;
        this.#happened(`bytes ${direction}`);
      },
      lost: (direction, bytes) => {
        this.lost[direction] += bytes;
        this.#happened(`loss ${direction}`);
      },
      cut: () => {
        this.#allowance = Number.POSITIVE_INFINITY;
        this.#happened("cut");
      },
    };
  }

  #happened(event: ProxyEvent): void {
    const isOver = (waiter: Waiter) => waiter.event === event;
    for (const { timer, resolve } of this.#waiting.filter(isOver)) {
      clearTimeout(timer);
      resolve();
    }
    this.#waiting = this.#waiting.filter((waiter) => !isOver(waiter));
  }
}

/** Somebody who asked for the next event. */
interface Waiter {
  readonly event: ProxyEvent;
  readonly timer: NodeJS.Timeout;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

function toAddress(target: ProxyTarget): { host: string; port: number } {
  if (typeof target !== "string") return target;
  const at = target.lastIndexOf(":");
  return { host: target.slice(0, at), port: Number(target.slice(at + 1)) };
}
