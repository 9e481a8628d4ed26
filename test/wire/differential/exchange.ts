// What happens on one stream: a script for each side, and what each side must
// see of the other one's. The scripts wait for each other, so that this is
// decided by the scripts alone and not by who is faster.

/** A header field. */
export interface Field {
  readonly name: string;
  /** One character per byte. */
  readonly value: string;
  /** To be sent "never indexed", RFC 7541, section 6.2.3. */
  readonly isSensitive?: boolean;
}

/** What a side does. A client begins with "headers". */
export type Operation =
  | { readonly kind: "inform"; readonly fields: readonly Field[] }
  | {
      readonly kind: "headers";
      readonly fields: readonly Field[];
      readonly end: boolean;
      /** Trailers will follow: node:http2 has to know beforehand. */
      readonly withTrailers: boolean;
    }
  | {
      readonly kind: "write";
      readonly data: Buffer;
      readonly end: boolean;
      /** Go on only when it has left. */
      readonly isPaced: boolean;
    }
  | { readonly kind: "end"; readonly trailers: readonly Field[] | undefined }
  | { readonly kind: "reset"; readonly code: number };

/** What must have been seen of the other side before a step. */
export interface Condition {
  readonly headers?: boolean;
  readonly bytes?: number;
  readonly end?: boolean;
}

/** One thing that a side does, and when. */
export interface Step {
  readonly after: Condition;
  /** How many turns of the event loop later. */
  readonly turns: number;
  readonly operation: Operation;
}

/** All that a side does. */
export interface Script {
  readonly steps: readonly Step[];
  /** For so many turns each piece of the body is held back. */
  readonly slowTurns: number;
}

/** What a side must see. */
export interface Expectation {
  readonly informations: readonly (readonly Field[])[];
  readonly headers: readonly Field[] | undefined;
  readonly body: Buffer;
  readonly trailers: readonly Field[] | undefined;
  readonly isEnded: boolean;
  readonly code: number;
  /** A reset overtakes what was sent: only a beginning of it need arrive. */
  readonly isCut: boolean;
}

/** One stream. */
export interface Exchange {
  /** `:path`, by which the server finds it. */
  readonly path: string;
  /** What kind of exchange it is, for messages. */
  readonly kind: string;
  readonly client: Script;
  readonly server: Script;
}

/** What the other side must see of a script. */
export function expectationOf(
  script: Script,
  code: number,
  isCut = false,
): Expectation {
  const operations = script.steps.map(({ operation }) => operation);
  const isEnded = operations.some(
    (it) => it.kind === "end" || ("end" in it && it.end),
  );
  const ends = operations.filter((it) => it.kind === "end");
  return {
    informations: operations
      .filter((it) => it.kind === "inform")
      .map(({ fields }) => fields),
    headers: operations.find((it) => it.kind === "headers")?.fields,
    body: Buffer.concat(
      operations.filter((it) => it.kind === "write").map(({ data }) => data),
    ),
    trailers: ends[0]?.trailers,
    isEnded,
    code,
    isCut,
  };
}

/** Whether this side resets the stream. */
export function resets({ steps }: Script): boolean {
  return steps.some(({ operation }) => operation.kind === "reset");
}

/** The code with which a side resets the stream, if one does. */
export function resetCodeOf({ client, server }: Exchange): number {
  for (const { operation } of [...client.steps, ...server.steps]) {
    if (operation.kind === "reset") return operation.code;
  }
  return 0;
}

/** Whether a side resets without waiting for the other. */
export function isAbrupt({ kind }: Exchange): boolean {
  return kind.startsWith("abrupt");
}
