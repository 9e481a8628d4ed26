// What all calls of a method have in common: worked out once.

import type {
  DescMessage,
  DescMethod,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import {
  createMethodSerializationLookup,
  createMethodUrl,
  type Serialization,
} from "@connectrpc/connect/protocol";
import { requestHeaderWithCompression } from "@connectrpc/connect/protocol-grpc";
import {
  createHeaderBlock,
  type HeaderBlock,
  HeaderField,
} from "../../wire/index.ts";
import type { Chooser } from "./chooser.ts";
import { toFields, toGrpcTimeout } from "./headers.ts";
import type { CallOptions } from "./options.ts";
import type { ServiceUpstreams, Upstream } from "./upstreams.ts";

const post = new HeaderField(":method", "POST");
const http = new HeaderField(":scheme", "http");
const https = new HeaderField(":scheme", "https");

/**
 * A unary method, called over gRPC.
 */
export class MethodPlan<
  I extends DescMessage = DescMessage,
  O extends DescMessage = DescMessage,
> {
  readonly method: DescMethodUnary<I, O>;
  readonly service: ServiceUpstreams;
  readonly options: CallOptions;
  readonly input: Serialization<MessageShape<I>>;
  readonly output: Serialization<MessageShape<O>>;
  readonly #path: HeaderField;
  /** The fields of a call without headers or deadline of its own. */
  readonly #fields: readonly HeaderField[];

  constructor(
    method: DescMethodUnary<I, O>,
    chooser: Chooser,
    options: CallOptions,
  ) {
    const { useBinaryFormat, binaryOptions, jsonOptions } = options;
    const serialization = createMethodSerializationLookup(
      method,
      binaryOptions,
      jsonOptions,
      options,
    );
    this.method = method;
    this.options = options;
    this.service = chooser.service(method.parent.typeName);
    this.input = serialization.getI(useBinaryFormat);
    this.output = serialization.getO(useBinaryFormat);
    this.#path = new HeaderField(":path", createMethodUrl("/", method));
    this.#fields = toFields(this.#headers(undefined));
  }

  /**
   * The fields of a call with headers of its own. Throws `internal` if HTTP
   * doesn't allow them.
   */
  fieldsOf(
    header: HeadersInit | undefined,
  ): readonly HeaderField[] | undefined {
    if (header === undefined) return undefined;
    return toFields(this.#headers(header));
  }

  /** The header block for a call. `fields` are those of fieldsOf(). */
  blockFor(
    upstream: Upstream,
    fields: readonly HeaderField[] | undefined,
    timeoutMs: number | undefined,
  ): HeaderBlock {
    if (fields !== undefined || timeoutMs !== undefined)
      return this.#makeBlock(upstream, fields ?? this.#fields, timeoutMs);
    const known = upstream.blocks.get(this);
    if (known !== undefined) return known;
    const block = this.#makeBlock(upstream, this.#fields, undefined);
    upstream.blocks.set(this, block);
    return block;
  }

  #makeBlock(
    upstream: Upstream,
    fields: readonly HeaderField[],
    timeoutMs: number | undefined,
  ): HeaderBlock {
    const all: HeaderField[] = [
      post,
      this.options.tls === undefined ? http : https,
      upstream.authority,
      this.#path,
    ];
    // The caller's own would be a second one.
    for (const field of fields)
      if (timeoutMs === undefined || field.name !== "grpc-timeout")
        all.push(field);
    if (timeoutMs !== undefined)
      all.push(new HeaderField("grpc-timeout", toGrpcTimeout(timeoutMs)));
    return createHeaderBlock(all);
  }

  #headers(header: HeadersInit | undefined): Headers {
    const { useBinaryFormat, acceptCompression, sendCompression } =
      this.options;
    return requestHeaderWithCompression(
      useBinaryFormat,
      undefined,
      header,
      acceptCompression,
      sendCompression,
    );
  }
}

/**
 * Creates the plan of each method once.
 */
export function createMethodPlans(chooser: Chooser, options: CallOptions) {
  const plans = new Map<DescMethod, MethodPlan>();
  return <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
  ): MethodPlan<I, O> => {
    const known = plans.get(method);
    // Made below, for this very method.
    if (known !== undefined) return known as unknown as MethodPlan<I, O>;
    const plan = new MethodPlan(method, chooser, options);
    plans.set(method, plan as unknown as MethodPlan);
    return plan;
  };
}
