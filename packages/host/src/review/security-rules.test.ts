/** The rules of the security review of handlers (CONTRACTS 000, 15.9), each with what it finds and what it lets pass. */
import { expect, test } from 'vitest';
import { inspectModule } from './inspect-module.ts';

const foundIn = (text: string, asks: readonly string[] = [], path = 'main.ts'): readonly string[] =>
  inspectModule(path, text, asks).findings.map(({ id, severity }) => `${severity} ${id}`);

test.each([
  [`export const f = () => fetch('https://a.test')`],
  [`export const f = (url) => globalThis.fetch(url)`],
  [`export const f = (url) => globalThis['fe' + 'tch'](url)`],
  [`const load = fetch; export const f = (url) => load(url)`],
  [`export const f = () => new WebSocket('wss://a.test')`],
  [`export const f = () => new EventSource('https://a.test')`],
  [`export const f = () => new XMLHttpRequest()`],
  [`export const f = () => navigator.sendBeacon('https://a.test')`],
])('[F000-44] warns of network use by a plugin that does not ask for internet: %s', (text) => {
  expect(foundIn(text)).toContain('warning NETWORK_UNASKED');
  expect(foundIn(text, ['internet'])).toEqual([]);
});

test('[F000-44] network use is named with its line, the permission and the cure', () => {
  expect(
    inspectModule('src/a.ts', `export const f = 1;\nexport const g = () => fetch('https://a.test');`).findings,
  ).toEqual([
    {
      id: 'NETWORK_UNASKED',
      severity: 'warning',
      path: 'src/a.ts',
      line: 2,
      message: 'fetch uses the network, and plugin.json does not ask for the permission internet',
      hint: 'Add "internet" to required_permissions and the hosts to network.allow, or do without it.',
    },
  ]);
});

test.each([
  ['export const has = typeof fetch === "function"'],
  ['export const f = (store) => store.fetch(1)'],
  ['export class Cache { fetch(key) { return key } }'],
  ['export const f = ({ fetch }) => fetch(1)'],
  [`import { fetch } from './fetch.ts'; export const f = () => fetch(1)`],
  ['export type Fetch = typeof globalThis.fetch'],
])('[F000-44] says nothing where no connection is opened: %s', (text) => {
  expect(foundIn(text)).toEqual([]);
});

test.each([
  ['export default { tools: [{ execute: (params) => Buffer.alloc(params.n) }] }', 'n'],
  ['export default { tools: [{ execute: ({ n }) => Buffer.allocUnsafe(n) }] }', 'n'],
  ['export default { tools: [{ execute({ n }) { return new Array(n) } }] }', 'n'],
  ['export default { tools: [{ execute: ({ n }) => new Uint8Array(n * 1024) }] }', 'n'],
  [`export default { tools: [{ execute: ({ times }) => 'x'.repeat(times) }] }`, 'times'],
  [`export default { tools: [{ execute: ({ times }) => 'x'.padStart(Number(times)) }] }`, 'times'],
  ['export default { tools: [{ execute: ({ n }) => Array.from({ length: n }, () => 0) }] }', 'n'],
  ['export function f(params) { const { n } = params; return Buffer.alloc(n) }', 'n'],
  ['export function f(params) { const n = params.options.n ?? 1; return new ArrayBuffer(n) }', 'n'],
  ['function make({ n }) { return Buffer.alloc(n) }\nexport default { tools: [{ execute: make }] }', 'n'],
  ['export class A { execute(name, params) { return Buffer.alloc(params.size_mb * 1048576) } }', 'size_mb'],
  ['export class A { handle(task) { return Buffer.alloc(task.payload.n) } }', 'n'],
])('[F000-45] warns of memory sized by a parameter without a bound: %s', (text, name) => {
  const [finding, ...others] = inspectModule('main.ts', text).findings;
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ id: 'SIZE_UNBOUNDED', severity: 'warning' });
  expect(finding?.message).toContain(`the parameter "${name}"`);
});

