// A Connect transport that discovers and balances. The only door of
// mesh/client/.

export {
  createMeshTransport,
  type MeshTransport,
  type MeshTransportOptions,
} from "./transport.ts";
