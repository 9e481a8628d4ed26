// How the origins of web pages are written in flags. RFC 6454, section 7.

/**
 * Parse a comma-separated list of origins: scheme, host and, if it is not the
 * scheme's own, port; "*" stands for any port or for one label of the host.
 */
export function parseOrigins(text: string): readonly string[] | Error {
  const origins = text
    .split(",")
    .map((origin) => origin.trim().toLowerCase())
    .filter((origin) => origin !== "");
  for (const origin of origins) {
    if (!/^https?:\/\/(\[[0-9a-f:]+\]|[\w.*-]+)(:(\d+|\*))?$/.test(origin)) {
      return new Error(
        `"${origin}" is not an origin (for example https://app.example.com or http://localhost:*)`,
      );
    }
  }
  return origins;
}
