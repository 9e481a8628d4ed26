// The user service as a program.

import { runService } from "../../runtime/index.ts";
import { routes } from "./routes.ts";
import { settings } from "./settings.ts";

await runService({ name: "user", routes, settings });
