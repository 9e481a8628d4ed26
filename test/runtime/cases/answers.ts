// Plain answers, in every format and over both HTTP versions.

import { compareSides } from "../support/compare.ts";
import { FORMATS, hello, helloBody } from "../support/formats.ts";

compareSides("an answer", [
  ...FORMATS.flatMap((format) =>
    format.protocol === "grpc"
      ? [{ name: `is greeted, ${format.name}`, request: hello(format) }]
      : ([1, 2] as const).map((http) => ({
          name: `is greeted, ${format.name} over HTTP/${http}`,
          request: hello(format, [], { http }),
        })),
  ),
  ...FORMATS.map((format) => ({
    name: `to an empty message, ${format.name}`,
    request: hello(format, [], { pieces: [helloBody(format, "")] }),
  })),
]);
