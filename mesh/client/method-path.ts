// What stands in the URL that Connect calls: where to, only its path tells.

/** Path and query of "scheme:///package.Service/Method?query". */
export function pathOf(url: string): string {
  return /^[a-z]*:\/\/[^/]*(\/.*)$/.exec(url)?.[1] ?? "/";
}

/** The service that such a path is for. */
export function serviceOf(path: string): string {
  return path.slice(1, path.indexOf("/", 1));
}
