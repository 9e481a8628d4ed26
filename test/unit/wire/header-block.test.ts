// Tests wire/header-block.ts: what a field is found to be, and what a block
// tells of itself.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  createHeaderBlock,
  FieldFault,
  FieldKind,
  HeaderBlock,
  HeaderField,
} from "../../../wire/header-block.ts";
import { nameTraits, traitsOf } from "../../../wire/hpack/header-field.ts";

describe("a field's validity", () => {
  const table: [name: string, value: string, validity: number][] = [
    ["x", "", 0],
    ["x-a_1.~!#$%&'*+^`|", "any \t value ~ \x80 \xff", 0],
    [":path", "/", 0],
    [":any", "", 0],
    ["", "v", FieldFault.name],
    [":", "v", FieldFault.name],
    ["a:b", "v", FieldFault.name],
    ["::a", "v", FieldFault.name],
    ["a ", "v", FieldFault.name],
    ["a/b", "v", FieldFault.name],
    ['a"', "v", FieldFault.name],
    ["a{", "v", FieldFault.name],
    ["a\x00", "v", FieldFault.name],
    ["a\x1f", "v", FieldFault.name],
    ["a\x7f", "v", FieldFault.name],
    ["a\x80", "v", FieldFault.name],
    ["a\xff", "v", FieldFault.name],
    ["a\u0100", "v", FieldFault.name],
    ["A", "v", FieldFault.upperCaseName],
    ["aZ", "v", FieldFault.upperCaseName],
    [":Path", "/", FieldFault.upperCaseName],
    ["A b", "v", FieldFault.upperCaseName | FieldFault.name],
    ["x", "a\0b", FieldFault.value],
    ["x", "a\rb", FieldFault.value],
    ["x", "a\nb", FieldFault.value],
    ["x", "\n", FieldFault.value],
    ["x", "a\x01b", FieldFault.value],
    ["x", "a\x7fb", FieldFault.value],
    ["x", "a\u0100", FieldFault.value],
    ["x", " a", FieldFault.paddedValue],
    ["x", "a ", FieldFault.paddedValue],
    ["x", "\ta", FieldFault.paddedValue],
    ["x", "a\t", FieldFault.paddedValue],
    ["x", " ", FieldFault.paddedValue],
    ["x", " \0", FieldFault.paddedValue | FieldFault.value],
    ["connection", "close", FieldFault.connectionSpecific],
    ["keep-alive", "", FieldFault.connectionSpecific],
    ["proxy-connection", "", FieldFault.connectionSpecific],
    ["transfer-encoding", "chunked", FieldFault.connectionSpecific],
    ["upgrade", "h2c", FieldFault.connectionSpecific],
    ["te", "trailers", 0],
    ["te", "Trailers", 0],
    ["te", "gzip", FieldFault.te],
    ["te", "trailers, gzip", FieldFault.te],
    ["te", "", FieldFault.te],
  ];
  for (const [name, value, validity] of table) {
    const what = JSON.stringify(`${name}: ${value}`);
    test(`is ${validity} for ${what}`, () => {
      assert.equal(new HeaderField(name, value).validity, validity);
    });
    test(`is ${validity} for ${what} by a field of the same name`, () => {
      const sibling = new HeaderField(name, "\0 ");
      const traits = traitsOf(sibling);
      assert.equal(traits, nameTraits(name));
      const field = new HeaderField(name, value, false, traits);
      assert.equal(field.validity, validity);
      assert.equal(field.kind, sibling.kind);
    });
  }

  test("knows every octet of a name", () => {
    // Those of a token, RFC 9110, section 5.6.2, less the upper-case letters.
    const fine = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
    for (let code = 0; code < 256; code++) {
      const char = String.fromCharCode(code);
      const isUpper = code >= 0x41 && code <= 0x5a;
      const expected = isUpper ? FieldFault.upperCaseName : FieldFault.name;
      for (const name of [`a${char}`, `${char}a`, `a${char}a`, `:a${char}a`]) {
        // A colon is fine only where it makes a pseudo-header.
        if (name === ":a") continue;
        const { validity } = new HeaderField(name, "");
        const what = `code ${code} in ${JSON.stringify(name)}`;
        assert.equal(validity, fine.includes(char) ? 0 : expected, what);
      }
    }
  });

  test("knows every octet of a value", () => {
    for (let code = 0; code < 256; code++) {
      const field = new HeaderField("a", `a${String.fromCharCode(code)}a`);
      const isWrong = (code < 0x20 && code !== 0x09) || code === 0x7f;
      assert.equal(field.validity, isWrong ? FieldFault.value : 0);
    }
  });
});

