/**
 * How a path stands in a tar header: in a name and a prefix of bounded length.
 */
const NAME_BYTES_MAX = 100;
const PREFIX_BYTES_MAX = 155;

/** Tells whether a path below the folder fits a header, whose name splits at a slash. */
export function fitsTar(path: string, topFolder: string): boolean {
  return splitName(`${topFolder}/${path}`) !== undefined;
}

/** Splits a path at a slash so that both parts fit; undefined where they cannot. */
export function splitName(path: string): readonly [prefix: string, name: string] | undefined {
  if (Buffer.byteLength(path) <= NAME_BYTES_MAX) return ['', path];
  const parts = path.split('/');
  for (let at = 1; at < parts.length; at += 1) {
    const prefix = parts.slice(0, at).join('/');
    const name = parts.slice(at).join('/');
    if (Buffer.byteLength(name) <= NAME_BYTES_MAX && Buffer.byteLength(prefix) <= PREFIX_BYTES_MAX)
      return [prefix, name];
  }
  return undefined;
}
