// A Connect transport that discovers and balances. The only door of
// mesh/client/.

export type { MeshProtocol, MeshTransportOptions } from "./options.ts";
export { createMeshTransport, type MeshTransport } from "./transport.ts";
