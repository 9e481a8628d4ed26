// The front door of a mesh. The only door of gateway/.

export { parseOrigins } from "./config/index.ts";
export {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type GatewayStats,
} from "./gateway.ts";
export { runGateway } from "./run-gateway.ts";
