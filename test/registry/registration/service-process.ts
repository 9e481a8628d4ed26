// A service as a process that a test freezes: it listens, registers where its
// first argument says, with a short lease and the id that is its second, and
// prints each state it comes to, and failures. SIGTERM ends it.

import { createInstance, formatAddress, State } from "../../../core/index.ts";
import {
  createEtcdRegistrar,
  registrationChanges,
  registryFailures,
} from "../../../mesh/registry/index.ts";
import { createServiceServer } from "../../../runtime/index.ts";

const [host = "", id = ""] = process.argv.slice(2);
const server = createServiceServer({ routes: () => {} });
const address = await server.listen({ host: "127.0.0.1", port: 0 });
registrationChanges.subscribe(({ from, to, reason }) =>
  console.log(JSON.stringify({ from, to, reason: reason?.message })),
);
registryFailures.subscribe(({ reason }) =>
  console.log(JSON.stringify({ failure: reason.message })),
);
const registrar = createEtcdRegistrar({ hosts: [host], leaseTtlSeconds: 2 });
registrar.register(
  createInstance({
    id,
    name: "greeter",
    address: formatAddress(address),
    state: State.SERVING,
  }),
);
process.once("SIGTERM", async () => {
  await registrar.close();
  await server.close();
});
