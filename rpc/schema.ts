// The descriptors of some services and of all that they depend on: what
// reflection serves, what the gateway learns, and what the digest is made of.

import { createHash } from "node:crypto";
import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/**
 * A closed set of descriptors.
 */
export interface Schema {
  /** The services it was made for, sorted by name. */
  readonly services: readonly DescService[];
  /** Equal digests mean equal descriptors. "sha256:" and 64 hex digits. */
  readonly digest: string;
  /** Every file by its name, each with all the files it imports. */
  readonly files: ReadonlyMap<string, SchemaFile>;
  /** The name of the file that defines a fully-qualified name. */
  readonly symbols: ReadonlyMap<string, string>;
  /** The name of the file that extends a message, by message and number. */
  readonly extensions: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

/** One .proto file. */
export interface SchemaFile {
  readonly name: string;
  /** A serialized google.protobuf.FileDescriptorProto. */
  readonly bytes: Uint8Array;
  /** The names of the files it imports. */
  readonly imports: readonly string[];
}

/**
 * Collect the descriptors of services and all they depend on.
 */
export function createSchema(services: readonly DescService[]): Schema {
  const files = new Map<string, SchemaFile>();
  const symbols = new Map<string, string>();
  const extensions = new Map<string, Map<number, string>>();
  const add = (file: DescFile) => {
    const name = file.proto.name;
    if (files.has(name)) return;
    files.set(name, {
      name,
      bytes: toBinary(FileDescriptorProtoSchema, file.proto),
      imports: file.dependencies.map(({ proto }) => proto.name),
    });
    for (const symbol of symbolsOf(file)) symbols.set(symbol, name);
    for (const type of nestedTypes(file)) {
      if (type.kind !== "extension") continue;
      const numbers = extensions.get(type.extendee.typeName) ?? new Map();
      extensions.set(type.extendee.typeName, numbers.set(type.number, name));
    }
    for (const dependency of file.dependencies) add(dependency);
  };
  const sorted = [...services].sort((a, b) =>
    a.typeName < b.typeName ? -1 : 1,
  );
  for (const service of sorted) add(service.file);
  return {
    services: sorted,
    digest: digestOf(sorted, files),
    files,
    symbols,
    extensions,
  };
}

function* symbolsOf(file: DescFile): Generator<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    if (type.kind === "service")
      for (const method of type.methods)
        yield `${type.typeName}.${method.name}`;
    if (type.kind === "message")
      for (const field of type.fields) yield `${type.typeName}.${field.name}`;
  }
}

/**
 * A file, then all it imports, each once. The one that was asked for comes
 * first: some reflection clients take the first of an answer for it.
 */
export function withImports(schema: Schema, fileName: string): SchemaFile[] {
  const names = new Set([fileName]);
  // A Set is iterated in the order of insertion, later insertions included.
  for (const name of names) {
    for (const imported of schema.files.get(name)?.imports ?? [])
      names.add(imported);
  }
  return [...names].flatMap((name) => schema.files.get(name) ?? []);
}

function digestOf(
  services: readonly DescService[],
  files: ReadonlyMap<string, SchemaFile>,
): string {
  const hash = createHash("sha256");
  for (const { typeName } of services) hash.update(`${typeName}\n`);
  for (const name of [...files.keys()].sort()) {
    const bytes = files.get(name)?.bytes ?? new Uint8Array();
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return `sha256:${hash.digest("hex")}`;
}
