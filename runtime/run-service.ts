// A service as a program: configured by flags, registered in etcd, stopped by
// a signal without losing a call.

import type { ConnectRouter, Interceptor } from "@connectrpc/connect";
import {
  createInstance,
  createInstanceId,
  formatAddress,
  type Instance,
  Protocol,
  State,
} from "../core/index.ts";
import {
  createEtcdRegistrar,
  type Registration,
} from "../mesh/registry/index.ts";
import { advertisedAddress } from "./advertise.ts";
import {
  readServiceConfig,
  type ServiceConfig,
  type Settings,
} from "./config/index.ts";
import { createLoggingInterceptor } from "./interceptors/logging.ts";
import { createRateLimitInterceptor } from "./interceptors/rate-limit.ts";
import { logRegistry } from "./log-registry.ts";
import { createLogger, type Logger } from "./logger.ts";
import { runProgram } from "./program.ts";
import { createRouteRecorder } from "./routes.ts";
import {
  createRecordedServer,
  type ServiceServer,
  type ServiceServerOptions,
} from "./service-server.ts";
import { waitForStop } from "./stop-signal.ts";

/** No timer of Node's takes longer: some 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * What a service is.
 */
export interface ServiceOptions {
  /** The name it registers under, unless --name says otherwise. */
  readonly name: string;

  /**
   * Define what is served, with Connect's own router. A promise is awaited, any
   * other result ignored. A PortolanError thrown here ends the program with its
   * message.
   */
  readonly routes: (router: ConnectRouter, context: ServiceContext) => unknown;

  /** Flags of the service's own, beside those that every service has. */
  readonly settings?: Settings;

  /** Wrapped around every call, inside of logging and rate limit. */
  readonly interceptors?: readonly Interceptor[];

  /**
   * Runs before the body of a call is read, and before all interceptors: what
   * it throws is the answer. The place to find out who calls. Defaults to none.
   */
  readonly requestGate?: ServiceServerOptions["requestGate"];
}

/**
 * What a service finds when it starts.
 */
export interface ServiceContext {
  readonly logger: Logger;
  /** The values of `settings`; only those that have one. */
  readonly settings: Readonly<Record<string, string>>;
  /** Aborts when the service begins to leave. */
  readonly signal: AbortSignal;
}

/**
 * Run a service until it is told to stop: the last line of a main.ts.
 *
 * Reads the command line and the environment (see --help), listens, registers
 * in etcd, and on SIGTERM or SIGINT announces its departure, serves on for
 * --drain-delay, lets calls finish, and resolves. An etcd that is away delays
 * neither start nor end.
 */
export function runService(options: ServiceOptions): Promise<void> {
  return runProgram(options.name, async () => {
    const config = readServiceConfig(options.name, options.settings ?? {});
    if (typeof config === "string") {
      process.stdout.write(config);
      return;
    }
    await serve(options, config);
  });
}

async function serve(
  options: ServiceOptions,
  config: ServiceConfig,
): Promise<void> {
  const { flags } = config;
  const logger = createLogger(flags.name ?? options.name);
  const leaving = new AbortController();
  const context = {
    logger,
    settings: config.settings,
    signal: leaving.signal,
  };
  const recorder = createRouteRecorder();
  await options.routes(recorder.router, context);
  const server = createRecordedServer(recorder.finish(), {
    interceptors: createInterceptors(options, config, logger),
    ...(options.requestGate && { requestGate: options.requestGate }),
  });
  for (const rule of server.unsupportedRest) logger.warn(rule);

  const listening = await server.listen(flags.listen);
  logger.info({ address: formatAddress(listening) }, "listening");
  const stop = waitForStop({ withParent: config.stopWithParent });
  const stopLogging = logRegistry(logger);
  const registrar = createEtcdRegistrar(config.etcd);
  const instance = describeInstance(server, {
    id: flags.id ?? createInstanceId(),
    name: flags.name ?? options.name,
    version: flags.version,
    address: formatAddress(flags.advertise ?? advertisedAddress(listening)),
  });
  const registration = registrar.register(instance);
  // Whoever started this process with an IPC channel is told when it is up.
  const ready = registration.registered.then(() =>
    process.send?.({ registered: instance.id }),
  );
  try {
    // Only a failed registration ends this race before the signal does.
    const reason = await Promise.race([stop, ready.then(() => stop)]);
    logger.info({ reason }, "draining");
    leaving.abort();
    await leave(server, registration, config);
  } finally {
    await registration.close();
    await registrar.close();
    await server.close();
    stopLogging();
  }
  logger.info("closed");
  if (process.connected) process.disconnect();
}

/** From "serving" to "draining": nobody sends new calls, the old ones end. */
async function leave(
  server: ServiceServer,
  registration: Registration,
  { flags }: ServiceConfig,
): Promise<void> {
  server.drain();
  await registration.drain();
  const delayMs = Math.min(flags["drain-delay"], MAX_TIMER_MS);
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await server.close(flags["drain-timeout"]);
}

function createInterceptors(
  options: ServiceOptions,
  { flags }: ServiceConfig,
  logger: Logger,
): Interceptor[] {
  const interceptors = [createLoggingInterceptor({ logger })];
  if (flags.rate !== undefined) {
    interceptors.push(
      createRateLimitInterceptor({
        ratePerSecond: flags.rate,
        burst: flags.burst,
      }),
    );
  }
  return [...interceptors, ...(options.interceptors ?? [])];
}

function describeInstance(
  { schema }: ServiceServer,
  fields: Pick<Instance, "id" | "name" | "version" | "address">,
): Instance {
  return createInstance({
    ...fields,
    services: schema.services.map(({ typeName }) => typeName),
    schemaDigest: schema.digest,
    protocols: [Protocol.GRPC, Protocol.GRPC_WEB, Protocol.CONNECT],
    state: State.SERVING,
  });
}
