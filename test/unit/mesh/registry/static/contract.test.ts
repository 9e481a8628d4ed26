// A directory over a file keeps what every directory promises.

import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeInstance } from "../../../../../core/index.ts";
import { createStaticDirectory } from "../../../../../mesh/registry/index.ts";
import { directoryContract } from "../../../../../mesh/registry/testing/index.ts";

directoryContract({
  name: "static",
  async create() {
    const folder = await mkdtemp(join(tmpdir(), "portolan-static-"));
    const file = join(folder, "instances.json");
    let text = "[]";
    const write = async (what: string) => {
      await writeFile(`${file}.new`, what);
      await rename(`${file}.new`, file);
    };
    await write(text);
    return {
      createDirectory: () => createStaticDirectory({ file }),
      async publish(instances) {
        text = `[${instances.map(encodeInstance).join(",\n")}]`;
        await write(text);
      },
      outage: { begin: () => write("[{"), end: () => write(text) },
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
    };
  },
});
