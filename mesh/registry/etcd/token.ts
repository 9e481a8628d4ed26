// Who we are to etcd: logs in with user and password, and keeps the token.
//
// etcd3 can do that too, but leaves a connection behind for each login, and
// asks for ever when etcd rejects every token. Here a call that is refused for
// its token is repeated once, with a new one. (etcd forgets its simple tokens
// when it restarts, and after five minutes without a call.)

/**
 * A token that is there when it is needed.
 */
export interface Token {
  /** What to send along; undefined if etcd asks for none. */
  readonly current: string | undefined;
  /** Run a call that sends `current` along; a login may come before it. */
  use<T>(call: () => Promise<T>): Promise<T>;
}

/**
 * Options for createToken().
 */
export interface TokenOptions {
  /** Log in. Resolves with undefined where etcd does not ask for it. */
  readonly login: () => Promise<string | undefined>;
  /** Tell whether a call failed since the token does not count (any more). */
  readonly isRefused: (error: unknown) => boolean;
}

/**
 * Create a token; it logs in with the first call.
 */
export function createToken({ login, isRefused }: TokenOptions): Token {
  let current: string | undefined;
  // One login serves all calls that wait for it.
  let ready: Promise<void> | undefined;

  async function logIn(): Promise<void> {
    try {
      current = await login();
    } catch (error) {
      ready = undefined;
      throw error;
    }
  }

  return {
    get current() {
      return current;
    },
    async use(call) {
      ready ??= logIn();
      const used = ready;
      await used;
      try {
        return await call();
      } catch (error) {
        if (!isRefused(error)) throw error;
        // Unless another call has begun a new one meanwhile.
        if (ready === used) ready = logIn();
        await ready;
        return call();
      }
    },
  };
}

/** For an etcd that is used without a user. */
export const noToken: Token = { current: undefined, use: (call) => call() };
