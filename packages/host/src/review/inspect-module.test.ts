import { hasErrors } from '@bulkhead/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectModule } from './inspect-module.ts';
import { RULES } from './rules.ts';

const errorsIn = (text: string, path = 'main.ts'): readonly string[] =>
  inspectModule(path, text).findings.flatMap((finding) => (finding.severity === 'error' ? [finding.id] : []));
const warningsIn = (text: string, path = 'main.ts'): readonly string[] =>
  inspectModule(path, text).findings.flatMap((finding) => (finding.severity === 'warning' ? [finding.id] : []));
const messagesIn = (text: string): readonly string[] =>
  inspectModule('main.ts', text).findings.map(({ message }) => message);

describe('the review of one module', () => {
  test.each([
    [`import os from 'os'`],
    [`import 'node:child_process'`],
    [`import { readFile } from 'fs/promises'`],
    [`export { spawn } from 'node:child_process'`],
    [`export * from 'net'`],
    [`const fs = await import('fs')`],
    ['const fs = await import(`node:fs`)'],
    [`const fs = await import('node:' + 'fs')`],
    ["const part = 'f'; const fs = await import(`${part}s`)"],
    [`const fs = await import('f'.concat('s'))`],
    [`const fs = await import(['f', 's'].join(''))`],
    [`import fs = require('fs')`],
    [`const fs = require('fs')`],
    [`const fs = module.require('fs')`],
    [`import 'node:sqlite'`],
    [`import 'node:trace_events'`],
    [`import 'node:inspector/promises'`],
    [`import 'node:v8'`],
    [`import 'node:test'`],
    [`import 'node:repl'`],
    [`import 'node:cluster'`],
    [`import 'node:vm'`],
    [`import 'module'`],
    [`import 'worker_threads'`],
    [`import 'node:something_that_comes_later'`],
    [`import process from 'node:process'`],
  ])('[F003-28] [FAULTS-67] [FAULTS-72] [FAULTS-77] refuses a built-in module that reaches out: %s', (text) => {
    expect(errorsIn(text)).toEqual(['IMPORT_REFUSED']);
  });

  test('[F003-29] [X003-4] names the refused module, file and line, and the next step', () => {
    expect(inspectModule('src/a.ts', `\nimport x from './b.ts';\nimport os from 'node:os';\n`).findings).toEqual([
      {
        id: 'IMPORT_REFUSED',
        severity: 'error',
        path: 'src/a.ts',
        line: 3,
        message: 'Forbidden import: os',
        hint: expect.stringContaining('crypto'),
      },
    ]);
  });

  test.each([
    [`import crypto from 'node:crypto'`],
    [`import { setTimeout } from 'timers/promises'`],
    [`import { posix } from 'node:path'; export const x = posix`],
    [`import type { Stats } from 'node:fs'`],
    [`import { type Stats } from 'node:fs'`],
    [`import Stats, { type Other } from 'node:url'; export type A = Stats`],
    [`import { Stats } from 'node:fs'; export const size = (stats: Stats): number => 1`],
    [`export type { Stats } from 'node:fs'`],
    [`import { z } from 'zod'; export const schema = z`],
    [`import data from './data.json' with { type: 'json' }; export default data`],
  ])('[F003-28] lets pure built-ins, packages, own files and types pass: %s', (text) => {
    expect(inspectModule('main.ts', text).findings).toEqual([]);
  });

  test.each([
    ['export const load = (name) => import(name)', 'IMPORT_DYNAMIC'],
    ['export const load = (name) => import(`./lang/${name}.js`)', 'IMPORT_DYNAMIC'],
    ['export const load = (name) => require(name)', 'IMPORT_DYNAMIC'],
    [`await import('data:text/javascript,1')`, 'BUNDLE_ESCAPES'],
    [`await import('blob:nodedata:1')`, 'BUNDLE_ESCAPES'],
    [`import 'https://example.com/x.js'`, 'BUNDLE_ESCAPES'],
    [`import 'file:///etc/hostname'`, 'BUNDLE_ESCAPES'],
    [`import '/etc/hostname'`, 'BUNDLE_ESCAPES'],
    [`import x from '../x.json'`, 'BUNDLE_ESCAPES'],
    [`import x from './a/../../x.json'`, 'BUNDLE_ESCAPES'],
    [`import x from '..\\\\x.json'`, 'BUNDLE_ESCAPES'],
    [`import 'C:\\\\x.js'`, 'BUNDLE_ESCAPES'],
  ])('[FAULTS-68] refuses an import of what is not in the folder: %s', (text, id) => {
    expect(errorsIn(text)).toEqual([id]);
  });

  test.each([
    [`import x from './x.txt' with { type: 'text' }`],
    [`import x from './x.bin' with { type: 'bytes' }`],
    [`import x from './x.css' with { type: 'css' }`],
    [`import x from './x.json' with { type: 'json', mode: 'raw' }`],
    [`export { default } from './x.txt' with { type: 'text' }`],
    [`await import('./x.txt', { with: { type: 'text' } })`],
    [`await import('./x.txt', { ['wi' + 'th']: { ['type']: 'te' + 'xt' } })`],
    [`await import('./x.txt', options)`],
  ])('refuses an import attribute that would take a file as text or bytes: %s', (text) => {
    expect(errorsIn(text)).toEqual(['IMPORT_ATTRIBUTE']);
  });

  test.each([
    [`import { createRequire } from 'node:module'`, ['IMPORT_REFUSED']],
    [`const r = something.createRequire('/')`, ['MODULE_LOADER']],
    [`const { createRequire: r } = something`, ['MODULE_LOADER']],
    [`something['_lo' + 'ad']('fs')`, ['MODULE_LOADER']],
    [`new module.constructor('x')`, ['MODULE_LOADER']],
    [`module._compile('x', 'y')`, ['MODULE_LOADER']],
    [`require.cache`, ['MODULE_LOADER']],
    [`require['main']`, ['MODULE_LOADER']],
  ])('[FAULTS-69] [FAULTS-72] refuses other ways to the module loader: %s', (text, ids) => {
    expect(errorsIn(text)).toEqual(ids);
  });

  test.each([
    [`process.binding('fs')`],
    [`process._linkedBinding('fs')`],
    [`process.dlopen(m, 'x.node')`],
    [`process.getBuiltinModule('fs')`],
    [`process.mainModule`],
    [`process.execve('/bin/sh')`],
    [`process.kill(1)`],
    [`process._debugProcess(1)`],
    [`process['bin' + 'ding']('fs')`],
    ['process[`binding`]("fs")'],
    [`globalThis.process.binding('fs')`],
    [`globalThis['process']['binding']('fs')`],
    [`global.globalThis.process.binding('fs')`],
    [`const p = process; p.binding('fs')`],
    [`const { process: p } = globalThis; p.binding('fs')`],
    [`(0, process).binding('fs')`],
    [`(process as any).binding('fs')`],
    [`process!.binding('fs')`],
    [`process?.binding?.('fs')`],
    [`anything.getBuiltinModule('fs')`],
    [`declare const process: any; process.binding('fs')`],
    [`pro\\u0063ess.binding('fs')`],
  ])('[FAULTS-70] [FAULTS-76] refuses members of process that reach the host: %s', (text) => {
    expect(errorsIn(text)).toEqual(['PROCESS_INTERNALS']);
  });

  test.each([
    [`const { binding } = process`],
    [`const { getBuiltinModule: g } = process`],
    [`let b; ({ binding: b } = process)`],
    [`const { kill } = globalThis.process; kill(1)`],
  ])('[FAULTS-70] refuses them taken out of a pattern: %s', (text) => {
    expect(errorsIn(text)).toContain('PROCESS_INTERNALS');
  });

  test.each([
    ['export const f = (key) => process[key]'],
    ['export const f = (key) => globalThis[key]'],
    ['export const f = (key) => globalThis.process[key]'],
    ['export const f = (key) => module[key]'],
    ['export const f = (key) => Reflect.get(process, key)'],
  ])('[FAULTS-70] refuses a member of process or globalThis that only running tells: %s', (text) => {
    expect(errorsIn(text)).toEqual(['COMPUTED_ACCESS']);
  });

  test.each([
    [`eval('1')`, 'eval'],
    [`(0, eval)('1')`, 'eval'],
    [`globalThis.eval('1')`, 'eval'],
    [`globalThis['ev' + 'al']('1')`, 'eval'],
    [`eval?.('1')`, 'eval'],
    ['const e = eval', 'eval'],
    ['[1].map(eval)', 'eval'],
    [`new Function('return 1')`, 'Function'],
    [`Function('return 1')`, 'Function'],
    [`Function.call(null, 'return 1')`, 'Function'],
    [`Reflect.construct(Function, ['return 1'])`, 'Function'],
    [`const F = globalThis.Function; F('x')`, 'Function'],
    [`[].constructor.constructor('return 1')()`, 'constructor'],
    [`[]['constructor']['constructor']('return 1')()`, 'constructor'],
    ['[][`constructor`][`constructor`]("return 1")()', 'constructor'],
    [`[]['con' + 'structor']['construct' + 'or']('return 1')()`, 'constructor'],
    [`(() => 1).constructor('return 1')()`, 'constructor'],
    [`(async () => 1).constructor('return 1')()`, 'constructor'],
    [`(function* () {}).constructor('yield 1')()`, 'constructor'],
    [`Object.getPrototypeOf(async function () {}).constructor('return 1')()`, 'constructor'],
    [`async function f() {}\nf.constructor('return 1')()`, 'constructor'],
    [`const { constructor: { constructor: F } } = []`, 'constructor'],
    [`const { ['constructor']: F } = () => 1`, 'constructor'],
    [`function f({ constructor: { constructor: F } }) {}`, 'constructor'],
    [`[].map.constructor('return 1')()`, 'constructor'],
  ])('[FAULTS-71] [X003-4] refuses text made into code: %s', (text, name) => {
    expect(errorsIn(text)).toContain('CODE_GENERATION');
    expect(messagesIn(text)).toContain(`Forbidden builtin call: ${name}`);
  });

  test('[FAULTS-71] a chain whose keys only running tells is a warning', () => {
    const text = `export const f = (k) => [][k][k]('return 1')();`;
    expect(errorsIn(text)).toEqual([]);
    expect(warningsIn(text)).toContain('CONSTRUCTOR_RUNTIME_KEY');
  });

  test.each([
    ['function process(text) { return text.length }\nexport const f = (k) => process(k)'],
    ['export function f(process) { return process.kill }'],
    ['export const f = (matrix, i, j) => matrix[i][j]'],
    ['export class A { copy() { return new this.constructor(1) } }'],
    ['export const isPlain = (x) => Object.getPrototypeOf(x).constructor === Object'],
    ['export const isFunction = (x) => x instanceof Function'],
    ['export const text = (x) => Function.prototype.toString.call(x)'],
    ['export const version = process.version'],
    ['export const name = (key) => process.env[key]'],
    ['export const a = { eval: 1, kill: 2 }.kill'],
    ['export const evaluate = (mode) => modes[mode](1)'],
    ['export const emoji = "👩‍👩‍👧 ❤️‍🔥"'],
    ['export const persian = "می‌خواهم"'],
    ['//# sourceMappingURL=main.js.map\nexport const a = 1'],
    ['//# sourceMappingURL=data:application/json;base64,e30=\nexport const a = 1'],
    ['export const a = "//# sourceMappingURL=/etc/passwd"'],
  ])('says nothing about honest code: %s', (text) => {
    expect(inspectModule('main.ts', text).findings).toEqual([]);
  });

  test.each([
    [`new Worker('x')`, 'RESTRICTED_GLOBAL'],
    [`const b = new SharedArrayBuffer(8)`, 'RESTRICTED_GLOBAL'],
    [`Atomics.wait(a, 0, 0)`, 'RESTRICTED_GLOBAL'],
    [`await WebAssembly.compile(bytes)`, 'RESTRICTED_GLOBAL'],
    [`new globalThis.Worker('x')`, 'RESTRICTED_GLOBAL'],
    [`Error.prepareStackTrace = (e, s) => s`, 'STACK_INSPECTION'],
    [`export function f() { return arguments.callee }`, 'STACK_INSPECTION'],
    [`process.exit(1)`, 'PROCESS_EXIT'],
    [`process.abort()`, 'PROCESS_EXIT'],
    [`process.reallyExit(0)`, 'PROCESS_EXIT'],
    [`export const self_ = this`, 'THIS_TOP_LEVEL'],
  ])('[FAULTS-73] [FAULTS-74] [FAULTS-75] warns of what the sandbox bounds at run time: %s', (text, id) => {
    expect(errorsIn(text)).toEqual([]);
    expect(warningsIn(text)).toEqual([id]);
  });

  test.each([
    ['const a = 1; // \u202E }', 'U+202E'],
    ['const a\u200B = 1', undefined],
    ['const a = "x\u200By"', 'U+200B'],
    ['const a = "\u2066"', 'U+2066'],
    ['const a = "x\uFEFFy"', 'U+FEFF'],
    ['const a = "a\u200Db"', 'U+200D'],
  ])('[FAULTS-76] refuses hidden text: %j', (text, code) => {
    expect(hasErrors(inspectModule('main.ts', text).findings)).toBe(true);
    if (code !== undefined) expect(errorsIn(text)).toEqual(['BIDI_OR_ZERO_WIDTH']);
    if (code !== undefined) expect(messagesIn(text)[0]).toContain(code);
  });

  test.each([
    ['main.ts', 'export const = 1'],
    ['main.js', 'export const a = 1;\n<!-- comment'],
    ['main.js', '[['],
  ])('[FAULTS-76] [X003-4] a syntax error is a finding with its line: %s %s', (path, text) => {
    const [finding] = inspectModule(path, text).findings;
    expect(finding).toMatchObject({ id: 'PARSE_ERROR', severity: 'error', path });
    expect(finding?.message).toMatch(/^Syntax error: /);
    expect(finding?.line).toBe(text.split('\n').length);
  });

  test('[FAULTS-76] the with statement is refused in modules and in CommonJS', () => {
    expect(errorsIn('with (a) { b }', 'main.cjs')).toEqual(['WITH_STATEMENT']);
    expect(errorsIn('with (a) { b }', 'main.mjs')).toEqual(['WITH_STATEMENT']);
  });

  test.each([
    ['//# sourceMappingURL=../secret.map'],
    ['//# sourceMappingURL=/etc/passwd'],
    ['//@ sourceMappingURL=https://example.com/x.map'],
    ['/*# sourceMappingURL=%2e%2e/secret.map */'],
    ['//# sourceMappingURL=file:///etc/passwd'],
  ])('refuses a source map outside of the folder: %s', (comment) => {
    expect(errorsIn(`export const a = 1;\n${comment}`)).toEqual(['BUNDLE_ESCAPES']);
  });

  test('CommonJS, top-level await and a top-level return are read as what they are', () => {
    expect(errorsIn('module.exports = { a: 1 };\nreturn;', 'main.cjs')).toEqual([]);
    expect(errorsIn('const a = await Promise.resolve(1);', 'main.js')).toEqual([]);
    expect(errorsIn('if (true) return;\nmodule.exports = 1;', 'main.js')).toEqual([]);
  });

  test('an import in a try block is marked as one that the module lives without', () => {
    const { requests } = inspectModule('a.js', `try { require('a') } catch { require('b') }\nrequire('c')`);
    expect(requests.map(({ specifier, isOptional }) => [specifier, isOptional])).toEqual([
      ['a', true],
      ['b', false],
      ['c', false],
    ]);
  });

  test('[FAULTS-89] text of any shape is answered, however deep it nests', () => {
    const depth = 5_000;
    for (const text of [
      '['.repeat(depth),
      'a('.repeat(depth),
      '-'.repeat(depth),
      'a.'.repeat(depth) + 'b',
      '"a"+'.repeat(depth) + '"b"',
    ]) {
      expect(Array.isArray(inspectModule('main.js', text).findings)).toBe(true);
    }
  });

  test('any text gives findings whose lines are in it, and never a throw', () => {
    const fragments = fc.constantFrom(
      'import ',
      'process',
      '[',
      ']',
      '(',
      ')',
      '.',
      "'fs'",
      '`',
      '${',
      '}',
      'eval',
      '\n',
      ' => ',
      '=',
      'const a',
      '{',
      '"',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fragments, fc.string({ maxLength: 5 })), { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        const lines = text.split(/\r\n|[\n\r\u2028\u2029]/).length;
        for (const { line } of inspectModule('main.ts', text).findings) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(lines);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('every rule has an id in capitals and says what it is about', () => {
    for (const { id, about } of RULES) {
      expect(id).toMatch(/^[A-Z][A-Z_]+$/);
      expect(about.length).toBeGreaterThan(10);
    }
  });
});
