// Unary calls on our runtime and on Connect's own handlers: both have to show
// handlers and callers the same. Where they are meant not to is said in
// support/differences.ts.

import "./cases/answers.ts";
import "./cases/connections.ts";
import "./cases/context.ts";
import "./cases/errors.ts";
import "./cases/get.ts";
import "./cases/interceptors.ts";
import "./cases/metadata.ts";
import "./cases/options.ts";
import "./cases/refusals.ts";
import "./cases/signals.ts";
