/**
 * The program that runs inside a container, as text: it is given to `node -e`, so that any image with Node 24 or later will do and
 * nothing has to be mounted. It is plain JavaScript of what Node brings, without template literals. See docker-executor.ts for what it
 * holds against.
 *
 *   guard --stdin--> supervisor (holds the nonce) --ipc--> child (runs the implementation)
 *   guard <-stdout-- "NONCE {frame}"              <-ipc---   |
 *                                                 <-stdout, stderr: pipes, kept as text
 *
 * In, a line of JSON each: `{nonce, code, file, mem_mb}` first, then `{id, func_name, args, result_bytes_max}`, one at a time.
 * Out, each with the nonce in front: `{kind: 'ready'}`, then for every id one of
 * `{kind: 'answered', id, json | error_type and error, duration_ms, cpu_ms, peak_rss_bytes, stdout, stderr}` or
 * `{kind: 'exited', id, code, signal, stdout, stderr}`, after which it ends. It ends with its standard input, too.
 */

/** Runs the implementation. What it needs is taken before the implementation is loaded, which may change every global. */
const CHILD = String.raw`
'use strict';
const { pathToFileURL } = require('node:url');
const send = process.send.bind(process);
const cpuUsage = process.cpuUsage.bind(process);
const resourceUsage = process.resourceUsage.bind(process);
const { stringify } = JSON;
const { byteLength } = Buffer;
const { isFinite } = Number;
const { isArray } = Array;
const { keys, getPrototypeOf, hasOwn } = Object;
const [, file] = process.argv;
let loaded;

function nonJson(value, place, depth) {
  if (depth > 64) return place + ' is nested more than 64 levels deep';
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return isFinite(value) ? undefined : place + ' is ' + value;
  if (typeof value !== 'object') return place + ' is ' + (value === undefined ? value : 'a ' + typeof value);
  if (!isArray(value)) {
    const prototype = getPrototypeOf(value);
    if (prototype !== null && getPrototypeOf(prototype) !== null) return place + ' is not a plain object';
  }
  const all = isArray(value) ? value.length : keys(value);
  const count = isArray(value) ? all : all.length;
  for (let index = 0; index < count; index += 1) {
    const key = isArray(value) ? index : all[index];
    const found = nonJson(value[key], place + (isArray(value) ? '[' + key + ']' : '.' + key), depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function textOf(error) {
  try {
    const text = error instanceof Error ? error.name + ': ' + error.message : 'it threw ' + String(error);
    return text.slice(0, 4000);
  } catch {
    return 'it threw what cannot be shown';
  }
}

async function run({ func_name, args, result_bytes_max }) {
  let value;
  try {
    loaded ??= await import(pathToFileURL(file));
    const found = hasOwn(loaded, func_name) ? loaded[func_name] : loaded.default?.[func_name];
    if (typeof found !== 'function') return { error_type: 'exception', error: 'it exports no function ' + stringify(func_name) };
    value = await found(...args);
  } catch (error) {
    return { error_type: 'exception', error: textOf(error) };
  }
  try {
    const place = nonJson(value, 'result', 0);
    if (place !== undefined) return { error_type: 'parse_error', error: place + '; expected JSON' };
    const json = stringify(value);
    const bytes = byteLength(json);
    if (bytes <= result_bytes_max) return { json };
    return { error_type: 'parse_error', error: 'the result has ' + bytes + ' bytes; expected at most ' + result_bytes_max };
  } catch (error) {
    return { error_type: 'parse_error', error: 'the result cannot be read: ' + textOf(error) };
  }
}

process.on('message', async (asked) => {
  const cpuBefore = cpuUsage();
  const ended = await run(asked);
  const cpu = cpuUsage(cpuBefore);
  send({
    id: asked.id,
    ...ended,
    cpu_ms: (cpu.user + cpu.system) / 1000,
    peak_rss_bytes: resourceUsage().maxRSS * 1024,
  });
});
`;

/** Holds the nonce and the way out; gives the child neither, nor files, processes, workers or addons. */
const SUPERVISOR = String.raw`
'use strict';
const { spawn } = require('node:child_process');
const { mkdtempSync, realpathSync, rmSync, writeFileSync, writeSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { createInterface } = require('node:readline');
const OUTPUT_BYTES_MAX = 65536;
let nonce;
let child;
let dir;
let current;
let startedAt;
let output;

function tell(frame) {
  const bytes = Buffer.from(nonce + ' ' + JSON.stringify(frame) + '\n');
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

function leave() {
  if (child !== undefined) child.kill('SIGKILL');
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  process.exit();
}

function printed() {
  const texts = { stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() };
  fresh();
  return texts;
}

function fresh() {
  output = { stdout: [], stderr: [], left: { stdout: OUTPUT_BYTES_MAX, stderr: OUTPUT_BYTES_MAX } };
}

function listen(stream, name) {
  stream.on('data', (chunk) => {
    const kept = chunk.subarray(0, output.left[name]);
    output.left[name] -= kept.length;
    if (kept.length > 0) output[name].push(kept);
  });
}

function begin({ code, file, mem_mb }) {
  dir = mkdtempSync(join(realpathSync(tmpdir()), 'run-'));
  const path = join(dir, file);
  writeFileSync(path, code);
  const limits = ['--permission', '--allow-fs-read=' + dir, '--max-old-space-size=' + mem_mb, '--no-warnings'];
  child = spawn(process.execPath, [...limits, '-e', CHILD, path], {
    cwd: dir,
    env: {},
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  fresh();
  listen(child.stdout, 'stdout');
  listen(child.stderr, 'stderr');
  child.on('message', (told) => {
    if (current === undefined || told === null || typeof told !== 'object' || told.id !== current) return;
    current = undefined;
    // What was printed before lies in the pipes, and is read before the next turn.
    // The time is measured here: the child would have only its word for it.
    const duration_ms = performance.now() - startedAt;
    setImmediate(() => tell({ ...told, kind: 'answered', duration_ms, ...printed() }));
  });
  child.on('close', (exitCode, signal) => {
    if (current !== undefined) tell({ kind: 'exited', id: current, code: exitCode, signal, ...printed() });
    leave();
  });
  tell({ kind: 'ready' });
}

createInterface({ input: process.stdin, crlfDelay: Infinity })
  .on('line', (line) => {
    const asked = JSON.parse(line);
    if (nonce === undefined) {
      nonce = asked.nonce;
      begin(asked);
      return;
    }
    current = asked.id;
    startedAt = performance.now();
    if (child.connected) child.send(asked);
  })
  .on('close', leave);
`;

/** The whole program. */
export const CONTAINER_RUNNER = `const CHILD = ${JSON.stringify(CHILD)};${SUPERVISOR}`;
