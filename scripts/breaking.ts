// Compares the contracts with those of origin's main branch: fails where a
// client or a server of that version would not understand this one.

import { run } from "./run.ts";

const BASE = "origin/main";

if (!(await run("git", "rev-parse", "--verify", BASE)).ok) {
  console.log(`breaking: there is no ${BASE} here, nothing to compare with`);
} else if (!(await run("git", "cat-file", "-e", `${BASE}:proto`)).ok) {
  console.log(`breaking: ${BASE} has no proto/, nothing to compare with`);
} else {
  const against = `.git#ref=${BASE},subdir=proto`;
  const { ok, output } = await run(
    ...(["buf", "breaking", "proto", "--against", against] as const),
  );
  console.log(ok ? `breaking: proto/ keeps what ${BASE} promised` : output);
  process.exitCode = ok ? 0 : 1;
}
