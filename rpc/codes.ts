// The names of RPC status codes on the wire, and the HTTP status that Connect
// gives them. https://connectrpc.com/docs/protocol#error-codes

import { Code } from "@connectrpc/connect";

const table: Readonly<Record<Code, readonly [name: string, status: number]>> = {
  [Code.Canceled]: ["canceled", 499],
  [Code.Unknown]: ["unknown", 500],
  [Code.InvalidArgument]: ["invalid_argument", 400],
  [Code.DeadlineExceeded]: ["deadline_exceeded", 504],
  [Code.NotFound]: ["not_found", 404],
  [Code.AlreadyExists]: ["already_exists", 409],
  [Code.PermissionDenied]: ["permission_denied", 403],
  [Code.ResourceExhausted]: ["resource_exhausted", 429],
  [Code.FailedPrecondition]: ["failed_precondition", 400],
  [Code.Aborted]: ["aborted", 409],
  [Code.OutOfRange]: ["out_of_range", 400],
  [Code.Unimplemented]: ["unimplemented", 501],
  [Code.Internal]: ["internal", 500],
  [Code.Unavailable]: ["unavailable", 503],
  [Code.DataLoss]: ["data_loss", 500],
  [Code.Unauthenticated]: ["unauthenticated", 401],
};

/** The name of a code in Connect's JSON: "invalid_argument". */
export function codeName(code: Code): string {
  return table[code][0];
}

/** The HTTP status of a Connect unary answer that failed with a code. */
export function codeHttpStatus(code: Code): number {
  return table[code][1];
}
