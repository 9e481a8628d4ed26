// Tests embedded-etcd/answer-stream.ts: how a bidirectional stream lives and ends.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  answerStream,
  type StreamAnswers,
} from "../../../embedded-etcd/answer-stream.ts";

/** Requests that never come, as on a stream that its client keeps open. */
const silence: AsyncIterable<number> = {
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
};

async function* requestsOf(...requests: number[]) {
  yield* requests;
}

function createDoubling(endsWithRequests: boolean) {
  const results: number[] = [];
  let listener: (() => void) | undefined;
  const answers: StreamAnswers<number, number> = {
    handle: (request) => {
      results.push(request * 2);
    },
    poll: () => results.shift(),
    subscribe(added) {
      listener = added;
      return () => {
        listener = undefined;
      };
    },
    endsWithRequests,
  };
  return {
    answers,
    isSubscribed: () => listener !== undefined,
    announce(result: number) {
      results.push(result);
      listener?.();
    },
  };
}

describe("answering a stream", () => {
  test("answers every request, then ends with them", async () => {
    const { answers, isSubscribed } = createDoubling(true);
    const { signal } = new AbortController();
    const stream = answerStream(requestsOf(1, 2, 3), signal, answers);
    const all: number[] = [];
    for await (const response of stream) all.push(response);
    assert.deepEqual(all, [2, 4, 6]);
    assert.equal(isSubscribed(), false);
  });

  test("goes on after the last request if it has more to say", async () => {
    const { answers, announce } = createDoubling(false);
    const { signal } = new AbortController();
    const stream = answerStream(requestsOf(1), signal, answers);
    assert.equal((await stream.next()).value, 2);
    const next = stream.next();
    announce(42);
    assert.equal((await next).value, 42);
    await stream.return(undefined);
  });

  test("ends with the reason of the signal while the client is silent", async () => {
    const { answers, isSubscribed } = createDoubling(true);
    const abort = new AbortController();
    const next = answerStream(silence, abort.signal, answers).next();
    const reason = new Error("closing");
    abort.abort(reason);
    await assert.rejects(next, reason);
    assert.equal(isSubscribed(), false);
  });

  test("fails as its requests do, after what is answered", async () => {
    const { answers, isSubscribed } = createDoubling(false);
    const broken = new Error("malformed");
    async function* requests() {
      yield 1;
      throw broken;
    }
    const { signal } = new AbortController();
    const stream = answerStream(requests(), signal, answers);
    assert.equal((await stream.next()).value, 2);
    await assert.rejects(stream.next(), broken);
    assert.equal(isSubscribed(), false);
  });
});
