// Connections to instances, shared by all calls of a process. The only door of
// mesh/upstream/.

export {
  type Connections,
  type ConnectionsOptions,
  createConnections,
} from "./connections.ts";
export {
  describeFailure,
  forgetReset,
  resetInTime,
  socketError,
  wasNeverSeen,
  whenConnected,
} from "./instance-connection.ts";
