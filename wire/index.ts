// HTTP on a socket. The only door of wire/.

export {
  createOnePortServer,
  type HttpRequest,
  type HttpResponse,
  type OnePortServer,
  type OnePortServerOptions,
  type RequestHandler,
} from "./one-port-server.ts";
