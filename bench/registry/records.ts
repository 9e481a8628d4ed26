// The instances that are registered: like real ones in size, spread over a
// hundred services.

import {
  createInstance,
  createInstanceId,
  type Instance,
  Protocol,
  State,
} from "../../core/index.ts";

const SERVICES = 100;

// Each probe is alone with its service: several that vanish from one service
// within seconds would be doubted, and kept.
const PROBE_PREFIX = "bench.v1.Probe";

/** Whether a proto service is that of a probe. */
export function isProbeService(service: string): boolean {
  return service.startsWith(PROBE_PREFIX);
}

/** The instance number `index`. */
export function createRecord(index: number): Instance {
  const service = index % SERVICES;
  return describe(`service-${service}`, `bench.v1.Service${service}`, index);
}

/** An instance whose coming and going is timed. */
export function createProbe(index: number): Instance {
  return describe("probe", `${PROBE_PREFIX}${index}`, index);
}

function describe(name: string, service: string, index: number): Instance {
  return createInstance({
    id: createInstanceId(),
    name,
    address: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}:8080`,
    version: "1.2.3",
    services: [service],
    schemaDigest: `sha256:${"0123456789abcdef".repeat(4)}`,
    protocols: [Protocol.GRPC, Protocol.GRPC_WEB, Protocol.CONNECT],
    state: State.SERVING,
  });
}
