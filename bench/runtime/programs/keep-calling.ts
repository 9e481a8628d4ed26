// What the clients under measurement have in common: 200 calls under way at
// once, each answer looked at.

import { announceProgram } from "../../support/announce.ts";

const AT_ONCE = 200;

/** What wire's server under bench/wire answers with. */
const GREETING = "grpc";

/** Be a client that makes as many calls as it is told to. Resolves at the end. */
export async function announceClient(
  call: () => Promise<{ readonly greeting: string }>,
): Promise<void> {
  const makeCalls = async (count: number) => {
    let made = 0;
    const caller = async () => {
      while (made < count) {
        made++;
        const { greeting } = await call();
        if (greeting !== GREETING) throw new Error(`a bad answer: ${greeting}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, caller));
  };
  await announceProgram({ port: 0, makeCalls });
}
