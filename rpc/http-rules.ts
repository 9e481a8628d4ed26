// REST paths of RPCs, as their descriptors declare them with the option
// google.api.http.
//
// Served so far: `post` with `body: "*"` and a path without variables. Such a
// request is the RPC's own JSON request under another path.

import { type DescService, getOption, hasOption } from "@bufbuild/protobuf";
import { http } from "../gen/google/api/annotations_pb.ts";
import type { HttpRule } from "../gen/google/api/http_pb.ts";

/** A REST path and the RPC behind it. */
export interface RestRoute {
  /** "POST". */
  readonly verb: string;
  /** "/greeter/hello" */
  readonly path: string;
  /** Fully qualified: "greeter.v1.GreeterService". */
  readonly service: string;
  /** "/greeter.v1.GreeterService/Hello" */
  readonly rpcPath: string;
}

/** What the descriptors of a service say about REST. */
export interface RestRules {
  readonly routes: readonly RestRoute[];
  /** Rules that are not served yet, each with the reason. */
  readonly unsupported: readonly string[];
}

/**
 * Read the google.api.http options of a service's methods.
 */
export function readRestRules(service: DescService): RestRules {
  const routes: RestRoute[] = [];
  const unsupported: string[] = [];
  for (const method of service.methods) {
    if (!hasOption(method, http)) continue;
    const rpc = `${service.typeName}/${method.name}`;
    const main = getOption(method, http);
    for (const rule of [main, ...main.additionalBindings]) {
      const path = simplePostPath(rule);
      if (method.methodKind !== "unary") {
        unsupported.push(`${rpc}: REST for streams is not served`);
      } else if (path === undefined) {
        unsupported.push(
          `${rpc}: only post with body "*" and a path without variables is served, not ${rule.pattern.case} ${String(rule.pattern.value)}`,
        );
      } else {
        const rpcPath = `/${rpc}`;
        routes.push({ verb: "POST", path, service: service.typeName, rpcPath });
      }
    }
  }
  return { routes, unsupported };
}

function simplePostPath(rule: HttpRule): string | undefined {
  const { pattern, body, responseBody } = rule;
  const simple = pattern.case === "post" && body === "*" && responseBody === "";
  return simple && /^\/[^{}*:?#]*$/.test(pattern.value)
    ? pattern.value
    : undefined;
}
