// A child process that does one thing when told, and says so when it is done.
//
// It ends when the IPC channel does, whatever ended its parent.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** How long a child may take to exit. */
const EXIT_MS = 5_000;

/** A running child. */
export interface Worker<Reply> extends AsyncDisposable {
  readonly pid: number;
  /** Send a message. */
  tell(message: object): void;
  /** Send a message. Resolves with the next message from there. */
  ask(message: object): Promise<Reply>;
  /** Take everything that it sends. Returns a function that ends it. */
  listen(listener: (message: Reply) => void): () => void;
}

/** Start a file of this folder as a child. */
export function startWorker<Reply>(file: string): Worker<Reply> {
  const child = fork(`${import.meta.dirname}/${file}`, {
    execArgv: ["--expose-gc"],
  });
  const ended = failed(child);
  ended.catch(() => {}); // wanted while somebody waits for an answer only
  // What the file sends is what its own code says.
  const listen = (listener: (message: Reply) => void) => {
    const onMessage = (message: unknown) => listener(message as Reply);
    child.on("message", onMessage);
    return () => void child.off("message", onMessage);
  };
  return {
    pid: child.pid ?? 0,
    listen,
    tell: (message) => void child.send(message),
    ask(message) {
      const reply = new Promise<Reply>((resolve) => {
        child.once("message", (answer) => resolve(answer as Reply));
      });
      child.send(message);
      return Promise.race([reply, ended]);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      // It exits by itself then, so that a profiler can write what it has.
      child.disconnect();
      const kill = setTimeout(() => child.kill("SIGKILL"), EXIT_MS);
      await once(child, "exit");
      clearTimeout(kill);
    },
  };
}

async function failed(child: ChildProcess): Promise<never> {
  await once(child, "exit");
  throw new Error(`process ${child.pid} ended with ${child.exitCode}`);
}
