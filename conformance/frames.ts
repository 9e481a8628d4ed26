// How the runner and a program under test talk: protobuf messages on standard
// input and output, each behind its length in four bytes, big-endian.

import {
  type DescMessage,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

const LENGTH_BYTES = 4;

/**
 * Read the messages of a stream, until it ends. Throws if it ends within one.
 */
export async function* readMessages<Desc extends DescMessage>(
  schema: Desc,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<MessageShape<Desc>, void, undefined> {
  let buffer = Buffer.alloc(0);
  for await (const chunk of input) {
    buffer = Buffer.concat([buffer, chunk]);
    while (buffer.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + buffer.readUInt32BE();
      if (buffer.length < end) break;
      yield fromBinary(schema, buffer.subarray(LENGTH_BYTES, end));
      buffer = buffer.subarray(end);
    }
  }
  if (buffer.length > 0) throw new Error("the input ended within a message");
}

/**
 * Write a message, and wait until it has left.
 */
export function writeMessage<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  output: NodeJS.WritableStream,
): Promise<void> {
  const bytes = toBinary(schema, message);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(bytes.length);
  return new Promise((resolve, reject) => {
    output.write(Buffer.concat([length, bytes]), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
