// Code that a user of the package might write; only its types are checked.
// It is compiled with skipLibCheck off: so are all declarations we publish.

import { createClient } from "@connectrpc/connect";
import * as balancer from "portolan/balancer";
import { createMeshTransport } from "portolan/client";
import { type Instance, PortolanError } from "portolan/core";
import * as embeddedEtcd from "portolan/embedded-etcd";
import * as gateway from "portolan/gateway";
import type { Directory } from "portolan/registry";
import * as registryTesting from "portolan/registry/testing";
import { runService, type ServiceContext } from "portolan/runtime";
import { HelloService } from "./gen/hello/v1/hello_pb.js";

export { balancer, embeddedEtcd, gateway, registryTesting };

export async function greet(etcd: string): Promise<string> {
  const client = createClient(HelloService, createMeshTransport({ etcd }));
  const { greeting } = await client.hello({ name: "john" });
  return greeting;
}

export function serving(directory: Directory): readonly Instance[] {
  return directory.snapshot.serving.get(HelloService.typeName) ?? [];
}

export async function main(): Promise<void> {
  await runService({
    name: "hello",
    routes(router, context: ServiceContext) {
      context.logger.info("defining routes");
      router.service(HelloService, {
        hello: ({ name }) => ({ greeting: `Hello ${name}` }),
      });
      // @ts-expect-error: types of the package are there, and not "any"
      router.service(HelloService, { hello: () => ({ greeting: 1 }) });
    },
  });
}

export function isUsage(error: unknown): boolean {
  return error instanceof PortolanError && error.code === "ERR_USAGE";
}
