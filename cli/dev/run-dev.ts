// `portolan dev`: a registry and the gateway in this process, each service in
// one of its own, until Ctrl-C.

import {
  type Address,
  formatAddress,
  isWildcard,
  parseFlags,
  State,
} from "../../core/index.ts";
import { startEmbeddedEtcd } from "../../embedded-etcd/index.ts";
import { createGateway } from "../../gateway/index.ts";
import {
  createEtcdDirectory,
  type Directory,
  type EtcdOptions,
  etcdEnv,
  toEtcdOptions,
} from "../../mesh/registry/index.ts";
import { createLogger, logRegistry, waitForStop } from "../../runtime/index.ts";
import { type DevFlagValues, devFlags, devHelp } from "./flags.ts";
import { startFleet } from "./fleet.ts";
import { createPrinter } from "./output.ts";
import { exampleServices, namedServices } from "./services.ts";
import { commandsFor, exampleCommands } from "./suggestions.ts";
import { watchServices } from "./watch.ts";

/**
 * Run everything until told to stop.
 *
 * Throws PortolanError, and leaves nothing running: ERR_ADDRESS_IN_USE if the
 * gateway's address is taken, ERR_START_FAILED if a service does not start.
 */
export async function runDev(args: readonly string[]): Promise<void> {
  const source = { args, env: process.env, positionals: true };
  const { values, positionals, help } = parseFlags(devFlags, source);
  if (help) {
    process.stdout.write(devHelp());
    return;
  }
  const real = realEtcd(values);
  const stop = waitForStop();
  const isExample = positionals.length === 0;
  // Everything below ends in the reverse order of its beginning.
  await using services = isExample
    ? await exampleServices()
    : await namedServices(positionals);
  const labels = ["gateway", ...services.specs.map(({ label }) => label)];
  const width = Math.max(...labels.map(({ length }) => length));
  const print = createPrinter("gateway", width);
  const logger = createLogger("gateway", {
    write: (line) => print(line.trimEnd()),
  });

  await using embedded = real ? undefined : await startEmbeddedEtcd();
  const etcd = real ?? {
    hosts: [embedded?.address ?? ""],
    namespace: values.namespace,
  };
  using _logging = { [Symbol.dispose]: logRegistry(logger) };
  await using directory = createEtcdDirectory(etcd);
  await using gateway = createGateway({
    directory,
    logger,
    corsOrigins: values["cors-origin"],
  });
  const address = await gateway.listen(values.listen);
  await using fleet = startFleet(services.specs, serviceEnv(etcd), width);

  const ids = await Promise.race([fleet.started(), stop.then(() => [])]);
  let endWatch = () => {};
  const isUp =
    ids.length > 0 &&
    (await Promise.race([
      whenListed(directory, ids)
        .then(() => gateway.settled())
        .then(() => true),
      stop.then(() => false),
    ]));
  if (isUp) {
    // Who reads that it is up may change a file at once.
    if (values.watch)
      endWatch = watchServices(
        services.specs,
        (changed) => void fleet.restart(changed),
      );
    const url = `http://${formatAddress(reachable(address))}`;
    welcome(
      url,
      etcd.hosts,
      isExample ? exampleCommands(url) : commandsFor(url, gateway.schemas),
    );
  }
  await stop;
  endWatch();
  process.stdout.write("Stopping.\n");
}

/** The etcd that the flags name; undefined if they name none. */
function realEtcd(values: DevFlagValues): EtcdOptions | undefined {
  const { etcd } = values;
  return etcd === undefined ? undefined : toEtcdOptions({ ...values, etcd });
}

/** What the services are told; a service of anybody's own may ignore it. */
function serviceEnv(etcd: EtcdOptions): Record<string, string> {
  return {
    ...etcdEnv(etcd),
    PORTOLAN_LISTEN: "127.0.0.1:0",
    // Nobody waits for a load balancer here.
    PORTOLAN_DRAIN_DELAY: "0",
    PORTOLAN_DRAIN_TIMEOUT: "2s",
  };
}

/** Resolves when the directory lists all of some instances. */
function whenListed(
  directory: Directory,
  ids: readonly string[],
): Promise<void> {
  return new Promise((resolve) => {
    const end = directory.subscribe(({ instances }) => {
      const serving = new Set(
        instances
          .filter(({ state }) => state === State.SERVING)
          .map(({ id }) => id),
      );
      if (!ids.every((id) => serving.has(id))) return;
      resolve();
      // Not at once: the first call comes before `end` is there.
      queueMicrotask(() => end());
    });
  });
}

/** An address that a browser on this machine can open. */
function reachable({ host, port }: Address): Address {
  return { host: isWildcard(host) ? "127.0.0.1" : host, port };
}

function welcome(
  url: string,
  hosts: readonly string[],
  commands: readonly string[],
): void {
  const list = commands.map((command) => `  ${command}\n`).join("");
  process.stdout.write(
    `\nPortolan is up, the gateway listens on ${url}. Try:\n\n${list}\nThe registry is at --etcd ${hosts.join(",")}.\n\nCtrl-C stops everything.\n\n`,
  );
}