test.each([
  ['export default { tools: [{ execute: ({ n }) => Buffer.alloc(Math.min(n, 1024)) }] }'],
  [
    'export default { tools: [{ execute: ({ n }) => { if (n > 1024) throw new Error("n"); return Buffer.alloc(n) } }] }',
  ],
  [
    'export default { tools: [{ parameters: { type: "object", properties: { n: { type: "integer", maximum: 9 } } }, execute: ({ n }) => Buffer.alloc(n) }] }',
  ],
  [
    `import { z } from 'zod'; export default { tools: [{ parameters: z.object({ n: z.int().max(9) }), execute: ({ n }) => Buffer.alloc(n) }] }`,
  ],
  ['export default { tools: [{ execute: ({ text }) => Buffer.alloc(text.length) }] }'],
  ['export default { tools: [{ execute: ({ n }) => Buffer.alloc(n % 1024) }] }'],
  ['export default { tools: [{ execute: ({ a, b }) => new Array(a, b) }] }'],
  ['export const blank = (width) => " ".repeat(width)'],
  [`export default { tools: [{ execute: ({ text }) => Buffer.from(text) }] }`],
])('[F000-45] says nothing where a size is bounded, measured or not a caller’s: %s', (text) => {
  expect(foundIn(text)).toEqual([]);
});

test.each([
  [`export const file = '/tmp/state.json'`],
  ['export const file = (name) => `/var/tmp/${name}`'],
  [`export const file = '/dev/shm/x'`],
  ['export const folder = process.env.TMPDIR'],
  ['export const folder = (os) => os.tmpdir()'],
])('[F000-46] warns of temporary files outside of tempDir: %s', (text) => {
  expect(foundIn(text)).toEqual(['warning TEMP_OUTSIDE']);
});

test.each([
  ['export const file = (context) => `${context.tempDir}/state.json`'],
  [`export const route = 'https://a.test/tmp/x'`],
  [`export const folder = '/tmpfiles'`],
  [`export type Place = '/tmp' | '/var'`],
  ['export const home = process.env.HOME_PAGE'],
])('[F000-46] says nothing about other places: %s', (text) => {
  expect(foundIn(text)).toEqual([]);
});

const CHILDREN = ['children'];

test.each([
  [`import { spawn } from 'node:child_process'; const c = spawn('git', ['log']); c.on('close', f)`, 'no time limit'],
  [`import { execFile } from 'child_process'; execFile('git', ['log'], (error) => error)`, 'no time limit'],
  [`import { execSync } from 'node:child_process'; execSync('git log')`, 'no time limit'],
  [`import cp from 'node:child_process'; cp.execSync('git log')`, 'no time limit'],
  [`import { spawn } from 'node:child_process'; spawn('git', [], { timeout: 1000 })`, 'nobody looks'],
  [`import { spawnSync as run } from 'node:child_process'; run('git', [], { timeout: 1000 })`, 'nobody looks'],
  [`import { exec } from 'node:child_process'; exec('git log', { timeout: 1000 })`, 'nobody looks'],
])('[F000-47] warns of a child process without a time limit or a look at its end: %s', (text, words) => {
  const warnings = inspectModule('main.ts', text, CHILDREN).findings.filter(({ severity }) => severity === 'warning');
  expect(warnings).toMatchObject([{ id: 'CHILD_UNBOUNDED', message: expect.stringContaining(words) as unknown }]);
});

test.each([
  [`import { spawn } from 'node:child_process'; spawn('git', [], { timeout: 1000 }).once('exit', f)`],
  [
    `import { spawn } from 'node:child_process'; export const f = (signal) => spawn('git', [], { signal }).on('close', g)`,
  ],
  [`import { spawnSync } from 'node:child_process'; if (spawnSync('git', [], { timeout: 1 }).status !== 0) throw 1`],
  [`import { execFileSync } from 'node:child_process'; execFileSync('git', [], { timeout: 1000 })`],
  [`import { exec } from 'node:child_process'; exec('git log', { timeout: 1000 }, (error) => error)`],
])('[F000-47] says no more than that the import is refused, where time and end are seen to: %s', (text) => {
  expect(foundIn(text, CHILDREN)).toEqual(['error IMPORT_REFUSED']);
});

