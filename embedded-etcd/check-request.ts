// What can be said about a request without looking at the data: missing keys,
// contradictions, too many operations, writes that overlap in a transaction.
//
// Everything here throws etcd's error, and in etcd's order if there are several.

import type {
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from "../gen/etcd/rpc_pb.ts";
import { etcdErrors } from "./errors.ts";
import {
  isInRange,
  type Key,
  type KeyRange,
  successor,
  toKey,
} from "./keys.ts";

/** etcd's default for --max-txn-ops. */
const MAX_TXN_OPERATIONS = 128;

/**
 * Check a request that needs only a key.
 */
export function checkKey(request: { readonly key: Uint8Array }): void {
  if (request.key.length === 0) throw etcdErrors.emptyKey();
}

/**
 * Check a put.
 */
export function checkPut(request: PutRequest): void {
  checkKey(request);
  if (request.ignoreValue && request.value.length > 0) {
    throw etcdErrors.valueProvided();
  }
  if (request.ignoreLease && request.lease !== 0n) {
    throw etcdErrors.leaseProvided();
  }
}

/**
 * Check a transaction with all that are nested in it.
 */
export function checkTxn(request: TxnRequest): void {
  checkOperations(request, MAX_TXN_OPERATIONS);
  collectWrites(request.success);
  collectWrites(request.failure);
}

function checkOperations(request: TxnRequest, allowed: number): void {
  const { compare, success, failure } = request;
  const count = Math.max(compare.length, success.length, failure.length);
  if (count > allowed) throw etcdErrors.tooManyOperations();
  for (const comparison of compare) checkKey(comparison);
  for (const operation of [...success, ...failure]) {
    checkOperation(operation, allowed - count);
  }
}

function checkOperation({ request }: RequestOp, allowed: number): void {
  switch (request.case) {
    case "requestRange":
    case "requestDeleteRange":
      checkKey(request.value);
      break;
    case "requestPut":
      checkPut(request.value);
      break;
    case "requestTxn":
      checkOperations(request.value, allowed);
      break;
    default:
      throw etcdErrors.keyNotFound();
  }
}

interface Writes {
  readonly puts: Set<Key>;
  readonly deletes: KeyRange[];
}

/**
 * Collect what a list of operations writes, and throw if a key would be put
 * twice or both put and deleted. The two branches of a nested transaction may
 * write the same keys, as only one of them runs.
 */
function collectWrites(operations: readonly RequestOp[]): Writes {
  const puts = new Set<Key>();
  const deletes = operations.flatMap(({ request }) =>
    request.case === "requestDeleteRange" ? [deletedRange(request.value)] : [],
  );
  const add = (key: Key, alsoAllowed?: ReadonlySet<Key>): void => {
    const isTwice = puts.has(key) && !alsoAllowed?.has(key);
    if (isTwice || deletes.some((range) => isInRange(key, range))) {
      throw etcdErrors.duplicateKey();
    }
    puts.add(key);
  };
  for (const { request } of operations) {
    if (request.case !== "requestTxn") continue;
    const success = collectWrites(request.value.success);
    const failure = collectWrites(request.value.failure);
    for (const key of success.puts) add(key);
    for (const key of failure.puts) add(key, success.puts);
    deletes.push(...success.deletes, ...failure.deletes);
  }
  for (const { request } of operations) {
    if (request.case === "requestPut") add(toKey(request.value.key));
  }
  return { puts, deletes };
}

/**
 * The range of a delete for the overlap check. Unlike everywhere else the end
 * "\0" is taken as it stands, so that "delete everything from here on" overlaps
 * with nothing: that is what etcd does.
 */
function deletedRange(request: DeleteRangeRequest): KeyRange {
  const from = toKey(request.key);
  const to = toKey(request.rangeEnd);
  return { from, to: to === "" ? successor(from) : to };
}
