// Requests as values: what to ask an etcd, and how to show the answer so that
// two etcds' answers can be compared.

import {
  type DescMessage,
  type MessageShape,
  toJson,
  toJsonString,
} from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import {
  CompactionResponseSchema,
  DeleteRangeRequestSchema,
  DeleteRangeResponseSchema,
  LeaseGrantResponseSchema,
  LeaseKeepAliveResponseSchema,
  LeaseLeasesResponseSchema,
  LeaseRevokeResponseSchema,
  LeaseTimeToLiveResponseSchema,
  PutRequestSchema,
  PutResponseSchema,
  RangeRequestSchema,
  RangeResponseSchema,
  TxnRequestSchema,
  TxnResponseSchema,
} from "../../gen/etcd/rpc_pb.ts";
import type { EtcdClient } from "./etcd-client.ts";

/** A request to make of either etcd, and how to show it. */
export interface Operation {
  readonly name: string;
  run(client: EtcdClient): Promise<unknown>;
  /** Watchers must have seen everything before: it changes what they can see. */
  readonly settlesFirst?: boolean;
}

export function rangeOf(
  request: MessageShape<typeof RangeRequestSchema>,
): Operation {
  return {
    name: `range ${toJsonString(RangeRequestSchema, request)}`,
    run: async ({ kv }) => shown(RangeResponseSchema, await kv.range(request)),
  };
}

export function putOf(
  request: MessageShape<typeof PutRequestSchema>,
): Operation {
  return {
    name: `put ${toJsonString(PutRequestSchema, request)}`,
    run: async ({ kv }) => shown(PutResponseSchema, await kv.put(request)),
  };
}

export function deleteOf(
  request: MessageShape<typeof DeleteRangeRequestSchema>,
): Operation {
  return {
    name: `delete ${toJsonString(DeleteRangeRequestSchema, request)}`,
    run: async ({ kv }) =>
      shown(DeleteRangeResponseSchema, await kv.deleteRange(request)),
  };
}

export function txnOf(
  request: MessageShape<typeof TxnRequestSchema>,
): Operation {
  return {
    name: `txn ${toJsonString(TxnRequestSchema, request)}`,
    run: async ({ kv }) => shown(TxnResponseSchema, await kv.txn(request)),
  };
}

export function compactTo(revision: bigint): Operation {
  return {
    name: `compact ${revision}`,
    settlesFirst: true,
    async run({ kv }) {
      const response = await kv.compact({ revision, physical: true });
      const { header } = shown(CompactionResponseSchema, response);
      return { header, compactRevision: revision };
    },
  };
}

export function leaseGrant(ID: bigint, TTL: bigint): Operation {
  return {
    name: `grant lease ${ID} for ${TTL} s`,
    run: async ({ lease }) =>
      shown(LeaseGrantResponseSchema, await lease.leaseGrant({ ID, TTL })),
  };
}

export function leaseKeepAlive(ID: bigint): Operation {
  return {
    name: `keep lease ${ID} alive`,
    async run({ lease }) {
      const all = [];
      const once = (async function* () {
        yield { ID };
      })();
      for await (const response of lease.leaseKeepAlive(once)) {
        all.push(shown(LeaseKeepAliveResponseSchema, response));
      }
      return all;
    },
  };
}

export function leaseTimeToLive(ID: bigint): Operation {
  return {
    name: `time to live of lease ${ID}`,
    async run({ lease }) {
      const response = await lease.leaseTimeToLive({ ID, keys: true });
      response.keys.sort(Buffer.compare);
      // How much is left depends on when it was asked.
      if (response.TTL > 0n) response.TTL = 1n;
      return shown(LeaseTimeToLiveResponseSchema, response);
    },
  };
}

export const leaseLeases: Operation = {
  name: "leases",
  async run({ lease }) {
    const response = await lease.leaseLeases({});
    response.leases.sort((a, b) => Number(a.ID - b.ID));
    return shown(LeaseLeasesResponseSchema, response);
  },
};

export function leaseRevoke(ID: bigint): Operation {
  return {
    name: `revoke lease ${ID}`,
    run: async ({ lease }) =>
      shown(LeaseRevokeResponseSchema, await lease.leaseRevoke({ ID })),
  };
}

/** What an operation led to: the response or the error. */
export async function outcome(
  operation: Operation,
  client: EtcdClient,
): Promise<unknown> {
  try {
    return await operation.run(client);
  } catch (reason) {
    const { code, rawMessage } = ConnectError.from(reason);
    return { code, rawMessage };
  }
}

/** A response as JSON, without what names the server. */
function shown<Desc extends DescMessage>(
  schema: Desc,
  response: MessageShape<Desc>,
): Record<string, unknown> {
  const json = toJson(schema, response) as Record<string, unknown>;
  const header = json["header"] as Record<string, unknown>;
  return { ...json, header: { revision: header["revision"] } };
}
