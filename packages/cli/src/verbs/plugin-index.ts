/**
 * What the verbs of `bulkhead index` do: an index is kept in its folder, or looked at wherever it lies.
 */
import {
  addToIndex,
  blockInIndex,
  buildIndex,
  readIndex,
  searchIndex,
  unblockInIndex,
  verifyIndex,
  type BlockTarget,
  type FoundPlugin,
  type IndexSource,
  type KeepingIndex,
  type KeptIndex,
  type VerifiedIndex,
} from '@bulkhead/host';
import { parseIndexWanted, parsePluginName, type Finding } from '@bulkhead/protocol';
import { EXIT_FAILED, EXIT_OK } from '../exit-codes.ts';
import { readKey, readPublicKey, readTime } from '../keys.ts';
import { plain, tableLines } from '../table.ts';
import type { Terminal } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

/** What was typed to keep an index. */
export type KeepOptions = {
  readonly place: string;
  readonly key: string;
  readonly at?: string;
  readonly expires?: string;
  readonly name?: string;
  readonly serial?: number;
  readonly acceptNewPublisher?: boolean;
  readonly json?: boolean;
};

/** Makes the index of a folder. */
export async function build(options: KeepOptions, terminal: Terminal): Promise<number> {
  const keeping = await keepingOf(options);
  const done = terminal.progress(`reviewing the archives of ${options.place}`);
  return showKept(await buildIndex(options.place, keeping).finally(done), options, terminal);
}

/** Adds archives. */
export async function add(
  options: KeepOptions & { readonly archives: readonly string[] },
  terminal: Terminal,
): Promise<number> {
  const keeping = await keepingOf(options);
  const done = terminal.progress(`reviewing ${options.archives.join(', ')}`);
  return showKept(await addToIndex(options.place, options.archives, keeping).finally(done), options, terminal);
}

type Targeting = KeepOptions & { readonly plugin: string };

/** Blocks a plugin or a version. */
export async function block(options: Targeting & { readonly reason: string }, terminal: Terminal): Promise<number> {
  const { place, plugin, reason } = options;
  if (reason.trim() === '' || reason.length > REASON_CHARACTERS_MAX)
    throw new UsageError(`--reason has ${reason.length} characters`, `Write 1 to ${REASON_CHARACTERS_MAX}.`);
  const target = { ...targetOf(plugin), reason };
  return showKept(await blockInIndex(place, target, await keepingOf(options)), options, terminal);
}

/** Takes a block back. */
export async function unblock(options: Targeting, terminal: Terminal): Promise<number> {
  const target = targetOf(options.plugin);
  return showKept(await unblockInIndex(options.place, target, await keepingOf(options)), options, terminal);
}

const REASON_CHARACTERS_MAX = 1_000;

function targetOf(plugin: string): BlockTarget {
  const wanted = parseIndexWanted(plugin);
  if (wanted !== undefined) return { name: wanted.name, version: wanted.version ?? null };
  throw new UsageError(
    `${JSON.stringify(plugin)} names no plugin`,
    'Give NAME, or NAME@VERSION such as weather@1.0.0.',
  );
}

async function keepingOf(options: KeepOptions): Promise<KeepingIndex> {
  const { at, expires, name, serial, acceptNewPublisher } = options;
  if (name !== undefined && parsePluginName(name) === undefined)
    throw new UsageError(`--name is ${JSON.stringify(name)}; expected lower-case letters, digits, "-" and "_"`);
  const signing = {
    ...(at !== undefined && { at: at === 'now' ? new Date().toISOString() : readTime('--at', at) }),
    ...(expires !== undefined && { expiresAt: readTime('--expires', expires) }),
  };
  return {
    signing: { privateKey: await readKey(options.key), ...signing },
    ...(name !== undefined && { name }),
    ...(serial !== undefined && { serialMin: serial }),
    acceptsNewPublisher: acceptNewPublisher === true,
  };
}

