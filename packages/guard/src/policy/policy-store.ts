/**
 * A folder of policies: which is current, which were, and the way back. The one file here that reads and writes.
 *
 *   policies/<sha256>.json   a policy, by its digest; written beside itself, read back, moved
 *   history.ndjson           one line a change, appended and synced; see policy-history.ts
 *   history.lock             held while somebody writes: an SQLite file, locked in the kernel
 *
 * Two writers take turns: the lock is exclusive and the kernel lets go of it when its process ends, so that none is ever stale. A line
 * that a crash cut off was never acknowledged: the next writer removes it before it appends, and says so.
 */
import { open, readFile, rename, stat, truncate, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { takeKernelLock, type KernelLock } from '@bulkhead/host/lock';
import { canonicalJson } from '@bulkhead/protocol';
import type { Policy } from '../decision/policy.ts';
import { GuardError } from '../guard-error.ts';
import { makeFolder } from '../report/make-folder.ts';
import { policyFromJson, policyToJson } from './policy-files.ts';
import {
  followHistory,
  formatLine,
  ORIGIN,
  parseHistory,
  splitHistory,
  type HistoryFault,
  type PolicyHistoryLine,
  type ReadHistory,
} from './policy-history.ts';
import { checkSignature, policySha256, sha256, type PolicySignature } from './sign-policy.ts';

/**
 * A policy with the line that made it current.
 *
 * @public
 */
export type KeptPolicy = { readonly policy: Policy; readonly line: PolicyHistoryLine };

/**
 * What was written, and how many bytes of a line that was cut off were removed before it; 0 where there were none.
 *
 * @public
 */
export type PolicyWritten = KeptPolicy & { readonly healedBytes: number };

/**
 * Whether the folder is as it was written. `head` is the hash of the last line, to keep elsewhere; `tornBytes` are of a line that was cut
 * off, which the next writer removes.
 *
 * @public
 */
export type PolicyHistoryVerdict = {
  readonly isWhole: boolean;
  readonly lines: number;
  readonly head: string;
  readonly faults: readonly HistoryFault[];
  readonly tornBytes: number;
};

/**
 * A store over a folder.
 *
 * @public
 */
export type PolicyStore = {
  /** Makes a policy the current one. */
  readonly snapshot: (policy: Policy, signature?: PolicySignature) => Promise<PolicyWritten>;
  /** The current policy; undefined where there is none yet. */
  readonly current: () => Promise<KeptPolicy | undefined>;
  /** All lines, the oldest first. */
  readonly list: () => Promise<readonly PolicyHistoryLine[]>;
  /** Makes the policy of an earlier line current again, by its `seq`: a new line, with that line's signature. */
  readonly rollback: (seq: number) => Promise<PolicyWritten>;
  /** Follows the chain, and reads every policy again. `knownHead` is a head that was kept: its line must still be there. */
  readonly verify: (knownHead?: string) => Promise<PolicyHistoryVerdict>;
};

/** Lines are near 1 KB each: some ten thousand changes. */
const HISTORY_BYTES_MAX = 16 * 1024 * 1024;
const POLICY_BYTES_MAX = 65_536;
/** A write takes milliseconds, so that a lock that is held for so long is not given back soon. */
const LOCK_TRIES_MAX = 400;
const LOCK_EVERY_MS = 25;

/**
 * Opens the store of a folder, which is made at the first write.
 *
 * Its functions throw `GuardError`: `POLICY_HISTORY_BROKEN` where a line or a policy is not as it was written (nothing is written then),
 * `POLICY_NOT_FOUND` where there is no such line, `POLICY_SIGNATURE_INVALID` where a signature is of another policy, `POLICY_STORE_BUSY` where
 * another writer holds the folder for ten seconds.
 *
 * @param options - `now` gives milliseconds since 1970.
 * @public
 */
export function openPolicyStore(dir: string, { now }: { readonly now: () => number }): PolicyStore {
  const write = async (choose: (lines: readonly PolicyHistoryLine[]) => Promise<Change>): Promise<PolicyWritten> =>
    await locked(dir, async () => await append(dir, now(), choose));
  return {
    snapshot: async (policy, signature) =>
      await write(async () => {
        if (signature !== undefined) checkSignature(signature, policySha256(policy), policy.name);
        return { policy, action: 'snapshot', restores: null, signature: signature ?? null };
      }),
    rollback: async (seq) =>
      await write(async (lines) => {
        const line = lines.find((one) => one.seq === seq);
        if (line === undefined)
          throw new GuardError('POLICY_NOT_FOUND', `the history has no line ${seq}; expected 1 to ${lines.length}`);
        return { policy: await readPolicy(dir, line), action: 'rollback', restores: seq, signature: line.signature };
      }),
    current: async () => {
      const line = parseHistory((await readHistory(dir)).lines).at(-1);
      return line && { policy: await readPolicy(dir, line), line };
    },
    list: async () => parseHistory((await readHistory(dir)).lines),
    verify: async (knownHead) => await verifyStore(dir, knownHead),
  };
}

type Change = Pick<PolicyHistoryLine, 'action' | 'restores' | 'signature'> & { readonly policy: Policy };

async function append(
  dir: string,
  nowMs: number,
  choose: (lines: readonly PolicyHistoryLine[]) => Promise<Change>,
): Promise<PolicyWritten> {
  const history = await readHistory(dir);
  const { policy, ...change } = await choose(parseHistory(history.lines));
  const digest = await keepPolicy(dir, policy);
  const healedBytes = await heal(dir, history);
  const line: PolicyHistoryLine = {
    ...{ schema_v: 1, seq: history.lines.length + 1, time: new Date(nowMs).toISOString() },
    ...{ name: policy.name, sha256: digest, previous: history.head },
    ...change,
  };
  await writeSynced(historyPath(dir), 'a', `${formatLine(line)}\n`);
  return { policy, line, healedBytes };
}

/** Cuts off what a crash left of a line. */
async function heal(dir: string, { wholeBytes, tornBytes }: ReadHistory): Promise<number> {
  if (tornBytes > 0) await truncate(historyPath(dir), wholeBytes);
  return tornBytes;
}

async function readHistory(dir: string): Promise<ReadHistory> {
  return splitHistory((await readBounded(historyPath(dir), HISTORY_BYTES_MAX)) ?? EMPTY);
}

const EMPTY = Buffer.alloc(0);

/** Content first, so that no line ever names a policy that is not there. */
async function keepPolicy(dir: string, policy: Policy): Promise<string> {
  const text = canonicalJson(policyToJson(policy));
  const digest = sha256(text);
  const path = policyPath(dir, digest);
  if ((await readBounded(path, POLICY_BYTES_MAX))?.toString() === text) return digest;
  await makeFolder(resolve(dir, 'policies'));
  const beside = `${path}.part`;
  await writeSynced(beside, 'w', text);
  if ((await readFile(beside, 'utf8')) !== text) throw broken(`${beside} did not keep what was written`);
  await rename(beside, path);
  return digest;
}

async function readPolicy(dir: string, { seq, sha256: digest }: PolicyHistoryLine): Promise<Policy> {
  const text = (await readBounded(policyPath(dir, digest), POLICY_BYTES_MAX))?.toString();
  if (text === undefined) throw broken(`the policy of line ${seq}, ${digest}, is not there`);
  if (sha256(text) !== digest) throw broken(`the policy of line ${seq}, ${digest}, was changed`);
  return policyFromJson(JSON.parse(text));
}

async function verifyStore(dir: string, knownHead: string | undefined): Promise<PolicyHistoryVerdict> {
  // A line that is being written is no torn one.
  const { lines, head, tornBytes } = (await isThere(dir))
    ? await locked(dir, async () => await readHistory(dir))
    : splitHistory(EMPTY);
  const { parsed, faults } = followHistory(lines);
  const all = [...faults, ...(await contentFaults(dir, parsed)), ...headFaults(lines, knownHead)].toSorted(
    (one, other) => one.line - other.line,
  );
  return { isWhole: all.length === 0 && tornBytes === 0, lines: lines.length, head, faults: all, tornBytes };
}

async function contentFaults(dir: string, lines: readonly PolicyHistoryLine[]): Promise<readonly HistoryFault[]> {
  const faults: HistoryFault[] = [];
  for (const line of lines) {
    const what = await readPolicy(dir, line).then(
      (policy) =>
        policy.name === line.name
          ? undefined
          : `calls its policy ${JSON.stringify(line.name)}, which is named otherwise`,
      (error: unknown) => (error instanceof Error ? error.message : 'has a policy that cannot be read'),
    );
    if (what !== undefined) faults.push({ line: line.seq, what });
  }
  return faults;
}

function headFaults(lines: readonly string[], knownHead: string | undefined): readonly HistoryFault[] {
  if (knownHead === undefined || knownHead === ORIGIN) return [];
  if (lines.some((line) => sha256(line) === knownHead)) return [];
  return [{ line: lines.length, what: `is the last, and the line with hash ${knownHead} is gone` }];
}

/** Does something while no other writer can. */
async function locked<Result>(dir: string, act: () => Promise<Result>): Promise<Result> {
  await makeFolder(resolve(dir));
  const lock = await takeLock(join(dir, 'history.lock'));
  try {
    return await act();
  } finally {
    lock.release();
  }
}

async function takeLock(path: string): Promise<KernelLock> {
  for (let tries = 0; tries < LOCK_TRIES_MAX; tries += 1) {
    const lock = takeKernelLock(path);
    if (lock !== undefined) return lock;
    await pause(LOCK_EVERY_MS);
  }
  throw new GuardError('POLICY_STORE_BUSY', `another writer holds ${path}; try again when it has ended`);
}

async function writeSynced(path: string, flags: 'a' | 'w', text: string): Promise<void> {
  const file: FileHandle = await open(path, flags);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Undefined where there is no such file. */
async function readBounded(path: string, bytesMax: number): Promise<Buffer | undefined> {
  try {
    const { size } = await stat(path);
    if (size > bytesMax) throw broken(`${path} has ${size} bytes; expected at most ${bytesMax}`);
    return await readFile(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    (error: unknown) => {
      if (isAbsent(error)) return false;
      throw error;
    },
  );
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function broken(message: string): GuardError {
  return new GuardError('POLICY_HISTORY_BROKEN', message);
}

function historyPath(dir: string): string {
  return join(dir, 'history.ndjson');
}

function policyPath(dir: string, digest: string): string {
  return join(dir, 'policies', `${digest}.json`);
}
