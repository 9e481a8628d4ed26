// Lets equal parts of many records be one: instances of a service have its
// name, its version, its digest and its lists in common, and decoding makes
// each anew. With 10,000 instances that is a third of a directory's memory.

import type { Instance } from "../../core/index.ts";

/** Forget what was shared when there is that much of it. */
const MOST_PARTS = 10_000;

/** Replaces the parts of an instance by equal ones that others have already. */
export type Share = (instance: Instance) => Instance;

/**
 * Create a function that shares the parts of all instances it is given. They
 * must not be changed afterwards.
 */
export function createSharing(): Share {
  const parts = new Map<string, unknown>();

  function shared<T>(key: string, part: T): T {
    const known = parts.get(key);
    // Only parts of the same kind are kept under a key of that kind.
    if (known !== undefined) return known as T;
    if (parts.size >= MOST_PARTS) parts.clear();
    parts.set(key, part);
    return part;
  }

  const text = (part: string) => shared(`text ${part}`, part);

  return (instance) => {
    const { services, protocols, metadata } = instance;
    instance.name = text(instance.name);
    instance.version = text(instance.version);
    instance.schemaDigest = text(instance.schemaDigest);
    instance.zone = text(instance.zone);
    instance.services = shared(`services ${services.join()}`, services);
    instance.protocols = shared(`protocols ${protocols.join()}`, protocols);
    instance.metadata = shared(
      `metadata ${JSON.stringify(metadata)}`,
      metadata,
    );
    return instance;
  };
}
