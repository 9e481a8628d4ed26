// etcd's gRPC services on a store. Everything that a development registry does
// not need answers `unimplemented` and says what to do.

import { randomBytes } from "node:crypto";
import {
  create,
  type DescService,
  type MessageInitShape,
} from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ServiceImpl,
} from "@connectrpc/connect";
import {
  AlarmResponseSchema,
  Auth,
  Cluster,
  CompactionResponseSchema,
  KV,
  Lease,
  LeaseGrantResponseSchema,
  type LeaseKeepAliveRequest,
  type LeaseKeepAliveResponse,
  LeaseKeepAliveResponseSchema,
  LeaseLeasesResponseSchema,
  LeaseRevokeResponseSchema,
  LeaseTimeToLiveResponseSchema,
  Maintenance,
  MemberListResponseSchema,
  type ResponseHeader,
  ResponseHeaderSchema,
  StatusResponseSchema,
  Watch,
} from "../gen/etcd/rpc_pb.ts";
import { answerStream, type StreamAnswers } from "./answer-stream.ts";
import { fromKey } from "./keys.ts";
import type { Store } from "./store.ts";
import { WatchStream } from "./watch-stream.ts";

/**
 * The etcd version whose API this is. Clients read the first two numbers.
 */
const VERSION = "3.4.0+portolan";

/** A fresh single member of etcd is in its second term. */
const RAFT_TERM = 2n;

/**
 * Options for createEtcdRoutes().
 */
export interface EtcdRoutesOptions {
  /** The state to serve. */
  readonly store: Store;
  /** The URLs of this server, known once it listens. */
  readonly clientUrls: () => string[];
  /** How often idle watchers that asked for it are told the revision, in milliseconds. */
  readonly progressNotifyIntervalMs: number;
}

/**
 * Create the routes of an etcd.
 */
export function createEtcdRoutes(
  options: EtcdRoutesOptions,
): (router: ConnectRouter) => void {
  const server = { ...options, identity: createIdentity() };
  return (router) => {
    router.service(KV, { ...unsupported(KV), ...kv(server) });
    router.service(Watch, watch(server));
    router.service(Lease, { ...unsupported(Lease), ...lease(server) });
    router.service(Cluster, { ...unsupported(Cluster), ...cluster(server) });
    router.service(Maintenance, {
      ...unsupported(Maintenance),
      ...maintenance(server),
    });
    router.service(Auth, unsupported(Auth));
  };
}

interface Server extends EtcdRoutesOptions {
  readonly identity: Identity;
}

type Identity = Pick<ResponseHeader, "clusterId" | "memberId" | "raftTerm">;

/**
 * Who answers. New with every start, since with the data gone this is another
 * cluster: clients that compare the id notice.
 */
function createIdentity(): Identity {
  const id = () => randomBytes(8).readBigUInt64BE();
  return { clusterId: id(), memberId: id(), raftTerm: RAFT_TERM };
}

function kv({ store, identity }: Server): Partial<ServiceImpl<typeof KV>> {
  return {
    range: (request) => signed(identity, store.range(request)),
    put: (request) => signed(identity, store.put(request)),
    deleteRange: (request) => signed(identity, store.deleteRange(request)),
    txn: (request) => signed(identity, store.txn(request)),
    compact(request) {
      store.compact(request);
      const header = currentHeader({ store, identity });
      return create(CompactionResponseSchema, { header });
    },
  };
}

function watch(server: Server): ServiceImpl<typeof Watch> {
  const { store, identity, progressNotifyIntervalMs } = server;
  return {
    async *watch(requests, { signal }) {
      const stream = new WatchStream(store.keySpace);
      const answers = {
        handle: stream.handle.bind(stream),
        poll: stream.poll.bind(stream),
        subscribe(listener: () => void) {
          const unsubscribe = store.keySpace.subscribe(listener);
          const timer = setInterval(() => {
            stream.notifyProgress();
            listener();
          }, progressNotifyIntervalMs).unref();
          return () => {
            clearInterval(timer);
            unsubscribe();
          };
        },
        endsWithRequests: false,
      };
      for await (const response of answerStream(requests, signal, answers)) {
        yield signed(identity, response);
      }
    },
  };
}

