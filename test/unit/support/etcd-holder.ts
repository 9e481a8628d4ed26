// A process that starts an etcd and never disposes of it; the argument says how
// it ends: "exit", "throw", or not by itself.

import { startEtcd } from "../../support/etcd.ts";

const etcd = await startEtcd();
await etcd.freeze();
console.log(JSON.stringify({ pid: etcd.process.pid }));
if (process.argv[2] === "exit") process.exit(0);
if (process.argv[2] === "throw") throw new Error("thrown on purpose");
setInterval(() => {}, 1000);
