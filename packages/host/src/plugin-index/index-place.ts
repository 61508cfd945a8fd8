/**
 * Where an index lies: a folder, or an address that a web server answers. Both give one file by its name, within a bound of
 * bytes and, over the network, of time. A redirect leads to the same host or nowhere: who answers for the address of the
 * operator's answers for its files.
 */
import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { LIMITS } from '@bulkhead/protocol';
import { HostError, systemCodeOf } from '../base/host-error.ts';
import { openFolder, readFileIn, type FileReading } from '../source/open-beneath.ts';
import { INDEX_FILE } from './sealed-index.ts';

/** A place; `shown` is what it is called in messages and records. */
export type IndexPlace = {
  readonly shown: string;
  /**
   * Reads a file of at most `bytesMax` bytes.
   *
   * @returns undefined where it has more.
   * @throws {HostError} `INDEX_UNREACHABLE`.
   */
  readonly read: (file: string, bytesMax: number) => Promise<Uint8Array | undefined>;
};

/** Tells whether a text is an address and no path. */
export function isAddress(place: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(place);
}

/**
 * Opens a place by the address or path of its folder, or of the index.json in it. Nothing is read yet.
 *
 * @throws {HostError} `INDEX_UNREACHABLE` for an address that is not taken.
 */
export function openPlace(place: string): IndexPlace {
  return isAddress(place) ? placeAt(parseAddress(place)) : placeIn(resolve(place));
}

/** Folder of a path that names it, or the index.json in it. */
export function folderOf(path: string): string {
  return basename(path) === INDEX_FILE ? dirname(resolve(path)) : resolve(path);
}

function placeIn(path: string): IndexPlace {
  const folder = folderOf(path);
  return {
    shown: folder,
    read: async (file, bytesMax) => bytesOf(await readBeneath(folder, file, bytesMax), { folder, file }),
  };
}

const IN_A_FOLDER = 'Name the folder that holds an index.json; `bulkhead index add DIR ARCHIVE --key KEY` begins one.';

async function readBeneath(folder: string, file: string, bytesMax: number): Promise<FileReading> {
  try {
    const opened = await openFolder(await realpath(folder));
    try {
      return await readFileIn(opened, file, bytesMax);
    } finally {
      await opened.handle.close();
    }
  } catch (cause) {
    const message = `${folder}/${file} cannot be read (${systemCodeOf(cause) ?? 'unreadable'})`;
    throw new HostError('INDEX_UNREACHABLE', { message, hint: IN_A_FOLDER, cause });
  }
}

function bytesOf(reading: FileReading, at: { readonly folder: string; readonly file: string }): Uint8Array | undefined {
  if (reading.kind === 'read') return reading.bytes;
  if (reading.kind === 'too_large') return undefined;
  throw unreachable(`${at.folder}/${at.file} is no plain file`);
}

function parseAddress(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined) throw unreachable(`${JSON.stringify(given.slice(0, 200))} is no address`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw unreachable(
      `the address ${url.origin}${url.pathname} has a user, a query or a fragment, and an index has none`,
    );
  insistOnScheme(url);
  if (url.pathname.endsWith(`/${INDEX_FILE}`)) url.pathname = url.pathname.slice(0, -INDEX_FILE.length);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** Without TLS nobody knows who answered, and an old index could be played by anybody in between. */
function insistOnScheme({ protocol, hostname, origin }: URL): void {
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return;
  throw unreachable(`${origin} is not asked: an index is fetched over https, or over http from this machine`);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function placeAt(base: URL): IndexPlace {
  return {
    shown: base.href,
    read: async (file, bytesMax) => {
      const url = new URL(encodeURIComponent(file), base);
      const signal = AbortSignal.timeout(LIMITS.index_fetch_ms.value);
      try {
        return await readBounded(await fetchHere(url, signal), bytesMax);
      } catch (cause) {
        if (cause instanceof HostError) throw cause;
        throw unreachable(`${url.href} cannot be fetched (${whyNot(cause)})`, cause);
      }
    },
  };
}

async function fetchHere(first: URL, signal: AbortSignal): Promise<Response> {
  let url = first;
  for (let redirects = 0; redirects <= LIMITS.index_redirects.value; redirects += 1) {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: '*/*' } });
    if (response.ok) return response;
    await response.body?.cancel();
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null)
      throw unreachable(`${url.href} answered ${response.status}`);
    const next = new URL(location, url);
    if (next.host !== first.host || next.protocol !== first.protocol)
      throw unreachable(`${url.href} leads to ${next.origin}, which is another host`);
    url = next;
  }
  throw unreachable(`${first.href} leads on more than ${LIMITS.index_redirects.value} times`);
}

async function readBounded(response: Response, bytesMax: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > bytesMax) return undefined; // Leaving the loop cancels the body.
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function whyNot(cause: unknown): string {
  if (cause instanceof Error && cause.name === 'TimeoutError') return `no answer in ${LIMITS.index_fetch_ms.value} ms`;
  const code = systemCodeOf(cause) ?? systemCodeOf(cause instanceof Error ? cause.cause : undefined);
  return code ?? 'no answer';
}

function unreachable(message: string, cause?: unknown): HostError {
  return new HostError('INDEX_UNREACHABLE', { message, ...(cause !== undefined && { cause }) });
}