function lease(server: Server): Partial<ServiceImpl<typeof Lease>> {
  const { store } = server;
  const header = () => currentHeader(server);
  return {
    leaseGrant(request) {
      const { id, ttlSeconds } = store.grantLease(request);
      const granted = { header: header(), ID: id, TTL: ttlSeconds };
      return create(LeaseGrantResponseSchema, granted);
    },
    leaseRevoke({ ID }) {
      store.revokeLease(ID);
      return create(LeaseRevokeResponseSchema, { header: header() });
    },
    leaseKeepAlive: (requests, { signal }) =>
      answerStream(requests, signal, keepAlive(server)),
    leaseTimeToLive({ ID, keys }) {
      const found = store.leases.get(ID);
      return create(LeaseTimeToLiveResponseSchema, {
        header: header(),
        ID,
        TTL: found === undefined ? -1n : store.leases.remainingSeconds(found),
        grantedTTL: found?.ttlSeconds ?? 0n,
        keys: keys ? store.keySpace.keysOfLease(ID).map(fromKey) : [],
      });
    },
    leaseLeases() {
      const leases = store.leases.list().map(({ id }) => ({ ID: id }));
      return create(LeaseLeasesResponseSchema, { header: header(), leases });
    },
  };
}

function keepAlive(
  server: Server,
): StreamAnswers<LeaseKeepAliveRequest, LeaseKeepAliveResponse> {
  const responses: LeaseKeepAliveResponse[] = [];
  return {
    handle({ ID }) {
      // Before renewing, which may revoke: the lease was alive at most until here.
      const header = currentHeader(server);
      const TTL = server.store.renewLease(ID)?.ttlSeconds ?? 0n;
      responses.push(create(LeaseKeepAliveResponseSchema, { header, ID, TTL }));
    },
    poll: () => responses.shift(),
    endsWithRequests: true,
  };
}

function cluster(server: Server): Partial<ServiceImpl<typeof Cluster>> {
  const { identity, clientUrls } = server;
  return {
    memberList() {
      const clientURLs = clientUrls();
      const member = { ID: identity.memberId, name: "embedded", clientURLs };
      // This header has no revision in etcd.
      return create(MemberListResponseSchema, {
        header: identity,
        members: [member],
      });
    },
  };
}

function maintenance(server: Server): Partial<ServiceImpl<typeof Maintenance>> {
  const { identity, store } = server;
  return {
    status: () =>
      create(StatusResponseSchema, {
        header: currentHeader(server),
        version: VERSION,
        leader: identity.memberId,
        // There is no log; the revision grows alike.
        raftIndex: store.keySpace.revision,
        raftAppliedIndex: store.keySpace.revision,
        raftTerm: RAFT_TERM,
      }),
    alarm: () => create(AlarmResponseSchema, { header: currentHeader(server) }),
  };
}

function currentHeader({
  store,
  identity,
}: Pick<Server, "store" | "identity">): MessageInitShape<
  typeof ResponseHeaderSchema
> {
  return { ...identity, revision: store.keySpace.revision };
}

/** Fill in who answers. */
function signed<Response extends { header?: ResponseHeader | undefined }>(
  identity: Identity,
  response: Response,
): Response {
  const revision = response.header?.revision ?? 0n;
  response.header = create(ResponseHeaderSchema, { ...identity, revision });
  return response;
}

/** All methods of a service, each answering `unimplemented`. */
function unsupported<S extends DescService>(
  service: S,
): Partial<ServiceImpl<S>> {
  const methods = service.methods.map((method) => {
    const message = `the embedded etcd does not have ${service.name}.${method.name}: it is for development only; use a real etcd`;
    const refuse = () => {
      throw new ConnectError(message, Code.Unimplemented);
    };
    return [method.localName, refuse];
  });
  return Object.fromEntries(methods) as Partial<ServiceImpl<S>>;
}
