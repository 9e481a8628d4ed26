// HTTP/2's error codes. RFC 9113, section 7.

/** The error codes of RST_STREAM and GOAWAY. */
export const ErrorCode = {
  noError: 0x0,
  protocolError: 0x1,
  internalError: 0x2,
  flowControlError: 0x3,
  settingsTimeout: 0x4,
  streamClosed: 0x5,
  frameSizeError: 0x6,
  refusedStream: 0x7,
  cancel: 0x8,
  compressionError: 0x9,
  connectError: 0xa,
  enhanceYourCalm: 0xb,
  inadequateSecurity: 0xc,
  http11Required: 0xd,
} as const;

const NAMES = Object.keys(ErrorCode).map((name) =>
  name.replace(/[A-Z1]+/g, (start) => `_${start}`).toUpperCase(),
);

/** The name that the RFC gives a code: "PROTOCOL_ERROR". */
export function errorName(code: number): string {
  return NAMES[code] ?? `0x${code.toString(16)}`;
}
