// The errors of etcd's API. Clients tell them apart by code and exact text
// (clientv3 compares the text, the npm client searches it), so both are etcd's.

import { Code, ConnectError } from "@connectrpc/connect";

/**
 * One function per error of etcd that this server can answer with.
 */
export const etcdErrors = {
  emptyKey: error("key is not provided", Code.InvalidArgument),
  keyNotFound: error("key not found", Code.InvalidArgument),
  valueProvided: error("value is provided", Code.InvalidArgument),
  leaseProvided: error("lease is provided", Code.InvalidArgument),
  tooManyOperations: error(
    "too many operations in txn request",
    Code.InvalidArgument,
  ),
  duplicateKey: error(
    "duplicate key given in txn request",
    Code.InvalidArgument,
  ),
  compacted: error(
    "mvcc: required revision has been compacted",
    Code.OutOfRange,
  ),
  futureRevision: error(
    "mvcc: required revision is a future revision",
    Code.OutOfRange,
  ),
  leaseNotFound: error("requested lease not found", Code.NotFound),
  leaseExists: error("lease already exists", Code.FailedPrecondition),
  leaseTtlTooLarge: error("too large lease TTL", Code.OutOfRange),
} as const;

function error(text: string, code: Code): () => ConnectError {
  return () => new ConnectError(`etcdserver: ${text}`, code);
}
