// The registry in memory keeps what every registry promises.

import { createMemoryRegistry } from "../../../../mesh/registry/index.ts";
import { registryContract } from "../../../../mesh/registry/testing/index.ts";

registryContract({
  name: "memory",
  async create() {
    const { createRegistrar, createDirectory } = createMemoryRegistry();
    return {
      createRegistrar,
      createDirectory,
      [Symbol.asyncDispose]: async () => {},
    };
  },
});
