// Which services belong to the machinery and not to the application: probes
// and tools call them every few seconds, whatever the load is.

import type { DescService } from "@bufbuild/protobuf";

/**
 * Tell whether a service is gRPC's health or reflection, in any version.
 */
export function isInfrastructure(service: DescService): boolean {
  return /^grpc\.(health|reflection)\./.test(service.typeName);
}
