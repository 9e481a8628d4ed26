// "host:port" as people write it, IPv6 included. RFC 3986, section 3.2.2: an
// IPv6 host stands in brackets.

/**
 * A host and a port to listen on or to connect to.
 */
export interface Address {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 0 to 65535; 0 asks the system for a free port. */
  readonly port: number;
}

/**
 * Parse "host:port" or "[ipv6]:port". Returns an Error that says what is
 * missing.
 */
export function parseAddress(text: string): Address | Error {
  const match = /^(?:\[([^\]]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65535) {
    return new Error(
      `"${text.replace(/\/\/[^/]*@/, "//")}" is not host:port (for example 127.0.0.1:8881 or [::1]:8881)`,
    );
  }
  return { host, port };
}

/**
 * Write an address as parseAddress() reads it.
 */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Tell whether a host means "all interfaces", which nobody can connect to.
 */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

/**
 * Parse "host:port[,host:port...]". Returns the addresses as they were
 * written, or an Error that names the first wrong one.
 */
export function parseAddresses(text: string): readonly string[] | Error {
  const parts = text.split(",").map((part) => part.trim());
  for (const part of parts) {
    const address = parseAddress(part);
    if (address instanceof Error) return address;
  }
  return parts;
}
