// Calls with streams on our runtime and on Connect's own handlers.

import "./cases/stream-answers.ts";
import "./cases/stream-bodies.ts";
import "./cases/stream-interceptors.ts";
import "./cases/streams.ts";
