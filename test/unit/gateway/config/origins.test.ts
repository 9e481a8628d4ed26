import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOrigins } from "../../../../gateway/config/origins.ts";

for (const { text, origins } of [
  { text: "", origins: [] },
  { text: " , ", origins: [] },
  { text: "https://app.example.com", origins: ["https://app.example.com"] },
  { text: "HTTPS://App.Example.com", origins: ["https://app.example.com"] },
  {
    text: "http://localhost:5173, http://127.0.0.1:5173,",
    origins: ["http://localhost:5173", "http://127.0.0.1:5173"],
  },
  { text: "http://localhost:*", origins: ["http://localhost:*"] },
  { text: "https://*.example.org", origins: ["https://*.example.org"] },
  { text: "http://[::1]:8080", origins: ["http://[::1]:8080"] },
]) {
  test(`"${text}" is a list of ${origins.length} origins`, () => {
    assert.deepEqual(parseOrigins(text), origins);
  });
}

for (const text of [
  "*",
  "null",
  "localhost",
  "example.com",
  "ftp://example.com",
  "https://",
  "https://example.com/",
  "https://example.com/path",
  "https://example.com:",
  "https://example.com:80*",
  "https://user@example.com",
  "https://example.com https://example.org",
]) {
  test(`"${text}" is refused with an example of what is meant`, () => {
    const error = parseOrigins(`https://fine.example,${text}`);
    assert.ok(error instanceof Error);
    assert.ok(error.message.startsWith(`"${text}" is not an origin`));
    assert.match(error.message, /https:\/\/app\.example\.com/);
  });
}
