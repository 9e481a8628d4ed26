// One call to whatever is about to be measured, to see that it gives the whole
// answer. The load generators see no bodies, and h2load no trailers.

import { connect } from "node:http2";

const MESSAGE_BYTES = 11;

/**
 * Call `path` on a port of 127.0.0.1. Rejects unless the answer is 200 with a
 * message and the trailer "grpc-status: 0".
 */
export async function probe(port: number, path: string): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    await new Promise<void>((resolve, reject) => {
      session.on("error", reject);
      const call = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
      });
      const found: { status?: unknown; trailer?: unknown } = {};
      let bytes = 0;
      call.on("response", (headers) => {
        found.status = headers[":status"];
      });
      call.on("trailers", (trailers) => {
        found.trailer = trailers["grpc-status"];
      });
      call.on("data", (data: Buffer) => {
        bytes += data.length;
      });
      call.on("error", reject);
      call.on("close", () => {
        const { status, trailer } = found;
        if (status === 200 && trailer === "0" && bytes === MESSAGE_BYTES) {
          resolve();
          return;
        }
        const answer = `status ${status}, ${bytes} bytes, grpc-status ${trailer}`;
        reject(new Error(`a bad answer: ${answer}`));
      });
      call.end(Buffer.alloc(MESSAGE_BYTES));
    });
  } finally {
    session.destroy();
  }
}
