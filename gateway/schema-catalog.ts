// What the gateway knows of the services behind it: one schema per digest,
// asked of an instance when the digest is first met, and kept.

import { Code, ConnectError } from "@connectrpc/connect";
import { createBackoff, errorMessage, type Instance } from "../core/index.ts";
import type { Snapshot } from "../mesh/registry/index.ts";
import { type RestRoute, readRestRules, type Schema } from "../rpc/index.ts";
import type { Logger } from "../runtime/index.ts";
import { fetchSchema } from "./schema-client.ts";

/**
 * Learns schemas as instances appear.
 */
export interface SchemaCatalog {
  /** What is known, those in use first, the newest first among equals. */
  readonly schemas: readonly Schema[];

  /** The REST route of a path, of any service ever seen. */
  findRest(path: string): RestRoute | undefined;

  /** Take note of who is there now; learn what is new in the background. */
  update(snapshot: Snapshot): void;

  /** Resolves when nothing that was asked for is unanswered. */
  settled(): Promise<void>;

  /** Stop asking. */
  close(): void;
}

/** One digest: being asked for, known, or not to be had. */
interface Entry {
  readonly learning: Promise<void>;
  schema?: Schema;
}

/**
 * Create a catalog that knows nothing yet.
 */
export function createSchemaCatalog(logger: Logger): SchemaCatalog {
  const entries = new Map<string, Entry>();
  // By path: who claims it, in the order in which they came.
  const rest = new Map<string, RestRoute[]>();
  const backoff = createBackoff({ initialMs: 200, maxMs: 5_000 });
  let schemas: readonly Schema[] = [];
  let snapshot: Snapshot | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;

  async function learn(instance: Instance): Promise<void> {
    const { schemaDigest: digest, id, address } = instance;
    try {
      const schema = await fetchSchema(instance);
      const entry = entries.get(digest);
      if (entry !== undefined) entry.schema = schema;
      addRest(schema);
      sort();
      backoff.reset();
      const services = schema.services.map(({ typeName }) => typeName);
      logger.info({ digest, id, services }, "schema learned");
    } catch (reason) {
      const fields = { digest, id, address, error: errorMessage(reason) };
      if (ConnectError.from(reason).code === Code.Unimplemented) {
        logger.info(fields, "instance without reflection: forwarded to only");
        return;
      }
      entries.delete(digest);
      if (closed) return;
      logger.warn(fields, "schema not learned, trying on");
      retry ??= setTimeout(() => {
        retry = undefined;
        if (snapshot !== undefined) update(snapshot);
      }, backoff.next());
    }
  }

  function addRest(schema: Schema): void {
    for (const service of schema.services) {
      for (const route of readRestRules(service).routes) {
        const claims = rest.get(route.path) ?? [];
        const mine = claims.findIndex(
          (claim) => claim.service === route.service,
        );
        if (mine >= 0) claims[mine] = route;
        else rest.set(route.path, [...claims, route]);
        const keeps = findRest(route.path)?.service;
        if (mine >= 0 || keeps === route.service) continue;
        logger.warn(
          { path: route.path, keeps, claims: route.service },
          "two services claim one REST path: the first one keeps it",
        );
      }
    }
  }

  /** The first who claims a path and is there; if nobody is, the first. */
  function findRest(path: string): RestRoute | undefined {
    const claims = rest.get(path);
    return (
      claims?.find(({ service }) => snapshot?.serving.has(service)) ??
      claims?.[0]
    );
  }

  function sort(): void {
    const used = new Set(snapshot?.instances.map((i) => i.schemaDigest));
    const newestFirst = [...entries].reverse();
    const inUse = newestFirst.filter(([digest]) => used.has(digest));
    const others = newestFirst.filter(([digest]) => !used.has(digest));
    schemas = [...inUse, ...others].flatMap(([, { schema }]) => schema ?? []);
  }

  function update(next: Snapshot): void {
    snapshot = next;
    for (const instance of next.instances) {
      const { schemaDigest: digest } = instance;
      if (closed || digest === "" || entries.has(digest)) continue;
      // Any instance of the digest will do; after a failure another turn.
      const same = next.instances.filter((i) => i.schemaDigest === digest);
      const one = same[Math.floor(Math.random() * same.length)] ?? instance;
      const entry: Entry = {
        learning: Promise.resolve().then(() => learn(one)),
      };
      entries.set(digest, entry);
    }
    forgetSuperseded();
    sort();
  }

  /** Drop what nobody has any more and somebody newer describes as well. */
  function forgetSuperseded(): void {
    const used = new Set(snapshot?.instances.map((i) => i.schemaDigest));
    const described = new Set<string>();
    for (const [digest, { schema }] of [...entries].reverse()) {
      const names = schema?.services.map(({ typeName }) => typeName) ?? [];
      const superseded = names.every((name) => described.has(name));
      if (schema && superseded && !used.has(digest)) entries.delete(digest);
      for (const name of names) described.add(name);
    }
  }

  return {
    get schemas() {
      return schemas;
    },
    findRest,
    update,
    async settled() {
      await Promise.all([...entries.values()].map(({ learning }) => learning));
    },
    close() {
      closed = true;
      clearTimeout(retry);
    },
  };
}
