// Where our server is meant to differ from Connect's handlers, each with its
// reason. A difference that is gone has to leave this list.

/** A difference of all answers: what a field's value is compared as. */
interface FieldRule {
  readonly name: string;
  readonly reason: string;
  compared(value: string): string;
}

const FIELD_RULES: readonly FieldRule[] = [
  {
    name: "date",
    reason: "the sides answer at different times",
    compared: (value) => (DATE.test(value) ? "(a date)" : value),
  },
  {
    name: "grpc-message",
    reason: "ours is encoded only where gRPC requires it, for clients' sake",
    compared: decoded,
  },
];

const DATE = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;

function decoded(value: string): string {
  try {
    return `decoded: ${decodeURIComponent(value)}`;
  } catch {
    return value;
  }
}

/** What a header field or trailer is compared as. */
export function comparedValue(name: string, value: string): string {
  const rule = FIELD_RULES.find((it) => it.name === name);
  return rule === undefined ? value : rule.compared(value);
}

/**
 * Fields of an HTTP/1.1 request that our handlers don't see, as little as those
 * of HTTP/2: the authority is in the URL, and the rest is about a connection.
 */
export const HIDDEN_FIELDS: ReadonlySet<string> = new Set([
  ...["host", "connection", "keep-alive", "transfer-encoding", "upgrade"],
]);

/** A difference of some cases. */
export interface Difference {
  /** Which cases, by their name. */
  readonly cases: RegExp;
  readonly reason: string;
  /** Leave out what differs; called with the result of either side. */
  forget(result: unknown): unknown;
}

/** The difference of a case, if there is one. */
export function differenceOf(name: string): Difference | undefined {
  return DIFFERENCES.find(({ cases }) => cases.test(name));
}

/** A request that was refused before there was a call, in whatever words. */
function refused(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(refused);
  if (typeof result !== "object" || result === null) return result;
  if (isRefusal(result)) return "refused";
  const parts = Object.entries(result);
  return Object.fromEntries(parts.map(([name, it]) => [name, refused(it)]));
}

function isRefusal(it: object): boolean {
  if (!("status" in it && "fields" in it && "body" in it)) return false;
  if ([404, 405, 415, 505].includes(Number(it.status))) return true;
  // Trailers only: gRPC knows no other way to say it.
  const fields = it.fields as readonly (readonly [string, string])[];
  const status = fields.find(([name]) => name === "grpc-status");
  return it.status === 200 && it.body === "" && status?.[1] !== "0";
}

const DIFFERENCES: readonly Difference[] = [
  {
    cases:
      /^like (?!POST)|^that is odd, |^that is missing$|^(that is not served|of no method of a service|that is the root|in small letters|with a slash too much|with two slashes|with encoded letters)$/,
    reason: "what is refused is explained in the caller's protocol",
    forget: refused,
  },
  {
    cases: /^like POST for gRPC over HTTP\/1\.1$/,
    reason: "gRPC needs HTTP/2, and no client speaks it otherwise",
    forget: () => "nothing",
  },
  {
    cases: /^by a reset with (noError|streamClosed),|^by hanging up,/,
    reason: "whoever goes away has cancelled, and the reason says so",
    forget: (result) =>
      JSON.stringify(result)
        .replace('{"code":1,"isWireError":false}', "gone")
        .replace(/\{"name":"AbortError","message":"[^"]*"\}/, "gone"),
  },
  {
    cases: /^with an answer that can't be encoded, gRPC.* json/,
    reason: "the signal's reason is the failure, as it is with other codecs",
    forget: (result) =>
      JSON.stringify(result)
        .replaceAll('{"code":13,"isWireError":false}', "over")
        .replaceAll(/\{"name":"AbortError","message":"[^"]*"\}/g, "over"),
  },
  {
    cases: /^with (caches|two dates)$/,
    reason: "which of two values of such a field counts is open: RFC 9110, 5.3",
    forget: (result) =>
      JSON.stringify(result).replaceAll('"one, two"', '"one"'),
  },
  {
    cases: /^with odd names$/,
    reason: "Connect loses a field of the name __proto__",
    forget: (result) =>
      JSON.stringify(result).replaceAll('["__proto__","2"],', ""),
  },
  {
    cases: /throws undefined$|rejects with undefined,/,
    reason: "Connect tells a gRPC caller that all is well, with no message",
    forget: (result) => {
      const { answers } = result as { answers: Record<string, unknown> };
      const all = Object.entries(answers);
      return all.filter(([name]) => name.startsWith("Connect"));
    },
  },
  {
    cases: /^and throws undefined at its end/,
    reason: "Connect tells that all is well, in every protocol",
    forget: () => "nothing",
  },
  {
    cases: /^and is cancelled while it listens/,
    reason:
      "a handler learns why its messages end: Premature close says nothing",
    forget: () => "nothing",
  },
  {
    cases: /^no status of gRPC .* as a trailer$/,
    reason: "trailers without a field are an empty frame, or none: both wrong",
    forget: (result) =>
      JSON.stringify(result).replaceAll('"end":"trailers"', '"end":"data"'),
  },
];
