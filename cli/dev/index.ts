// Everything at once, for development. The only door of cli/dev/.

export { runDev } from "./run-dev.ts";
