// Cases of h2spec and h2specd that we fail on purpose: the tools test RFC 7540,
// or forbid what RFC 9113 allows. Each with what RFC 9113 says.
//
// One that passes has to leave this list.

/**
 * A case that we fail, and why.
 */
export interface H2specException {
  /** Section, number and title, as the test prints it. */
  readonly name: string;
  /** Where RFC 9113 has what is quoted. */
  readonly section: string;
  readonly quote: string;
}

/** Our server against h2spec. */
export const SERVER_EXCEPTIONS: readonly H2specException[] = [];

/** Our client against h2specd. */
export const CLIENT_EXCEPTIONS: readonly H2specException[] = [];
