// Listening, with errors a person can act on.

import { type Address, formatAddress, PortolanError } from "../core/index.ts";
import type { Listener } from "../wire/index.ts";

/**
 * Make a listener listen. Resolves with the real address, port 0 replaced.
 *
 * Rejects with ERR_ADDRESS_IN_USE if something listens there already, with
 * ERR_USAGE if the address is none of this machine.
 */
export async function listenOn(
  listener: Listener,
  address: Address,
): Promise<Address> {
  try {
    const { address: host, port } = await listener.listen(address);
    return { host, port };
  } catch (cause) {
    const where = formatAddress(address);
    switch ((cause as NodeJS.ErrnoException).code) {
      case "EADDRINUSE":
        throw new PortolanError(
          "ERR_ADDRESS_IN_USE",
          `${where} is in use by another program: stop it, or choose another address with --listen`,
          { cause },
        );
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
      case "EACCES":
        throw new PortolanError(
          "ERR_USAGE",
          `can't listen on ${where}: ${(cause as Error).message}`,
          { cause },
        );
      default:
        throw cause;
    }
  }
}
