// `portolan list`: who is registered.

import {
  describeFlags,
  type Instance,
  PortolanError,
  parseFlags,
  State,
} from "../core/index.ts";
import {
  createEtcdDirectory,
  type Directory,
  etcdFlags,
  registryFailures,
  type Snapshot,
  toEtcdOptions,
} from "../mesh/registry/index.ts";

/** How long the registry may take to answer, in milliseconds. */
const TIMEOUT_MS = 5_000;

const STATE_NAMES: Readonly<Record<State, string>> = {
  [State.UNSPECIFIED]: "-",
  [State.SERVING]: "serving",
  [State.DRAINING]: "draining",
};

/**
 * Print a table of all registered instances.
 */
export async function runList(args: readonly string[]): Promise<void> {
  const { values, help } = parseFlags(etcdFlags, { args, env: process.env });
  if (help) {
    process.stdout.write(
      `portolan list: the registered instances.\n\nFlags [default, environment variable]:\n${describeFlags(etcdFlags)}\n`,
    );
    return;
  }
  await using directory = createEtcdDirectory(toEtcdOptions(values));
  const { instances } = await firstSnapshot(directory, values.etcd);
  process.stdout.write(
    instances.length === 0
      ? "No instance is registered.\n"
      : formatTable(instances),
  );
}

function firstSnapshot(
  directory: Directory,
  hosts: readonly string[],
): Promise<Snapshot> {
  return new Promise((resolve, reject) => {
    let cause: Error | undefined;
    const endFailures = registryFailures.subscribe(({ reason }) => {
      cause = reason;
    });
    const timeout = setTimeout(() => {
      end();
      const message = `etcd at ${hosts.join(",")} did not answer within ${TIMEOUT_MS / 1000} s${cause ? ` (${cause.message})` : ""}: is it running, is --etcd right?`;
      reject(new PortolanError("ERR_REGISTRY_UNAVAILABLE", message, { cause }));
    }, TIMEOUT_MS);
    const endSnapshots = directory.subscribe((snapshot) => {
      if (snapshot.freshness === "never") return;
      // Observers are called while they subscribe: end() needs the result.
      queueMicrotask(end);
      resolve(snapshot);
    });
    const end = () => {
      clearTimeout(timeout);
      endFailures();
      endSnapshots();
    };
  });
}

function formatTable(instances: readonly Instance[]): string {
  const rows = [
    ["NAME", "ID", "ADDRESS", "VERSION", "STATE", "SERVICES"],
    ...instances.map(({ name, id, address, version, state, services }) => [
      name,
      id,
      address,
      version === "" ? "-" : version,
      STATE_NAMES[state],
      services.join(","),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell = "", column) => cell.padEnd((widths[column] ?? 0) + 2))
        .join("")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
