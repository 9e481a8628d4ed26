// The word everything here turns around: one running process that serves RPCs.
//
// The record's shape is proto/portolan/registry/v1/instance.proto; this file
// adds only how it is written, read and compared. No I/O.

import {
  create,
  equals,
  fromJsonString,
  type MessageInitShape,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  type Instance,
  InstanceSchema,
  Protocol,
  State,
} from "../gen/portolan/registry/v1/instance_pb.ts";
import { parseAddress } from "./address.ts";

export { type Instance, Protocol, State };

/**
 * Create an instance record. Fields that are not given keep their zero value.
 */
export function createInstance(
  fields: MessageInitShape<typeof InstanceSchema>,
): Instance {
  return create(InstanceSchema, fields);
}

/**
 * Encode an instance as the registry stores it: proto JSON, names in lower
 * camel case, fields at their zero value left out.
 */
export function encodeInstance(instance: Instance): string {
  return toJsonString(InstanceSchema, instance);
}

/**
 * Decode what a registry holds. Fields of a newer version are ignored.
 *
 * Returns an Error, never throws: a foreign value under our prefix must not
 * hide its neighbours.
 */
export function decodeInstance(json: string): Instance | Error {
  let instance: Instance;
  try {
    instance = fromJsonString(InstanceSchema, json, {
      ignoreUnknownFields: true,
    });
  } catch (cause) {
    return new Error("not an instance record", { cause });
  }
  if (instance.id === "") return new Error("instance record without an id");
  if (parseAddress(instance.address) instanceof Error) {
    return new Error(`instance ${instance.id} has no usable address`);
  }
  return instance;
}

/**
 * Tell whether two records say the same.
 */
export function equalInstances(a: Instance, b: Instance): boolean {
  return a === b || equals(InstanceSchema, a, b);
}
