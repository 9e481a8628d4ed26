// Random blocks from an encoder to a decoder, with changes of the table's size
// in between: what comes out is what went in, both tables stay the same, and
// neither memo makes a difference.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HeaderBlock } from "../../../../wire/header-block.ts";
import type { HpackDecoder } from "../../../../wire/hpack/decoder.ts";
import { HpackEncoder } from "../../../../wire/hpack/encoder.ts";
import { createDecoder, decode, tableEntries, toBlock } from "./blocks.ts";
import { createRandom, pickFields, pickNumber, type Random } from "./random.ts";

const SEEDS = 20;
const BLOCKS = 300;
/** The limit of a decoder that refuses many blocks; none is a flood to it. */
const STRICT_FIELDS = 5;
const TABLE_BYTES = [0, 40, 100, 256, 1_000, 4_096, 16_384];

/** Two encoders and three decoders for the same blocks. */
interface Peers {
  readonly encoder: HpackEncoder;
  readonly plainEncoder: HpackEncoder;
  readonly decoder: HpackDecoder;
  readonly plainDecoder: HpackDecoder;
  readonly strictDecoder: HpackDecoder;
}

describe("random blocks come back, and tables stay the same", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`seed ${seed}`, () => runBlocks(createRandom(seed)));
  }
});

function runBlocks(random: Random): void {
  const maxTableBytes = 8_192;
  const peers: Peers = {
    encoder: new HpackEncoder({ maxTableBytes }),
    plainEncoder: new HpackEncoder({ maxTableBytes, memo: false }),
    decoder: createDecoder(),
    plainDecoder: createDecoder({ memo: false }),
    strictDecoder: createDecoder({ maxFields: STRICT_FIELDS }),
  };
  const known: HeaderBlock[] = [];
  for (let i = 0; i < BLOCKS; i++) {
    if (random() < 0.05) changeTableBytes(peers, random);
    let block = known[pickNumber(random, known.length)];
    if (block === undefined || random() < 0.4) {
      block = createBlock(random, known);
      known.push(block);
    }
    sendBlock(peers, block);
  }
}

/** A block of new fields and of objects that other blocks have. */
function createBlock(
  random: Random,
  known: readonly HeaderBlock[],
): HeaderBlock {
  const fresh = toBlock(pickFields(random), () => random() < 0.1);
  const shared = known[pickNumber(random, known.length)]?.fields ?? [];
  const fields = [...fresh.fields, ...shared.slice(0, pickNumber(random, 9))];
  const size = fields.reduce((sum, field) => sum + field.size, 0);
  return new HeaderBlock(fields, size);
}

function changeTableBytes(peers: Peers, random: Random): void {
  const changes = 1 + pickNumber(random, 3);
  for (let i = 0; i < changes; i++) {
    const bytes = TABLE_BYTES[pickNumber(random, TABLE_BYTES.length)] ?? 0;
    peers.encoder.setPeerTableBytes(bytes);
    peers.plainEncoder.setPeerTableBytes(bytes);
    peers.decoder.setMaxTableBytes(bytes);
    peers.plainDecoder.setMaxTableBytes(bytes);
    peers.strictDecoder.setMaxTableBytes(bytes);
  }
}

function sendBlock(peers: Peers, block: HeaderBlock): void {
  const bytes = Buffer.from(peers.encoder.encode(block));
  assert.deepEqual(peers.plainEncoder.encode(block), bytes);
  for (const decoder of [peers.decoder, peers.plainDecoder]) {
    const decoded = decode(decoder, bytes);
    assert.deepEqual(toTriples(decoded), toTriples(block));
    assert.equal(decoded?.size, block.size);
    assertSameTables(peers.encoder, decoder);
  }
  decode(peers.strictDecoder, bytes);
  const isOversize = block.fields.length > STRICT_FIELDS;
  const failure = isOversize ? "oversize" : undefined;
  assert.equal(peers.strictDecoder.failure, failure);
  assertSameTables(peers.encoder, peers.strictDecoder);
}

function toTriples(block: HeaderBlock | undefined): unknown[] | undefined {
  return block?.fields.map((f) => [f.name, f.value, f.neverIndexed]);
}

function assertSameTables(encoder: HpackEncoder, decoder: HpackDecoder): void {
  assert.equal(decoder.table.bytes, encoder.table.bytes);
  assert.deepEqual(tableEntries(decoder.table), tableEntries(encoder.table));
}
