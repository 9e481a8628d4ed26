// How much one peer may ask of us, in two presets. Every number can be set;
// a violation either refuses the one stream or ends the connection (GOAWAY
// with the code that is named), and is counted in WireStats.violations.

/**
 * The limits of one connection, and of a listener's connections together.
 *
 * `edgeLimits` are for listeners that strangers reach; `internalLimits` for
 * services and for connections to instances, where one peer multiplexes many
 * callers. Numbers in brackets: edge, internal.
 */
export interface Limits {
  /**
   * How many streams the peer may have open (128, 1,000). A slot is held until
   * the work behind the stream has ended, not until a reset. One more is
   * refused with REFUSED_STREAM. Announced as SETTINGS_MAX_CONCURRENT_STREAMS.
   */
  readonly maxConcurrentStreams: number;

  /**
   * Refusals in a second that end the connection (100, 10,000: where one peer
   * carries the calls of many, it must not be one of them who ends all).
   * ENHANCE_YOUR_CALM.
   */
  readonly maxRefusalsPerSecond: number;

  /**
   * The largest header list in bytes, each field counted with 32 more (RFC
   * 9113, section 6.5.2) (32 KiB, 64 KiB). A request above is answered with
   * 431; four times as much ends the connection. ENHANCE_YOUR_CALM.
   */
  readonly maxHeaderListBytes: number;

  /** The most fields in a header list, each cookie crumb counted (128, 256). */
  readonly maxHeaderFields: number;

  /**
   * The most CONTINUATION frames of one header block (8). ENHANCE_YOUR_CALM.
   * The "CONTINUATION flood", CVE-2024-27983 and its kin.
   */
  readonly maxContinuationFrames: number;

  /**
   * The HPACK table that the peer's encoder may fill, in bytes (4,096: RFC
   * 7541's default, and what holds until the peer has acknowledged another).
   * Announced as SETTINGS_HEADER_TABLE_SIZE. COMPRESSION_ERROR.
   */
  readonly decoderTableBytes: number;

  /**
   * The largest HPACK table in bytes that our own encoder keeps, whatever the
   * peer allows (4,096).
   */
  readonly encoderTableBytes: number;

  /**
   * RST_STREAM before the first byte of an answer: as many at once (1,000,
   * 100,000), then `resetsPerSecond` (33, 10,000). nghttp2's numbers for the
   * edge. ENHANCE_YOUR_CALM. "Rapid reset", CVE-2023-44487.
   */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;

  /**
   * Stream errors that the peer made us send, per 10,000 streams (500, 5,000).
   * ENHANCE_YOUR_CALM. "MadeYouReset", CVE-2025-8671; its six primitives are
   * connection errors at once.
   */
  readonly maxStreamErrors: number;

  /**
   * PING: as many at once (100, 1,000), then so many a second (10, 100). One
   * that follows HEADERS or DATA of ours is free: gRPC clients measure the
   * line with a PING per round trip. ENHANCE_YOUR_CALM. CVE-2019-9512.
   */
  readonly pingBurst: number;
  readonly pingsPerSecond: number;

  /** SETTINGS, likewise (100, 1,000; 10, 100 a second). CVE-2019-9515. */
  readonly settingsBurst: number;
  readonly settingsPerSecond: number;

  /**
   * Empty DATA frames in a row that don't end their stream (10, 100).
   * ENHANCE_YOUR_CALM. CVE-2019-9518.
   */
  readonly maxEmptyDataFrames: number;

  /**
   * How many bytes DATA frames may fall short of 256, added up (25,600;
   * Infinity). Larger frames give back what they are larger, and what was
   * consumed costs nothing. hyperium/h2's number. ENHANCE_YOUR_CALM.
   */
  readonly smallDataBudgetBytes: number;

  /**
   * Frames without effect, as for a stream that we have reset: as many at once
   * (10,000, 100,000), then so many a second (1,000, 10,000).
   * ENHANCE_YOUR_CALM.
   */
  readonly wastedBurst: number;
  readonly wastedPerSecond: number;

  /**
   * WINDOW_UPDATE frames: this (1, 10) times 5 + 2 x (streams + 10 x DATA
   * frames that we sent), Envoy's formula. ENHANCE_YOUR_CALM.
   */
  readonly windowUpdateFactor: number;

  /** PRIORITY frames a second; they are ignored (100). ENHANCE_YOUR_CALM. */
  readonly prioritiesPerSecond: number;

  /**
   * How long the peer's preface and SETTINGS may take, in milliseconds (10 s).
   * SETTINGS_TIMEOUT.
   */
  readonly prefaceTimeoutMs: number;

  /**
   * How long a header block may take from its first byte to its last, in
   * milliseconds (10 s, 30 s). Then its stream is reset; after the same time
   * again the connection ends. ENHANCE_YOUR_CALM.
   */
  readonly headersTimeoutMs: number;

  /**
   * A stream with output that waits must get rid of `stallMinBytes` (16 KiB)
   * within this time (30 s), or is reset with CANCEL. A window that is opened
   * by drips doesn't count as progress. So many such streams
   * (`maxStalledStreams`, 10), or a socket that takes nothing for as long, end
   * the connection.
   */
  readonly stallTimeoutMs: number;
  readonly stallMinBytes: number;
  readonly maxStalledStreams: number;