test('[F000-47] of a plugin that asks for no children the refused import says it all', () => {
  const text = `import { spawn } from 'node:child_process'; spawn('git')`;
  expect(foundIn(text)).toEqual(['error IMPORT_REFUSED']);
});

const PACKED = `const a = 1;${'f(a);'.repeat(500)}`;

test.each([
  ['let pro\\u0063ess_ = 1; export default pro\\u0063ess_', 'a name is written with escapes'],
  [String.raw`export const t = "\x63\x68\x69\x6c\x64\x5f\x70\x72"`, 'a text of plain letters'],
  [String.raw`export const t = "\u0063\u0068\u0069\u006c\u0064\u005f\u0070\u0072"`, 'a text of plain letters'],
  ['export const f = (o) => o[atob("Y2hpbGQ=")]', 'a member’s name is decoded'],
  ['export const f = (o) => o[Buffer.from("6576616c", "hex").toString()]', 'a member’s name is decoded'],
  ['export const f = (o) => o[String.fromCharCode(101, 118)]', 'a member’s name is decoded'],
  [
    'const _0x1a2b = ["a"], _0x2b3c = (_0x3c4d, _0x4d5e) => _0x1a2b[_0x3c4d], _0x5e6f = 1; export default _0x2b3c(0, _0x5e6f)',
    'names like _0x1a2b',
  ],
  [`export default ${'[+[]]+(!![])+'.repeat(30)}[]`, 'code of brackets and signs only'],
  [PACKED, 'a packed line'],
])('warns of code that hides what it says: %s', (text, words) => {
  const found = inspectModule('main.js', text).findings;
  expect(found).toMatchObject([
    { id: 'OBFUSCATED_CODE', severity: 'warning', message: expect.stringContaining(words) as unknown },
  ]);
});

test.each([
  [`export const long = '${'a long text (with; signs) '.repeat(200)}'`],
  [`export const data = [${'1, 2, 3, '.repeat(1000)}]`],
  ['export const größe = 1; export default größe'],
  [String.raw`export const red = (t) => "\x1b[31m" + t + "\x1b[39m"`],
  [String.raw`export const e = "caf\u00e9 na\u00efve"`],
  ['export const f = (text) => atob(text)'],
  ['export const f = (map, key) => map[key.toString()]'],
])('says nothing about long texts, data, other scripts and plain decoding: %s', (text) => {
  expect(foundIn(text)).toEqual([]);
});

test('a packed package of others is no finding; packages are packed as a rule', () => {
  expect(foundIn(PACKED, [], 'node_modules/a/index.js')).toEqual([]);
});

test.each([
  ['export const f = (key) => { const { [key]: member } = process; return member }'],
  ['export const f = (key) => { let member; ({ [key]: member } = globalThis); return member }'],
  ['export const all = Object.values(process)'],
  ['export const all = Object.entries(globalThis)'],
  ['export const all = Object.getOwnPropertyDescriptors(process)'],
  ['export const f = (key) => Object.getOwnPropertyDescriptor(process, key)'],
])('[FAULTS-70] refuses every other way to a member that only running tells: %s', (text) => {
  expect(foundIn(text)).toEqual(['error COMPUTED_ACCESS']);
});

test.each([
  ['export const all = Object.entries(process.env)'],
  ['export const names = Object.keys(globalThis)'],
  ['export const f = (key, map) => { const { [key]: member } = map; return member }'],
  [`export const d = Object.getOwnPropertyDescriptor(process, 'version')`],
])('[FAULTS-70] says nothing about members of other objects: %s', (text) => {
  expect(foundIn(text)).toEqual([]);
});
