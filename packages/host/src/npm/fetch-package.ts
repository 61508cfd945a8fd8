/**
 * Fetches the tarball of one package by the npm client of this machine: that one file, no dependency, and no script of
 * anybody's (FAULTS 93). What it holds is read as any archive is.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS, isJsonObject } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';

/**
 * A package as it was fetched; `id` is its name and version.
 *
 * @public
 */
export type NpmPackage = { readonly id: string; readonly bytes: Uint8Array };

/** A name of the registry, with a version, a range or a tag. No folder, file, address or repository: those run scripts. */
const SPEC = /^(?:@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*(?:@[\w.^~<>=*+-]{1,64})?$/;

/**
 * Tells whether a text names a package of the registry, as `NAME`, `NAME@VERSION` or `@SCOPE/NAME@RANGE`.
 *
 * @public
 */
export function isNpmSpec(text: string): boolean {
  return text.length <= LIMITS.archive_path_characters.value && SPEC.test(text);
}

/**
 * Fetches a package, and compares its bytes with the digest that the registry gives.
 *
 * @param env - Of this process; npm's own settings, the proxy and the home folder with its .npmrc are passed on.
 * @throws {HostError} `NPM_FETCH_FAILED`; `ARCHIVE_TOO_LARGE`.
 * @public
 */
export async function fetchNpmPackage(
  spec: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<NpmPackage> {
  if (!isNpmSpec(spec)) throw failed(`${JSON.stringify(spec.slice(0, 80))} is no NAME or NAME@VERSION of the registry`);
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-npm-'));
  try {
    const run = { cwd: folder, env: npmEnvironment(env) };
    await runNpm(['pack', '--ignore-scripts', '--json', '--', spec], run);
    const bytes = await readOnly(folder, spec);
    const { id, integrity } = await describe(spec, await runNpm(['view', '--json', '--', spec, ...FIELDS], run));
    insistOnIntegrity(id, bytes, integrity);
    return { id, bytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const FIELDS = ['_id', 'dist.integrity'] as const;
const NPM_MS = 60_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;
const PASSED_ON = /^(?:npm_config_\w+|https?_proxy|no_proxy|home|path|node_extra_ca_certs|lang)$/i;

/** What npm is run with: its settings, the proxy, the home folder, and what is fixed here. */
export function npmEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(kept.filter(([name]) => PASSED_ON.test(name))), ...FIXED_SETTINGS };
}

/** Whatever a settings file says: no script, no line about a newer npm, and one more attempt instead of minutes of them. */
const FIXED_SETTINGS = {
  npm_config_ignore_scripts: 'true',
  npm_config_update_notifier: 'false',
  npm_config_loglevel: 'error',
  npm_config_fetch_retries: '1',
  npm_config_fetch_retry_mintimeout: '1000',
  npm_config_fetch_retry_maxtimeout: '1000',
};

type NpmRun = { readonly cwd: string; readonly env: Record<string, string> };

/** Runs the npm client of this machine, within a time and with bounded output. @throws {HostError} `NPM_FETCH_FAILED`. */
export async function runNpm(args: readonly string[], { cwd, env }: NpmRun): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn('npm', [...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: NPM_MS,
    killSignal: 'SIGKILL',
  });
  const out = collect(child.stdout, () => child.kill('SIGKILL'));
  const said = collect(child.stderr, () => undefined);
  child.on('error', (cause) => reject(failed('there is no npm client on the PATH', cause)));
  child.on('close', (code, signal) => {
    if (code === 0) return resolve(out());
    const how = signal === null ? `exit code ${code}` : `signal ${signal}, after at most ${NPM_MS} ms`;
    reject(failed(`npm ${args[0] ?? ''} ended with ${how}: ${lastLine(said())}`));
  });
  return promise;
}

function collect(stream: NodeJS.ReadableStream, onPassed: () => void): () => string {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    if (text.length < OUTPUT_BYTES_MAX) text += chunk.toString('utf8');
    else onPassed();
  });
  return () => text;
}

const SAID_CHARACTERS = 200;

/** npm ends with where its log is; what went wrong stands above. */
function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/A complete log|debug-\d/.test(line));
  return (lines.find((line) => /\b(?:E[A-Z0-9]{3,}|404|notarget)\b/.test(line)) ?? lines.at(-1) ?? '').slice(
    0,
    SAID_CHARACTERS,
  );
}

async function readOnly(folder: string, spec: string): Promise<Uint8Array> {
  const [name, ...more] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
  if (name === undefined || more.length > 0) throw failed(`npm brought no single tarball for ${spec}`);
  const path = join(folder, name);
  const { size } = await stat(path);
  const { value } = LIMITS.archive_packed_bytes;
  if (size > value)
    throw new HostError('ARCHIVE_TOO_LARGE', { message: `${spec} has ${size} bytes; at most ${value} are taken` });
  return new Uint8Array(await readFile(path));
}

type Described = { readonly id: string; readonly integrity: string };

/** A range may have several answers; npm lists them in order, and packs the last. */
async function describe(spec: string, text: string): Promise<Described> {
  const parsed = parseJson(text);
  const answer: unknown = Array.isArray(parsed) ? parsed.at(-1) : parsed;
  const { _id: id, 'dist.integrity': integrity } = isJsonObject(answer) ? answer : {};
  if (typeof id === 'string' && typeof integrity === 'string') return { id, integrity };
  throw failed(`the registry names no digest for ${spec}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw failed('npm answered no JSON', cause);
  }
}

/** Subresource Integrity: `sha512-BASE64`; an older digest alone is worth nothing. */
function insistOnIntegrity(id: string, bytes: Uint8Array, integrity: string): void {
  const own = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (integrity.split(' ').includes(own)) return;
  throw failed(`${id} is not what the registry says: ${integrity.slice(0, SAID_CHARACTERS)}`);
}

function failed(message: string, cause?: unknown): HostError {
  return new HostError('NPM_FETCH_FAILED', { message, ...(cause !== undefined && { cause }) });
}
