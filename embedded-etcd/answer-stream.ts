// The life of a bidirectional stream: requests come in while responses go out,
// and it ends when the client cancels, the connection breaks or the server
// closes, each of which aborts the signal.

/**
 * How a stream's requests are turned into responses.
 */
export interface StreamAnswers<Request, Response> {
  /** Take a request. */
  handle(request: Request): void;
  /** The next response; undefined if there is none for now. */
  poll(): Response | undefined;
  /** Have a function called when there may be a new response for another reason than a request. */
  subscribe?(listener: () => void): () => void;
  /** End the stream when the client will send nothing more and everything is answered. */
  readonly endsWithRequests: boolean;
}

/**
 * Answer a stream until it ends. Throws the signal's reason if that is why.
 *
 * A response is asked for only when the client is ready to take it.
 */
export async function* answerStream<Request, Response>(
  requests: AsyncIterable<Request>,
  signal: AbortSignal,
  answers: StreamAnswers<Request, Response>,
): AsyncGenerator<Response> {
  const bell = createBell();
  const reading = { isDone: false, error: undefined as unknown };
  const unsubscribe = answers.subscribe?.(bell.ring);
  signal.addEventListener("abort", bell.ring);
  // Not awaited: on a server that closes, the client's side may stay open.
  void read(requests, (request) => {
    answers.handle(request);
    bell.ring();
  })
    .catch((error: unknown) => {
      reading.error = error;
    })
    .finally(() => {
      reading.isDone = true;
      bell.ring();
    });
  try {
    for (;;) {
      signal.throwIfAborted();
      const response = answers.poll();
      if (response !== undefined) yield response;
      else if (reading.error !== undefined) throw reading.error;
      else if (reading.isDone && answers.endsWithRequests) return;
      else await bell.rung();
    }
  } finally {
    signal.removeEventListener("abort", bell.ring);
    unsubscribe?.();
  }
}

async function read<T>(
  source: AsyncIterable<T>,
  handle: (item: T) => void,
): Promise<void> {
  for await (const item of source) handle(item);
}

interface Bell {
  /** Wake who waits, or who will wait next. */
  readonly ring: () => void;
  /** Wait for a ring since the last one that was waited for. */
  readonly rung: () => Promise<void>;
}

function createBell(): Bell {
  let next = Promise.withResolvers<void>();
  return {
    ring: () => next.resolve(),
    async rung() {
      await next.promise;
      next = Promise.withResolvers();
    },
  };
}
