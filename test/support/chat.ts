// A call that stays open as long as a test wants: the greeter's Chat.

import { createClient, type Transport } from "@connectrpc/connect";
import { GreeterService } from "../../gen/greeter/v1/greeter_pb.ts";

/** An open chat. */
export interface Chat {
  /** Send a line and wait for the answer to it. */
  say(line: string): Promise<string>;
  /** Send no more, and wait until the call has ended well. */
  end(): Promise<void>;
}

/** Open a chat. The call begins with the first line. */
export function openChat(transport: Transport): Chat {
  const lines: { line: string }[] = [];
  let wake = () => {};
  let over = false;
  async function* requests() {
    for (;;) {
      const next = lines.shift();
      if (next !== undefined) yield next;
      else if (over) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  const client = createClient(GreeterService, transport);
  const answers = client.chat(requests())[Symbol.asyncIterator]();
  return {
    async say(line) {
      lines.push({ line });
      wake();
      const { value, done } = await answers.next();
      if (done) throw new Error("the chat has ended");
      return value.line;
    },
    async end() {
      over = true;
      wake();
      const { done } = await answers.next();
      if (!done) throw new Error("one more answer came");
    },
  };
}
