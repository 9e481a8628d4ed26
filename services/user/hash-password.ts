// Prints the hash of the password on standard input, for an accounts file:
//
//   printf %s "$password" | npx node services/user/hash-password.ts
//
// Not an argument: those are visible to everybody on the machine.

import { text } from "node:stream/consumers";
import { formatPasswordHash, hashPassword } from "./password.ts";

const password = (await text(process.stdin)).replace(/\r?\n$/, "");
if (password === "") {
  process.stderr.write("hash-password: no password on standard input\n");
  process.exitCode = 2;
} else {
  const hash = await hashPassword(password);
  process.stdout.write(`${formatPasswordHash(hash)}\n`);
}
