/**
 * Hosts with their ports, as manifests and configuration name them. Apart from the manifest's schema, which is not needed to
 * tell one.
 */
const HOST = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const PORT = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
/** One exact host and its port, never a scheme or a path: where a secret may go. */
export const HOST_PORT_PATTERN = `^${HOST}:${PORT}$`;
const hostPort = new RegExp(HOST_PORT_PATTERN);
/**
 * Tells whether a text is one exact host with its port, such as `localhost:11434`.
 *
 * @internal
 */
export function isHostPort(word: string): boolean {
  return hostPort.test(word);
}

/** A host, or `*.` for its subdomains, and a port: where `fetch` may go. */
export const HOSTS_PORT_PATTERN = `^(?:\\*\\.)?${HOST}:${PORT}$`;
