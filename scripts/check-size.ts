// Fails when a source file is longer than size.ts allows.

import { checkSize } from "./size.ts";
import { readSources } from "./sources.ts";

const violations = checkSize(await readSources());
for (const violation of violations) console.error(violation);
process.exitCode = violations.length === 0 ? 0 : 1;
