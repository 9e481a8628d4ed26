// Commands to try, once everything answers.

import {
  type DescField,
  type DescMethod,
  ScalarType,
} from "@bufbuild/protobuf";
import { readRestRules, type Schema } from "../../rpc/index.ts";
import { DEMO_ACCOUNT } from "./services.ts";

const JSON_TYPE = "-H 'content-type: application/json'";

/**
 * Commands for the example services.
 */
export function exampleCommands(url: string): string[] {
  const { account, password } = DEMO_ACCOUNT;
  return [
    `curl ${JSON_TYPE} -d '{"name":"john"}' ${url}/greeter/hello`,
    `curl ${JSON_TYPE} -d '{"name":"john"}' ${url}/greeter.v1.GreeterService/Hello`,
    `npx buf curl ${url}/greeter.v1.GreeterService/Countdown -d '{"name":"john","from":3}'`,
    `npx buf curl ${url}/say.v1.SayService/Hello -d '{"from":"client","to":"server","msg":"hello aoho"}'`,
    `curl ${JSON_TYPE} -d '{"account":"${account}","password":"${password}"}' ${url}/user.v1.UserService/Login`,
    `npx buf curl ${url} --list-methods`,
  ];
}

/**
 * Commands for any services: one for each method that takes one message, with
 * its text fields to fill in, and one for each REST path.
 */
export function commandsFor(url: string, schemas: readonly Schema[]): string[] {
  const services = schemas.flatMap((schema) => schema.services);
  return services.flatMap((service) => {
    const rpcs = service.methods
      .filter(({ methodKind }) => !/client|bidi/.test(methodKind))
      .map(
        (method) =>
          `npx buf curl ${url}/${service.typeName}/${method.name} -d '${example(method)}'`,
      );
    const rests = readRestRules(service).routes.map(({ path, rpcPath }) => {
      const method = service.methods.find(({ name }) =>
        rpcPath.endsWith(`/${name}`),
      );
      const body = method === undefined ? "{}" : example(method);
      return `curl ${JSON_TYPE} -d '${body}' ${url}${path}`;
    });
    return [...rests, ...rpcs];
  });
}

function example({ input }: DescMethod): string {
  const fields = input.fields.flatMap((field) => {
    const value = exampleValue(field);
    return value === undefined ? [] : [[field.jsonName, value] as const];
  });
  return JSON.stringify(Object.fromEntries(fields));
}

/** Text is shown, empty, to be filled in; whatever it means, that is valid. */
function exampleValue(field: DescField): string | undefined {
  const isText =
    field.fieldKind === "scalar" && field.scalar === ScalarType.STRING;
  return isText && field.oneof === undefined ? "" : undefined;
}
