/**
 * `bulkhead guard policy`: policies as texts, with their signatures, and in a folder with its history.
 */
import { readFile, writeFile } from 'node:fs/promises';
import {
  GuardError,
  openPolicyStore,
  policySha256,
  policyToToml,
  signPolicy,
  verifyPolicy,
  type Policy,
  type PolicyHistoryVerdict,
  type PolicySignature,
  type PolicyStore,
  type PolicyTrust,
  type PolicyWritten,
} from '@bulkhead/guard';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { readKey, readPublicKey, readTime } from '../keys.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { answering } from './answering.ts';
import { readPolicy } from './read-policy.ts';

type Folder = { readonly dir: string };
type Json = { readonly json?: boolean };
const now = (): number => Date.now();

/** Prints a policy. */
export async function showVerb(
  { policy, dir }: Folder & { readonly policy?: string },
  terminal: Terminal,
): Promise<number> {
  return answering(terminal, async () => {
    const shown = policy === undefined ? (await storeOf(dir).current())?.policy : await readPolicy(policy);
    if (shown === undefined)
      throw new UsageError(`${dir} has no policy yet`, 'Name one, or make one current with `snapshot`.');
    await terminal.write(policyToToml(shown));
    return EXIT_OK;
  });
}

/** Says whether it is one. */
export async function checkVerb(
  { policy, json }: Json & { readonly policy: string },
  terminal: Terminal,
): Promise<number> {
  return answering(terminal, async () => {
    const read = await readPolicy(policy);
    const { result, colors } = terminal;
    if (json === true) result(JSON.stringify({ ok: true, name: read.name, sha256: policySha256(read) }));
    else result(`${colors.green('ok')}  ${plain(read.name)}  ${policySha256(read)}`);
    return EXIT_OK;
  });
}

/** What is typed after `sign`. */
type SignOptions = {
  readonly policy: string;
  readonly key: string;
  readonly expires?: string;
  readonly out?: string;
};

/** Signs it. */
export async function signVerb({ policy, key, expires, out }: SignOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const times = {
      signed_at: new Date(now()).toISOString(),
      expires_at: expires === undefined ? null : readTime('--expires', expires),
    };
    const text = JSON.stringify(signPolicy(await readPolicy(policy), times, await readKey(key)), undefined, 2);
    if (out === undefined) terminal.result(text);
    else {
      await writeFile(out, `${text}\n`);
      terminal.result(out);
    }
    return EXIT_OK;
  });
}

/** What is typed after `verify`. */
type VerifyOptions = Folder &
  Json & { readonly policy?: string; readonly signature?: string; readonly key?: string; readonly head?: string };

/** Verifies a signature, or the folder; answers 1 where it does not hold. */
export async function verifyVerb(options: VerifyOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const { policy, dir, head, json } = options;
    if (policy === undefined) return tellFolder(await storeOf(dir).verify(head), json, terminal);
    const { signature, key } = options;
    if (signature === undefined || key === undefined)
      throw new UsageError('verify needs --signature and --key', 'Without a policy it verifies the folder of --dir.');
    const trust = { trustedKeys: [await readPublicKey(key)], nowMs: now() };
    return tellSignature(verified(await readPolicy(policy), await readSignature(signature), trust), json, terminal);
  });
}

type Verified =
  { readonly ok: true; readonly signature: PolicySignature } | { readonly ok: false; readonly reason: string };

function verified(policy: Policy, value: unknown, trust: PolicyTrust): Verified {
  try {
    return { ok: true, signature: verifyPolicy(policy, value, trust) };
  } catch (error) {
    if (!(error instanceof GuardError) || error.code !== 'POLICY_SIGNATURE_INVALID') throw error;
    return { ok: false, reason: error.message };
  }
}

function tellSignature(found: Verified, json: boolean | undefined, { result, colors }: Terminal): number {
  if (json === true) result(JSON.stringify(found));
  else if (found.ok) {
    const { statement, public_key } = found.signature;
    result(`${colors.green('ok')}  ${plain(statement.name)}  signed at ${statement.signed_at} by ${public_key}`);
  } else result(colors.red(plain(found.reason)));
  return found.ok ? EXIT_OK : EXIT_FAILED;
}

function tellFolder(found: PolicyHistoryVerdict, json: boolean | undefined, { result, colors }: Terminal): number {
  const { isWhole, lines, head, faults, tornBytes } = found;
  if (json === true) result(JSON.stringify({ ok: isWhole, lines, head, faults, torn_bytes: tornBytes }));
  else if (isWhole) result(`${colors.green('whole')}  ${lines} lines, head ${head}`);
  else {
    for (const { line, what } of faults) result(colors.red(plain(`line ${line} ${what}`)));
    if (tornBytes > 0) result(colors.red(`${tornBytes} bytes of a line that was cut off`));
  }
  return isWhole ? EXIT_OK : EXIT_FAILED;
}

/** Makes it current. */
export async function snapshotVerb(
  { policy, signature, dir, json }: Folder & Json & { readonly policy: string; readonly signature?: string },
  terminal: Terminal,
): Promise<number> {
  return answering(terminal, async () => {
    const read = await readPolicy(policy);
    const signed = signature === undefined ? undefined : checked(read, await readSignature(signature));
    return tellWritten(await storeOf(dir).snapshot(read, signed), json, terminal);
  });
}

/** It must be of this policy; whose key made it, and for how long, is looked at when it is verified. */
function checked(policy: Policy, value: unknown): PolicySignature {
  const { public_key: key } = Object(value) as { readonly public_key?: unknown };
  return verifyPolicy(policy, value, { trustedKeys: [String(key)], nowMs: 0 });
}

/** Goes back. */
export async function rollbackVerb(
  { line, dir, json }: Folder & Json & { readonly line: number },
  terminal: Terminal,
): Promise<number> {
  return answering(terminal, async () => tellWritten(await storeOf(dir).rollback(line), json, terminal));
}

function tellWritten(
  { line, healedBytes }: PolicyWritten,
  json: boolean | undefined,
  { result, say }: Terminal,
): number {
  if (json === true) result(JSON.stringify(line));
  else result(plain(`${line.seq}  ${line.name}  ${line.sha256}`));
  if (healedBytes > 0) say(`${healedBytes} bytes of a line that was cut off were removed first`);
  return EXIT_OK;
}

/** Lists the history. */
export async function listVerb({ dir, json }: Folder & Json, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const lines = await storeOf(dir).list();
    const { result, say, colors } = terminal;
    if (json === true) result(JSON.stringify({ lines }));
    else if (lines.length === 0) say(`${dir} has no policy yet`);
    else {
      const rows = lines.map(({ seq, time, action, restores, name, signature }) => [
        ...[String(seq), time, restores === null ? action : `${action} to ${restores}`],
        ...[name, signature === null ? 'not signed' : signature.public_key],
      ]);
      for (const line of tableLines(['line', 'time', 'action', 'policy', 'signed by'], rows, colors)) result(line);
    }
    return EXIT_OK;
  });
}

function storeOf(dir: string): PolicyStore {
  return openPolicyStore(dir, { now });
}

async function readSignature(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`--signature: ${file} cannot be read`, 'Make one with `bulkhead guard policy sign`.');
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--signature: ${file} is not JSON`, 'Make one with `bulkhead guard policy sign`.');
  }
}
