/**
 * Who holds a data directory, in a file beside the lock: for the message to whoever is refused, and as a sign of life for
 * another machine, whose kernel may not see the lock. It locks nothing.
 */
import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCodeOf } from '../base/host-error.ts';

/** What names a process for ever on its machine, as far as is read here. Snake case: it is written to a file. */
export type HolderIdentity = { readonly pid: number; readonly boot_id: string; readonly pid_namespace: string };

/** Content of the file. */
export type Holder<Identity extends HolderIdentity> = {
  /** Of this taking of the lock, and no other. */
  readonly token: string;
  readonly host: string;
  /** ISO 8601 in UTC. */
  readonly since: string;
  readonly identity: Identity;
};

/** Describes this process as a holder from now on. */
export function newHolder<Identity extends HolderIdentity>(identity: Identity, since: string): Holder<Identity> {
  return { token: randomUUID(), host: hostname(), since, identity };
}

/** Writes the file, whole or not at all. */
export async function writeHolder(path: string, holder: Holder<HolderIdentity>): Promise<void> {
  const draft = `${path}.${holder.token}`;
  const { identity, ...rest } = holder;
  try {
    await writeFile(draft, `${JSON.stringify({ ...rest, ...identity })}\n`, { mode: 0o600, flag: 'wx' });
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true }); // Also where a full disk took the file and not its bytes.
  }
}

/** Reads the file; undefined where there is none, or it says nothing that can be understood. */
export async function readHolder<Identity extends HolderIdentity>(
  path: string,
  parseIdentity: (value: unknown) => Identity | undefined,
): Promise<Holder<Identity> | undefined> {
  const value = parseJson(await readFile(path, 'utf8').catch(() => ''));
  const identity = parseIdentity(value);
  if (identity === undefined) return undefined;
  const { token, host, since } = value as Record<string, unknown>; // It has an identity, so it is an object.
  if (typeof token !== 'string' || typeof host !== 'string' || typeof since !== 'string') return undefined;
  return { token, host, since, identity };
}

/** Gives the sign of life: the time of the file. */
export async function touchHolder(path: string, wallTime: number): Promise<void> {
  await utimes(path, wallTime / 1_000, wallTime / 1_000);
}

/** Milliseconds since the epoch of the last sign of life; undefined where there is no file. */
export async function lastTouched(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
