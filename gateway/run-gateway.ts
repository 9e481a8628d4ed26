// The gateway as a program.

import { formatAddress } from "../core/index.ts";
import { createLogger, logRegistry, waitForStop } from "../runtime/index.ts";
import { readGatewayConfig } from "./config/index.ts";
import { createDirectory } from "./create-directory.ts";
import { createGateway } from "./gateway.ts";

/**
 * Run a gateway until it is told to stop. `args` are the flags; see --help.
 *
 * It starts with nothing else up: calls are `unavailable` until the registry
 * has answered. Throws PortolanError for a wrong flag or an address in use.
 */
export async function runGateway(args: readonly string[]): Promise<void> {
  const config = readGatewayConfig(args);
  if (typeof config === "string") {
    process.stdout.write(config);
    return;
  }
  const logger = createLogger("gateway");
  const stopLogging = logRegistry(logger);
  await using directory = createDirectory(config);
  await using gateway = createGateway({
    directory,
    logger,
    corsOrigins: config["cors-origin"],
  });
  const address = await gateway.listen(config.listen);
  logger.info({ address: formatAddress(address) }, "listening");

  const reason = await waitForStop();
  logger.info({ reason }, "draining");
  gateway.drain();
  await new Promise((resolve) => setTimeout(resolve, config["drain-delay"]));
  await gateway.close(config["drain-timeout"]);
  stopLogging();
  logger.info("closed");
}