  /**
   * Control frames that wait for a peer who doesn't read (1,000, 10,000).
   * ENHANCE_YOUR_CALM.
   */
  readonly maxQueuedControlFrames: number;

  /**
   * Output that waits for a peer who doesn't read, in bytes (1 MiB, 4 MiB).
   * Above that we stop reading, too.
   */
  readonly maxQueuedBytes: number;

  /**
   * Connections at once: in all (50,000), and from one address (1,000,
   * Infinity). One more is closed at once. Those that come through a proxy
   * share its address.
   */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;

  /** A connection without streams ends after so long (5 min, 1 h). GOAWAY. */
  readonly idleTimeoutMs: number;

  /**
   * A connection is asked to go at this age, give or take 20 % (1 h,
   * Infinity). GOAWAY.
   */
  readonly maxAgeMs: number;

  /**
   * How much of a stream's body we take before its receiver has consumed it,
   * in bytes (256 KiB, 1 MiB).
   */
  readonly streamWindowBytes: number;

  /**
   * The same for a whole connection (1 MiB, 16 MiB). Credited on receipt, so
   * that one slow receiver doesn't hold up the others; it bounds what is on
   * the way, the streams' windows bound what is kept.
   */
  readonly connectionWindowBytes: number;
}

/** For listeners that strangers reach. */
export const edgeLimits: Limits = {
  maxConcurrentStreams: 128,
  maxRefusalsPerSecond: 100,
  maxHeaderListBytes: 32 << 10,
  maxHeaderFields: 128,
  maxContinuationFrames: 8,
  decoderTableBytes: 4_096,
  encoderTableBytes: 4_096,
  resetBurst: 1_000,
  resetsPerSecond: 33,
  maxStreamErrors: 500,
  pingBurst: 100,
  pingsPerSecond: 10,
  settingsBurst: 100,
  settingsPerSecond: 10,
  maxEmptyDataFrames: 10,
  smallDataBudgetBytes: 25_600,
  wastedBurst: 10_000,
  wastedPerSecond: 1_000,
  windowUpdateFactor: 1,
  prioritiesPerSecond: 100,
  prefaceTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  stallTimeoutMs: 30_000,
  stallMinBytes: 16 << 10,
  maxStalledStreams: 10,
  maxQueuedControlFrames: 1_000,
  maxQueuedBytes: 1 << 20,
  maxConnections: 50_000,
  maxConnectionsPerAddress: 1_000,
  idleTimeoutMs: 5 * 60_000,
  maxAgeMs: 60 * 60_000,
  streamWindowBytes: 256 << 10,
  connectionWindowBytes: 1 << 20,
};

/** For peers that are our own and carry the calls of many. */
export const internalLimits: Limits = {
  ...edgeLimits,
  maxConcurrentStreams: 1_000,
  maxRefusalsPerSecond: 10_000,
  maxHeaderListBytes: 64 << 10,
  maxHeaderFields: 256,
  resetBurst: 100_000,
  resetsPerSecond: 10_000,
  maxStreamErrors: 5_000,
  pingBurst: 1_000,
  pingsPerSecond: 100,
  settingsBurst: 1_000,
  settingsPerSecond: 100,
  maxEmptyDataFrames: 100,
  smallDataBudgetBytes: Number.POSITIVE_INFINITY,
  wastedBurst: 100_000,
  wastedPerSecond: 10_000,
  windowUpdateFactor: 10,
  headersTimeoutMs: 30_000,
  maxQueuedControlFrames: 10_000,
  maxQueuedBytes: 4 << 20,
  maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
  idleTimeoutMs: 60 * 60_000,
  maxAgeMs: Number.POSITIVE_INFINITY,
  streamWindowBytes: 1 << 20,
  connectionWindowBytes: 16 << 20,
};

/** Those that a frame announces: whole numbers, from and to. */
const ANNOUNCED: readonly [name: keyof Limits, from: number, to: number][] = [
  ["maxConcurrentStreams", 0, 0xffffffff],
  ["maxHeaderListBytes", 0, 0xffffffff],
  ["decoderTableBytes", 0, 0xffffffff],
  ["streamWindowBytes", 1, 0x7fffffff],
  ["connectionWindowBytes", 65_535, 0x7fffffff],
];

/** Less would not hold a frame of the largest size and what goes with it. */
const LEAST_QUEUED_BYTES = 64 << 10;

/**
 * Change some of a preset's limits. Throws a RangeError if one is negative or
 * not a number; if one that is announced to the peer is not a whole number in
 * its range (windows: 65,535 to 2,147,483,647 bytes for the connection, 1 and
 * more for a stream); or if maxQueuedBytes is below 64 KiB.
 */
export function resolveLimits(
  preset: Limits,
  changes: Partial<Limits> = {},
): Limits {
  const limits = { ...preset, ...changes };
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value !== "number" || !(value >= 0))
      throw new RangeError(`${name} must be a number from 0, not ${value}`);
  }
  for (const [name, from, to] of ANNOUNCED) {
    const value = limits[name];
    if (!Number.isInteger(value) || value < from || value > to)
      throw new RangeError(
        `${name} must be a whole number from ${from} to ${to}, not ${value}`,
      );
  }
  if (limits.maxQueuedBytes < LEAST_QUEUED_BYTES)
    throw new RangeError(
      `maxQueuedBytes must be ${LEAST_QUEUED_BYTES} or more, not ${limits.maxQueuedBytes}`,
    );
  return limits;
}
