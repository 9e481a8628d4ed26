// The registry on etcd is one.

import { after, before } from "node:test";
import {
  createEtcdDirectory,
  createEtcdRegistrar,
} from "../../../../../mesh/registry/index.ts";
import { startEtcd, type TestEtcd } from "../../../../support/etcd.ts";
import { registryContract } from "../contract.ts";

let etcd: TestEtcd;
before(async () => {
  etcd = await startEtcd();
});
after(() => etcd[Symbol.asyncDispose]());

registryContract("etcd", async () => {
  await etcd.etcdctl("del", "--prefix", "/portolan/");
  const hosts = [etcd.address];
  const registrar = createEtcdRegistrar({ hosts });
  const directory = createEtcdDirectory({ hosts });
  return {
    registrar,
    directory,
    async [Symbol.asyncDispose]() {
      await registrar.close();
      await directory.close();
    },
  };
});
