// What node:http itself costs: the answer to one JSON call, known before it is
// asked for.

import { createServer } from "node:http";
import { announce } from "../../support/announce.ts";
import { HELLO_ANSWER_JSON } from "../messages.ts";

const answer = Buffer.from(HELLO_ANSWER_JSON);
const headers = {
  "content-type": "application/json",
  "content-length": answer.length,
};

await announce(
  createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      response.writeHead(200, headers);
      response.end(answer);
    });
  }),
);
