// How streams end.

/**
 * Who closed a stream.
 *
 * - `end`: both sides said all.
 * - `peer`, `local`: one of the two reset it.
 * - `refused`: the peer has not looked at it (REFUSED_STREAM, or a GOAWAY that
 *   left it out). It may be repeated elsewhere without a doubt.
 * - `connection`: lost with its connection.
 */
export type ClosedBy = "end" | "peer" | "local" | "refused" | "connection";
