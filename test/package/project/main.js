// A service in a project of its own, in plain JavaScript.

import { runService } from "portolan/runtime";
import { HelloService } from "./gen/hello/v1/hello_pb.js";

await runService({
  name: "hello",
  routes(router) {
    router.service(HelloService, {
      hello: ({ name }) => ({ greeting: `Hello ${name}` }),
    });
  },
});
