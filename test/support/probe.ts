// A service with the greeter's contract whose handlers a test writes: it runs
// in the test's own process, so that the test sees what the handlers see.

import type { ServiceImpl } from "@connectrpc/connect";
import {
  createInstance,
  createInstanceId,
  formatAddress,
  State,
} from "../../core/index.ts";
import { GreeterService } from "../../gen/greeter/v1/greeter_pb.ts";
import { createEtcdRegistrar } from "../../mesh/registry/index.ts";
import { createServiceServer } from "../../runtime/index.ts";

/** A service that is registered. */
export interface Registered extends AsyncDisposable {
  /** "host:port" */
  readonly address: string;
}

/** Serve some of the greeter's methods, registered in etcd as "probe". */
export async function startProbe(
  etcd: string,
  handlers: Partial<ServiceImpl<typeof GreeterService>>,
): Promise<Registered> {
  await using starting = new AsyncDisposableStack();
  const server = starting.use(
    createServiceServer({
      routes: (router) => router.service(GreeterService, handlers),
    }),
  );
  const listening = await server.listen({ host: "127.0.0.1", port: 0 });
  const address = formatAddress(listening);
  const services = [GreeterService.typeName];
  starting.use(await register(etcd, { name: "probe", address, services }));
  const started = starting.move();
  return { address, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** Put a record into etcd, for whatever listens there. */
export async function register(
  etcd: string,
  fields: { name: string; address: string; services: string[] },
): Promise<AsyncDisposable> {
  const registrar = createEtcdRegistrar({ hosts: [etcd] });
  const id = createInstanceId();
  await registrar.register(
    createInstance({ id, state: State.SERVING, ...fields }),
  ).registered;
  return registrar;
}
