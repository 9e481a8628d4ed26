// Fails when a file imports what the table in layers.ts does not allow, or when
// files import each other in a circle.

import { checkLayers } from "./layers.ts";
import { readSources } from "./sources.ts";

const violations = checkLayers(await readSources());
for (const violation of violations) console.error(violation);
process.exitCode = violations.length === 0 ? 0 : 1;
