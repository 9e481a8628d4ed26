// The registry on etcd keeps what every registry promises.

import { after, before } from "node:test";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
} from "../../../../../mesh/registry/index.ts";
import { registryContract } from "../../../../../mesh/registry/testing/index.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";
import { createNetwork } from "../support.ts";

let etcd: TestEtcd;
before(async () => {
  etcd = await startEtcd();
});
after(() => etcd[Symbol.asyncDispose]());

registryContract({
  name: "etcd",
  async create() {
    await etcd.etcdctl("del", "--prefix", "/portolan/");
    const network = await createNetwork(etcd.address);
    return {
      createRegistrar: () => createEtcdRegistrar({ hosts: [etcd.address] }),
      createDirectory: () =>
        createEtcdDirectory({
          hosts: [network.address],
          // That all vanish at once, unannounced, is believed at once.
          guardGraceMs: 0,
        }),
      outage: { begin: () => network.cut(), end: () => network.restore() },
      [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
    };
  },
});
