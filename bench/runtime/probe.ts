// One call of each kind to whatever is about to be measured, by connect-node's
// clients, to see that it gives the right answers. The load generators see
// neither trailers nor messages.

import { deepStrictEqual } from "node:assert/strict";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
} from "@connectrpc/connect-node";
import { GreeterService } from "../../gen/greeter/v1/greeter_pb.ts";
import type { Subject } from "../support/subject.ts";
import { BlobService } from "./blob-service.ts";
import { NAME } from "./messages.ts";
import { BLOB, BLOBS, LINE, LINES } from "./routes.ts";

/** Who is asked. */
type Asked = Pick<Subject, "name" | "port">;

/** Rejects unless all calls of the greeter are answered rightly, in gRPC. */
export function probeGreeter(subject: Asked): Promise<void> {
  return named(subject, callGreeter(subject.port));
}

/** Rejects unless a greeting is answered rightly, in JSON. */
export function probeJson(
  subject: Asked,
  httpVersion: "1.1" | "2",
): Promise<void> {
  const baseUrl = urlOf(subject.port);
  const options = { baseUrl, httpVersion, useBinaryFormat: false };
  return named(subject, callHello(createConnectTransport(options)));
}

/** Rejects unless all calls of the blob service are answered rightly. */
export function probeBlobs(subject: Asked): Promise<void> {
  return named(subject, callBlobs(subject.port));
}

async function named({ name }: Asked, calls: Promise<void>): Promise<void> {
  try {
    await calls;
  } catch (error) {
    const message = error instanceof Error ? error.message : error;
    throw new Error(`${name}: ${message}`, { cause: error });
  }
}

async function callGreeter(port: number): Promise<void> {
  const transport = createGrpcTransport({ baseUrl: urlOf(port) });
  await callHello(transport);
  const greeter = createClient(GreeterService, transport);
  const lines: string[] = [];
  const answers = greeter.countdown({ from: LINES });
  for await (const { line } of answers) lines.push(line);
  deepStrictEqual(lines, new Array<string>(LINES).fill(LINE));
}

async function callBlobs(port: number): Promise<void> {
  const transport = createGrpcTransport({ baseUrl: urlOf(port) });
  const blobs = createClient(BlobService, transport);
  const isBlob = ({ value }: { readonly value: Uint8Array }) =>
    deepStrictEqual(Buffer.compare(value, BLOB), 0, "another message");
  isBlob(await blobs.echo({ value: BLOB }));
  const { value } = await blobs.upload(repeat({ value: BLOB }, BLOBS));
  deepStrictEqual(value, BLOBS * BLOB.length);
  let count = 0;
  for await (const message of blobs.download({ value: BLOBS })) {
    isBlob(message);
    count++;
  }
  deepStrictEqual(count, BLOBS);
}

async function callHello(transport: Transport): Promise<void> {
  const greeter = createClient(GreeterService, transport);
  const { greeting } = await greeter.hello({ name: NAME });
  deepStrictEqual(greeting, NAME);
}

async function* repeat<T>(value: T, times: number): AsyncGenerator<T> {
  for (let i = 0; i < times; i++) yield value;
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}
