// gRPC server reflection, v1 and v1alpha, over any number of schemas.
// https://github.com/grpc/grpc/blob/master/doc/server-reflection.md

import { Code } from "@connectrpc/connect";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  type ServerReflectionRequest as ServerReflectionRequestV1Alpha,
  ServerReflection as ServerReflectionV1Alpha,
} from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { type Schema, withImports } from "../rpc/index.ts";
import type { DefineRoutes } from "./routes.ts";

/** The two versions differ in nothing but their package. */
type Request = ServerReflectionRequest | ServerReflectionRequestV1Alpha;

/**
 * Serve reflection.
 *
 * `schemas` is asked anew for every request. Where several know a name, the
 * first one answers; files come with all they import, so that an answer never
 * mixes schemas.
 */
export function createReflectionRoutes(
  schemas: () => readonly Schema[],
): DefineRoutes {
  async function* serverReflectionInfo(requests: AsyncIterable<Request>) {
    for await (const request of requests) {
      yield {
        validHost: request.host,
        messageResponse: answer(schemas(), request.messageRequest),
      };
    }
  }
  return (router) =>
    router
      .service(ServerReflection, { serverReflectionInfo })
      .service(ServerReflectionV1Alpha, { serverReflectionInfo });
}

function answer(
  schemas: readonly Schema[],
  request: Request["messageRequest"],
) {
  switch (request.case) {
    case "listServices": {
      const names = schemas.flatMap(({ services }) =>
        services.map(({ typeName }) => typeName),
      );
      const service = [...new Set(names)].sort().map((name) => ({ name }));
      return { case: "listServicesResponse" as const, value: { service } };
    }
    case "fileByFilename": {
      const name = request.value;
      return files(schemas, `file "${name}"`, ({ files }) =>
        files.has(name) ? name : undefined,
      );
    }
    case "fileContainingSymbol": {
      const name = request.value;
      return files(schemas, `symbol "${name}"`, ({ symbols }) =>
        symbols.get(name),
      );
    }
    case "fileContainingExtension": {
      const { containingType: type, extensionNumber: number } = request.value;
      return files(
        schemas,
        `extension ${number} of "${type}"`,
        ({ extensions }) => extensions.get(type)?.get(number),
      );
    }
    case "allExtensionNumbersOfType": {
      const baseTypeName = request.value;
      const known = schemas.filter(({ symbols }) => symbols.has(baseTypeName));
      if (known.length === 0) return notFound(`type "${baseTypeName}"`);
      const extensionNumber = known.flatMap(({ extensions }) => [
        ...(extensions.get(baseTypeName)?.keys() ?? []),
      ]);
      return {
        case: "allExtensionNumbersResponse" as const,
        value: { baseTypeName, extensionNumber: [...new Set(extensionNumber)] },
      };
    }
    default:
      return error(Code.InvalidArgument, "the request asks for nothing known");
  }
}

function files(
  schemas: readonly Schema[],
  what: string,
  find: (schema: Schema) => string | undefined,
) {
  for (const schema of schemas) {
    const name = find(schema);
    if (name === undefined) continue;
    const fileDescriptorProto = withImports(schema, name).map(
      ({ bytes }) => bytes,
    );
    return {
      case: "fileDescriptorResponse" as const,
      value: { fileDescriptorProto },
    };
  }
  return notFound(what);
}

function notFound(what: string) {
  return error(Code.NotFound, `${what} is not known here`);
}

function error(errorCode: Code, errorMessage: string) {
  return {
    case: "errorResponse" as const,
    value: { errorCode, errorMessage },
  };
}
