// Services and gateways as real processes on free ports, found through a
// registry: what the tests through the front door run.

import { type Program, root, startProgram } from "./program.ts";

/** How to start a service or a gateway. */
export interface StartOptions {
  /** "host:port" of the registry. */
  readonly etcd: string;
  /** More flags. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A service or a gateway that answers. */
export interface Running extends AsyncDisposable {
  readonly program: Program;
  /** "host:port" */
  readonly address: string;
  /** "http://host:port" */
  readonly url: string;
}

/** A service that is registered. */
export interface RunningService extends Running {
  /** Its instance id. */
  readonly id: string;
}

/**
 * Start a service and wait until it is registered. `main` is relative to the
 * top of the repository, "services/greeter/main.ts" for example.
 *
 * The drain delay is 0 unless `flags` say otherwise.
 */
export async function startService(
  main: string,
  options: StartOptions,
): Promise<RunningService> {
  const program = startProgram({
    args: [
      main,
      ...["--etcd", options.etcd, "--listen", "127.0.0.1:0"],
      ...["--drain-delay", "0", ...(options.flags ?? [])],
    ],
    env: { ...options.env },
  });
  const { fields } = await program.line(
    (line) => line.fields["msg"] === "registration live",
  );
  const running = await listening(program);
  return { ...running, id: String(fields["id"]) };
}

/**
 * Start a gateway and wait until it has heard the registry. What it needs to
 * know of services that are there already may still be on its way.
 */
export async function startGateway(options: StartOptions): Promise<Running> {
  const program = startProgram({
    args: [
      `${root}cli/main.ts`,
      ...["gateway", "--etcd", options.etcd, "--listen", "127.0.0.1:0"],
      ...["--drain-delay", "0", ...(options.flags ?? [])],
    ],
    env: { ...options.env },
  });
  await program.line((line) => line.fields["msg"] === "registry synced");
  return listening(program);
}

async function listening(program: Program): Promise<Running> {
  const { fields } = await program.line(
    (line) => line.fields["msg"] === "listening",
  );
  const address = String(fields["address"]);
  return {
    program,
    address,
    url: `http://${address}`,
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/**
 * Wait until a gateway knows the schema of a proto service, and with it the
 * REST paths and the reflection of it.
 */
export async function schemaLearned(
  gateway: Running,
  service: string,
): Promise<void> {
  await gateway.program.line(({ fields }) => {
    const services = fields["services"];
    return (
      fields["msg"] === "schema learned" &&
      Array.isArray(services) &&
      services.includes(service)
    );
  });
}
