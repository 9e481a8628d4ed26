// The say service as a program.

import { runService } from "../../runtime/index.ts";
import { routes } from "./routes.ts";

await runService({ name: "say", routes });
