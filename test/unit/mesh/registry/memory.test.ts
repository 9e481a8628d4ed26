// The registry in memory is one.

import { createMemoryRegistry } from "../../../../mesh/registry/index.ts";
import { registryContract } from "./contract.ts";

registryContract("memory", async () => {
  const { registrar, directory } = createMemoryRegistry();
  return {
    registrar,
    directory,
    [Symbol.asyncDispose]: () => registrar.close(),
  };
});
