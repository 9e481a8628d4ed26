// What goes over the wire: the bodies of requests, as files for h2load, and how
// long the bodies of their answers have to be.

import { writeFile } from "node:fs/promises";
import {
  create,
  type DescMessage,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import { BytesValueSchema, UInt32ValueSchema } from "@bufbuild/protobuf/wkt";
import {
  CountdownRequestSchema,
  HelloRequestSchema,
} from "../../gen/greeter/v1/greeter_pb.ts";
import { BLOB, BLOBS, LINES } from "./routes.ts";

/** Whom everybody greets: with its tag and length a message of 12 bytes. */
export const NAME = "cartograph";

/** What answers a greeting in JSON. */
export const HELLO_ANSWER_JSON = JSON.stringify({ greeting: NAME });

/** A gRPC message of no bytes. */
const ENVELOPE_BYTES = 5;

/** A call: what is sent, and how much comes back. */
export interface Message {
  readonly path: string;
  /** A file. */
  readonly body: string;
  readonly answerBytes: number;
}

/** Everything that is called. */
export interface Files {
  /** For whatever else is to be written. */
  readonly dir: string;
  readonly hello: Message;
  readonly helloJson: Message;
  readonly countdown: Message;
  readonly echo: Message;
  readonly upload: Message;
  readonly download: Message;
}

/** The path of the call that most rows make. */
export const HELLO_PATH = "/greeter.v1.GreeterService/Hello";

/** Write the files into an empty folder. */
export async function createFiles(dir: string): Promise<Files> {
  const create = async (
    path: string,
    body: Uint8Array,
    answerBytes: number,
    file = path.slice(path.lastIndexOf("/") + 1),
  ): Promise<Message> => {
    await writeFile(`${dir}/${file}`, body);
    return { path, body: `${dir}/${file}`, answerBytes };
  };
  const hello = envelope(HelloRequestSchema, { name: NAME });
  const json = Buffer.from(JSON.stringify({ name: NAME }));
  const lines = envelope(CountdownRequestSchema, { from: LINES });
  const blob = envelope(BytesValueSchema, { value: BLOB });
  const blobs = envelope(UInt32ValueSchema, { value: BLOBS });
  const total = envelope(UInt32ValueSchema, { value: BLOBS * BLOB.length });
  const upload = Buffer.concat(new Array<Buffer>(BLOBS).fill(blob));
  const lineBytes = ENVELOPE_BYTES + 100;
  return {
    dir,
    hello: await create(HELLO_PATH, hello, hello.length),
    helloJson: await create(
      ...([HELLO_PATH, json, HELLO_ANSWER_JSON.length, "hello.json"] as const),
    ),
    countdown: await create(
      "/greeter.v1.GreeterService/Countdown",
      lines,
      LINES * lineBytes,
    ),
    echo: await create("/bench.v1.BlobService/Echo", blob, blob.length),
    upload: await create("/bench.v1.BlobService/Upload", upload, total.length),
    download: await create(
      "/bench.v1.BlobService/Download",
      blobs,
      BLOBS * blob.length,
    ),
  };
}

/** A message as gRPC sends it. */
function envelope<S extends DescMessage>(
  schema: S,
  init: MessageInitShape<S>,
): Buffer {
  const message = toBinary(schema, create(schema, init));
  const head = Buffer.alloc(ENVELOPE_BYTES);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
