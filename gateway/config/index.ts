// The only reader of the gateway's environment. The only door of
// gateway/config/.

import { describeFlags, parseFlags } from "../../core/index.ts";
import { type GatewayFlagValues, gatewayFlags } from "./gateway-flags.ts";

export { parseOrigins } from "./origins.ts";
export type { GatewayFlagValues };

/**
 * Read the gateway's configuration. Returns the text of --help instead if
 * that was asked for. Throws PortolanError ERR_USAGE.
 */
export function readGatewayConfig(
  args: readonly string[],
): GatewayFlagValues | string {
  const { values, help } = parseFlags(gatewayFlags, { args, env: process.env });
  if (!help) return values;
  return `portolan gateway: forwards calls to the instances registered in etcd.

Flags [default, environment variable]:
${describeFlags(gatewayFlags)}
`;
}
