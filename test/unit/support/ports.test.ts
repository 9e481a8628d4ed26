// Tests that free ports are one caller's alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runScript } from "../../support/command.ts";
import { freePorts } from "../../support/ports.ts";

test("no port is given out twice, in whatever process", async () => {
  const counts = [7, 1, 40];
  const own = await Promise.all(counts.map((count) => freePorts(count)));
  const ports = new URL("../../support/ports.ts", import.meta.url);
  // Another process at the same place of the range: as if its pid were ours.
  const script = `
    Object.defineProperty(process, "pid", { value: ${process.pid} });
    const { freePorts } = await import(${JSON.stringify(ports.href)});
    console.log(JSON.stringify(await freePorts(30)));
  `;
  const { stdout } = await runScript(["--input-type=module", "-e", script]);
  const all = [...own.flat(), ...(JSON.parse(stdout) as number[])];
  assert.equal(all.length, 78);
  assert.equal(new Set(all).size, 78);
});