describe("a field's kind", () => {
  const table: [name: string, kind: number][] = [
    ["x", FieldKind.regular],
    [":method", FieldKind.method],
    [":scheme", FieldKind.scheme],
    [":authority", FieldKind.authority],
    [":path", FieldKind.path],
    [":protocol", FieldKind.protocol],
    [":status", FieldKind.status],
    [":methods", FieldKind.unknownPseudo],
    [":", FieldKind.unknownPseudo],
    ["content-length", FieldKind.contentLength],
    ["te", FieldKind.te],
    ["host", FieldKind.host],
    ["cookie", FieldKind.cookie],
    ["connection", FieldKind.regular],
    ["path", FieldKind.regular],
  ];
  for (const [name, kind] of table) {
    test(`is ${kind} for ${name}`, () => {
      assert.equal(new HeaderField(name, "v").kind, kind);
    });
  }
});

test("a field's size is that of its strings and 32", () => {
  assert.equal(new HeaderField("abc", "de").size, 37);
  assert.equal(new HeaderField("", "").size, 32);
});

describe("a header block", () => {
  const request = createHeaderBlock([
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "example.com"],
    [":path", "/a"],
    ["x", "1"],
    ["x", "2"],
    new HeaderField("authorization", "secret", true),
  ]);

  test("has its fields in order, with their size", () => {
    assert.deepEqual(
      request.fields.map(({ name }) => name).join(),
      ":method,:scheme,:authority,:path,x,x,authorization",
    );
    const sum = request.fields.reduce((total, { size }) => total + size, 0);
    assert.equal(request.size, sum);
    assert.equal(request.fields[6]?.neverIndexed, true);
    assert.equal(request.fields[5]?.neverIndexed, false);
  });

  test("gives the first value of a name", () => {
    assert.equal(request.get("x"), "1");
    assert.equal(request.get(":path"), "/a");
    assert.equal(request.get("y"), undefined);
  });

  test("gives its pseudo-headers", () => {
    const { method, scheme, authority, path } = request;
    assert.deepEqual(
      [method, scheme, authority, path],
      ["POST", "https", "example.com", "/a"],
    );
    assert.deepEqual([request.status, request.contentLength], [0, -1]);
  });

  test("gives nothing where nothing is", () => {
    const empty = createHeaderBlock([]);
    const { method, scheme, authority, path } = empty;
    assert.deepEqual(
      [method, scheme, authority, path],
      [undefined, undefined, undefined, undefined],
    );
    assert.deepEqual(
      [empty.size, empty.status, empty.derived],
      [0, 0, undefined],
    );
  });

  test("gives the first of pseudo-headers that repeat", () => {
    const fields = ["/a", "/b"].map((path) => new HeaderField(":path", path));
    assert.equal(new HeaderBlock(fields, 0).path, "/a");
  });

  const statuses: [value: string, status: number][] = [
    ["200", 200],
    ["100", 100],
    ["999", 999],
    ["099", 0],
    ["20", 0],
    ["2000", 0],
    ["2x0", 0],
    ["", 0],
    ["-20", 0],
  ];
  for (const [value, status] of statuses) {
    test(`has status ${status} for ${JSON.stringify(value)}`, () => {
      assert.equal(createHeaderBlock([[":status", value]]).status, status);
    });
  }

  const lengths: [values: string[], contentLength: number][] = [
    [["0"], 0],
    [["42"], 42],
    [["0042"], 42],
    [["999999999999999"], 999_999_999_999_999],
    [["1000000000000000"], -2],
    [["18446744073709551616"], -2],
    [[""], -2],
    [["-1"], -2],
    [["+1"], -2],
    [["1.0"], -2],
    [["0x10"], -2],
    [["1, 1"], -2],
    [["1 1"], -2],
    [["1", "1"], -2],
    [["1", "2"], -2],
    [["x", "1"], -2],
    [["1", "2", "3"], -2],
  ];
  for (const [values, contentLength] of lengths) {
    test(`has content length ${contentLength} for ${values.join("; ")}`, () => {
      const fields = values.map((v) => ["content-length", v] as const);
      assert.equal(createHeaderBlock(fields).contentLength, contentLength);
    });
  }
});

describe("createHeaderBlock()", () => {
  const table: [name: string, value: string][] = [
    ["", "v"],
    ["A", "v"],
    ["a b", "v"],
    ["a", "v\n"],
    ["a", " v"],
    ["a", "\u0100"],
    ["connection", "close"],
    ["te", "gzip"],
  ];
  for (const [name, value] of table) {
    test(`refuses ${JSON.stringify(`${name}: ${value}`)}`, () => {
      assert.throws(() => createHeaderBlock([[name, value]]), TypeError);
      const field = new HeaderField(name, value);
      assert.throws(() => createHeaderBlock([field]), TypeError);
    });
  }

  test("doesn't tell the value, which may be a secret", () => {
    const make = () => createHeaderBlock([["authorization", "secret\n"]]);
    assert.throws(make, (error: Error) => !error.message.includes("secret"));
  });
});
