/**
 * One host at a time owns a data directory. The lock names its owner by boot, pid and start time, so that a killed
 * owner's lock is taken at once and with no help, and a live owner's never.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HostError, systemCodeOf } from '../base/host-error.ts';
import { openDataDirectory, toDataFault } from './data-directory.ts';

/** How processes are told apart; injected, since it is the sandbox part that knows /proc. */
export type Identities<Identity> = {
  readonly own: () => Promise<Identity & { readonly pid: number }>;
  readonly parse: (value: unknown) => (Identity & { readonly pid: number }) | undefined;
  readonly isProvedDead: (identity: Identity) => Promise<boolean>;
};

/** A data directory that is ours until this is disposed. */
export type DataLock = AsyncDisposable;

/** Another taker may win a race between two looks at the lock; more rounds than this mean that it lives. */
const ATTEMPTS_MAX = 5;

/**
 * Takes the lock of a data directory, which is made where it does not exist.
 *
 * @throws {HostError} `DATA_LOCKED` with the owner's pid where a live host holds it; `DATA_UNUSABLE`.
 */
export async function lockDataDirectory<Identity>(dir: string, identities: Identities<Identity>): Promise<DataLock> {
  await openDataDirectory(dir);
  const path = join(dir, 'lock');
  const content = JSON.stringify(await identities.own());
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const isOurs = await createLock(path, content).catch((error: unknown) => Promise.reject(toDataFault(dir, error)));
    if (isOurs) return { [Symbol.asyncDispose]: () => releaseLock(path, content) };
    await removeDeadLock(path, dir, identities);
  }
  throw locked(dir, undefined);
}

/** The lock appears whole or not at all: a link to a file that is complete. */
async function createLock(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, content, { mode: 0o600, flag: 'wx' });
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true }); // Also where a full disk took the file and not its bytes.
  }
}

async function removeDeadLock<Identity>(path: string, dir: string, identities: Identities<Identity>): Promise<void> {
  const content = await readFile(path, 'utf8').catch(() => undefined);
  if (content === undefined) return; // Given back a moment ago.
  const owner = identities.parse(parseJson(content));
  if (owner === undefined || !(await identities.isProvedDead(owner))) throw locked(dir, owner?.pid);
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch {
    return; // Another taker was faster; the next round sees whose it is.
  }
  // Between the look and the rename another taker may have made the lock its own: then it gets it back.
  if ((await readFile(aside, 'utf8')) !== content) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function releaseLock(path: string, content: string): Promise<void> {
  const current = await readFile(path, 'utf8').catch(() => undefined);
  if (current === content) await rm(path, { force: true });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function locked(dir: string, pid: number | undefined): HostError {
  const owner = pid === undefined ? 'another server' : `the server with pid ${pid}`;
  return new HostError('DATA_LOCKED', { message: `${owner} holds the data directory "${dir}"` });
}
