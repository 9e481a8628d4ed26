// Messages of unary calls on our runtime and on Connect's own handlers: whole
// and broken ones, large and compressed ones, and those that come too late.

import "./cases/bodies.ts";
import "./cases/compression.ts";
import "./cases/limits.ts";
import "./cases/messages.ts";
import "./cases/odd-messages.ts";
import "./cases/timeouts.ts";