function showKept({ file, is_changed, key, index }: KeptIndex, { json }: KeepOptions, terminal: Terminal): number {
  const { name, serial, plugins } = index;
  const listed = plugins.flatMap((plugin) => plugin.versions.map((one) => ({ plugin: plugin.name, ...one })));
  const blocked = listed.flatMap(({ plugin, version, blocked: why }) =>
    why === null ? [] : [{ name: plugin, version, by: why.by, reason: why.reason }],
  );
  const summary = { file, is_changed, key, name, serial, plugins: plugins.length, versions: listed.length, blocked };
  const { result, say, talkColors } = terminal;
  if (json === true) result(JSON.stringify(summary));
  else result(file);
  const state = is_changed ? 'now has' : 'is as it was, with';
  say(
    plain(
      `the index "${name}" ${state} serial ${serial}: ${countOf(plugins.length, 'plugin')}, ${countOf(listed.length, 'version')}`,
    ),
  );
  for (const one of blocked)
    say(talkColors.yellow(plain(`blocked by ${one.by}: ${one.name} ${one.version}: ${one.reason}`)));
  return EXIT_OK;
}

/** What was typed to look at an index. */
export type LookOptions = {
  readonly place: string;
  readonly key?: string;
  readonly serial?: number;
  readonly json?: boolean;
};

type Looking = { readonly source: IndexSource; readonly reading: Parameters<typeof readIndex>[1] };

async function lookingOf({ place, key, serial }: LookOptions): Promise<Looking> {
  const publicKey = key === undefined ? undefined : await readPublicKey(key);
  return {
    source: { place, ...(publicKey !== undefined && { key: publicKey }) },
    reading: { now: Date.now(), ...(serial !== undefined && { serialMin: serial }) },
  };
}

/** Shows what an index has. */
export async function search(
  options: LookOptions & { readonly words: readonly string[]; readonly capability?: string },
  terminal: Terminal,
): Promise<number> {
  const { words, capability } = options;
  const { source, reading } = await lookingOf(options);
  const done = terminal.progress(`reading ${options.place}`);
  const { index, ...about } = await readIndex(source, reading).finally(done);
  const found = searchIndex(index, { words: words.join(' '), ...(capability !== undefined && { capability }) });
  const { name, serial } = index;
  if (options.json === true) terminal.result(JSON.stringify({ ...about, name, serial, found }));
  else showFound(found, terminal);
  if (!about.vouched) terminal.say(terminal.talkColors.yellow(UNVOUCHED));
  return EXIT_OK;
}

const UNVOUCHED = 'nobody vouches for the index: --key KEY tells whether the key is the one you expect';

function showFound(found: readonly FoundPlugin[], { result, say, colors }: Terminal): void {
  const rows = found.map(({ name, version, license, capabilities, blocked, description }) => [
    name,
    version,
    `${license.id ?? 'none'}${license.is_allowed ? '' : ' (not on the list)'}`,
    capabilities.join(' '),
    blocked === null ? description : `BLOCKED: ${blocked.reason}`,
  ]);
  for (const line of tableLines(['plugin', 'version', 'licence', 'capabilities', 'what it does'], rows, colors)) {
    result(line);
  }
  if (found.length === 0) say('nothing was found');
}

/** Verifies an index with all of its archives; answers 1 where one is not as it was signed. */
export async function verify(options: LookOptions, terminal: Terminal): Promise<number> {
  const { source, reading } = await lookingOf(options);
  const done = terminal.progress(`verifying ${options.place}`);
  const verified = await verifyIndex(source, reading).finally(done);
  if (options.json === true) terminal.result(JSON.stringify(verified));
  else showVerified(verified, terminal);
  for (const finding of verified.findings) terminal.say(findingLine(finding));
  if (!verified.vouched) terminal.say(terminal.talkColors.yellow(UNVOUCHED));
  return verified.ok ? EXIT_OK : EXIT_FAILED;
}

function showVerified(verified: VerifiedIndex, { result, colors }: Terminal): void {
  const { name, serial, key, expires_at, versions, findings } = verified;
  const row = [name, String(serial), key, expires_at ?? 'never', `${versions - findings.length} of ${versions}`];
  for (const line of tableLines(['index', 'serial', 'signed by', 'ends', 'archives as signed'], [row], colors)) {
    result(line);
  }
}

function findingLine({ path, severity, id, message }: Finding): string {
  return plain(`  ${path}  ${severity}  ${id}  ${message}`);
}

function countOf(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
