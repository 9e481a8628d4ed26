// Tests core/address.ts: what is an address, and how it is written.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  formatAddress,
  isWildcard,
  parseAddress,
} from "../../../core/address.ts";

describe("parseAddress() reads", () => {
  const table: [text: string, host: string, port: number][] = [
    ["127.0.0.1:8881", "127.0.0.1", 8881],
    ["localhost:0", "localhost", 0],
    ["greeter.example.com:65535", "greeter.example.com", 65535],
    ["[::1]:8881", "::1", 8881],
    ["[fe80::1%eth0]:80", "fe80::1%eth0", 80],
  ];
  for (const [text, host, port] of table) {
    test(`${text}, and formatAddress() writes the same`, () => {
      assert.deepEqual(parseAddress(text), { host, port });
      assert.equal(formatAddress({ host, port }), text);
    });
  }
});

describe("parseAddress() returns an error that quotes", () => {
  for (const text of [
    "",
    "localhost",
    ":8080",
    "localhost:",
    "localhost:http",
    "localhost:-1",
    "localhost:65536",
    "localhost:123456",
    "::1:8080",
    "[::1]",
    "[]:8080",
    "http://localhost:8080",
    "local host:8080",
    "localhost:8080/",
    "localhost:8080\n",
  ]) {
    test(JSON.stringify(text), () => {
      const error = parseAddress(text);
      assert.ok(error instanceof Error);
      assert.ok(error.message.startsWith(`"${text}" is not host:port`));
    });
  }
});

describe("isWildcard() says", () => {
  const table: [host: string, expected: boolean][] = [
    ["0.0.0.0", true],
    ["::", true],
    ["127.0.0.1", false],
    ["::1", false],
    ["localhost", false],
  ];
  for (const [host, expected] of table) {
    test(`${expected} of ${host}`, () => {
      assert.equal(isWildcard(host), expected);
    });
  }
});
