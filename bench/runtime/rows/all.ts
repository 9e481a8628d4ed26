// All rows, in the order in which they are measured.

import { clientUnary } from "./client-unary.ts";
import { idleConnections } from "./idle-connections.ts";
import { interceptor } from "./interceptor.ts";
import { largeMessages } from "./large-messages.ts";
import { latency } from "./latency.ts";
import type { Row } from "./row.ts";
import { serverStreaming } from "./server-streaming.ts";
import { unaryGrpc } from "./unary-grpc.ts";
import { unaryGrpcChangingHeader } from "./unary-grpc-changing-header.ts";
import { unaryJsonHttp1 } from "./unary-json-http1.ts";
import { unaryJsonHttp2 } from "./unary-json-http2.ts";

export const rows: readonly Row[] = [
  unaryGrpc,
  unaryGrpcChangingHeader,
  unaryJsonHttp2,
  unaryJsonHttp1,
  interceptor,
  serverStreaming,
  largeMessages,
  latency,
  clientUnary,
  idleConnections,
];
