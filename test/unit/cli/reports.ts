// Reports for tests of how they are printed.

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { createInstance, type Instance, State } from "../../../core/index.ts";
import type {
  EtcdReport,
  InspectedInstance,
} from "../../../mesh/registry/index.ts";

export const NOW_MS = Date.parse("2026-01-02T03:04:05Z");
export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** A greeter that started 192 s before NOW_MS and was renewed 3 s ago. */
export function greeter(
  fields: Partial<Instance> = {},
  inspected: Partial<InspectedInstance> = {},
): InspectedInstance {
  const instance = createInstance({
    id: "1",
    name: "greeter",
    address: "127.0.0.1:8881",
    services: ["greeter.v1.GreeterService"],
    schemaDigest: DIGEST,
    state: State.SERVING,
    startedAt: timestampFromMs(NOW_MS - 192_000),
  });
  Object.assign(instance, fields);
  return {
    key: `/portolan/v1/instances/${instance.name}/${instance.id}`,
    revision: 7n,
    lease: { id: "3e01", grantedSeconds: 15, leftSeconds: 12 },
    instance,
    state: "live",
    ...inspected,
  };
}

/** A report of some instances. */
export function report(
  instances: readonly InspectedInstance[],
  malformed: EtcdReport["malformed"] = [],
): EtcdReport {
  return {
    prefix: "/portolan/v1/instances/",
    revision: 9n,
    instances,
    malformed,
  };
}

/** Something that is no instance record. */
export const nonsense: EtcdReport["malformed"][number] = {
  key: "/portolan/v1/instances/greeter/x",
  revision: 8n,
  lease: undefined,
  value: "nonsense",
  reason: new Error("not an instance record"),
};
