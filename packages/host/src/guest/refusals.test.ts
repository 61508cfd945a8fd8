import { ALLOWED_BUILTINS } from '@bulkhead/protocol';
import { builtinModules } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callOf } from '../sandbox/conformance-fixture.ts';
import { tierObstacle } from '../sandbox/process/command.ts';
import { openSandboxFixture, type SandboxFixture } from '../sandbox/process/sandbox-fixture.ts';
import { findToolset } from '../sandbox/process/toolset.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** Each attempt is the body of an async function inside a real guest. */
const attempts: readonly (readonly [string, string, string])[] = [
  ['[FAULTS-67] a literal import', 'await import("node:fs")', 'IMPORT_REFUSED'],
  ['[FAULTS-67] an import without its scheme', 'await import("fs")', 'IMPORT_REFUSED'],
  ['[FAULTS-67] a concatenated import', 'await import("node:" + "child_" + "process")', 'IMPORT_REFUSED'],
  ['[FAULTS-67] an import by template', 'await import(`node:${"net"}`)', 'IMPORT_REFUSED'],
  [
    '[FAULTS-67] an import after the methods that could decide on it were replaced',
    `const { startsWith } = String.prototype, { has } = Map.prototype, { has: hasOne } = Set.prototype, { includes } = Array.prototype;
     String.prototype.startsWith = Map.prototype.has = Set.prototype.has = Array.prototype.includes = () => true;
     try { await import("node:fs"); } finally {
       Object.assign(String.prototype, { startsWith }); Object.assign(Map.prototype, { has });
       Object.assign(Set.prototype, { has: hasOne }); Object.assign(Array.prototype, { includes });
     }`,
    'IMPORT_REFUSED',
  ],
  ['[FAULTS-67] a name that every object has', 'await import("constructor")', 'IMPORT_REFUSED'],
  ['[FAULTS-68] a data: URL', 'await import("data:text/javascript,export default 1")', 'IMPORT_REFUSED'],
  [
    '[FAULTS-68] a blob: URL',
    'await import(URL.createObjectURL(new Blob(["1"], { type: "text/javascript" })))',
    'IMPORT_REFUSED',
  ],
  ['[FAULTS-68] an http: URL', 'await import("http://127.0.0.1/x.js")', 'IMPORT_REFUSED'],
  ['[FAULTS-68] a file: URL', 'await import("file:///etc/hostname")', 'IMPORT_REFUSED'],
  ['[FAULTS-68] an absolute path', 'await import("/etc/hostname")', 'IMPORT_REFUSED'],
  ['[FAULTS-68] a parent path', 'await import("../x.json", { with: { type: "json" } })', 'IMPORT_REFUSED'],
  ['[FAULTS-68] the artifact itself', 'await import("bulkhead:artifact")', 'IMPORT_REFUSED'],
  ['[FAULTS-69] createRequire', 'await import("node:module")', 'IMPORT_REFUSED'],
  ['[FAULTS-69] the main module', 'process.mainModule.require("fs")', 'PLUGIN_THREW'],
  ['[FAULTS-69] require', 'require("fs")', 'PLUGIN_THREW'],
  ['[FAULTS-70] getBuiltinModule', 'process.getBuiltinModule("fs")', 'ACCESS_REFUSED'],
  [
    '[FAULTS-70] getBuiltinModule of the prototype',
    'Object.getPrototypeOf(process).getBuiltinModule("fs")',
    'PLUGIN_THREW',
  ],
  ['[FAULTS-70] process.binding', 'process.binding("fs")', 'ACCESS_REFUSED'],
  ['[FAULTS-70] _linkedBinding', 'process._linkedBinding("fs")', 'ACCESS_REFUSED'],
  ['[FAULTS-65] process.dlopen', 'process.dlopen({ exports: {} }, "/x.node")', 'ACCESS_REFUSED'],
  ['[FAULTS-71] eval', 'eval("1")', 'ACCESS_REFUSED'],
  ['[FAULTS-71] Function', 'new Function("return 1")()', 'ACCESS_REFUSED'],
  ['[FAULTS-71] an async function’s constructor', '(async () => 0).constructor("return 1")()', 'ACCESS_REFUSED'],
  ['[FAULTS-71] a generator’s constructor', '(function* () {}).constructor("yield 1")', 'ACCESS_REFUSED'],
  [
    '[FAULTS-71] a constructor by a key of run time',
    '[]["con" + "structor"][["con", "structor"].join("")]("return 1")()',
    'ACCESS_REFUSED',
  ],
  [
    '[FAULTS-71] a constructor by prototype',
    'Object.getPrototypeOf(() => 0).constructor("return 1")()',
    'ACCESS_REFUSED',
  ],
  ['[FAULTS-71] a text as a timer', 'setTimeout("1", 0)', 'PLUGIN_THREW'],
  ['[FAULTS-72] vm', 'await import("node:vm")', 'IMPORT_REFUSED'],
  ['[FAULTS-73] a worker', 'await import("node:worker_threads")', 'IMPORT_REFUSED'],
  ['[FAULTS-74] WASI', 'await import("node:wasi")', 'IMPORT_REFUSED'],
  ['[FAULTS-77] process.report', 'process.report.writeReport()', 'PLUGIN_THREW'],
  ['[FAULTS-24] V8’s flags', 'await import("node:v8")', 'IMPORT_REFUSED'],
  ['[FAULTS-56] a signal', 'process.kill(process.ppid, 0)', 'ACCESS_REFUSED'],
  ['[FAULTS-57] the debugger of the host', 'process._debugProcess(process.ppid)', 'ACCESS_REFUSED'],
  ['[FAULTS-62] fetch', 'await fetch("http://127.0.0.1/")', 'ACCESS_REFUSED'],
  ['[FAULTS-62] a WebSocket', 'new WebSocket("ws://127.0.0.1/")', 'ACCESS_REFUSED'],
  ['the handles of its process', 'process._getActiveHandles()', 'ACCESS_REFUSED'],
  ...['sqlite', 'trace_events', 'inspector', 'repl', 'cluster', 'test'].map(
    (name) => [`[FAULTS-77] node:${name}`, `await import("node:${name}")`, 'IMPORT_REFUSED'] as const,
  ),
];

const PLUGIN = `
  const attempts = [${attempts.map(([, code]) => `async () => { ${code} }`).join(',\n')}];
  const tool = (name, execute) => ({ name, description: 'd', parameters: { type: 'object' }, execute });
  export const main = { default: { tools: [
    tool('attempt', async ({ index }) => { await attempts[index](); return 'it was not refused'; }),
    tool('import_all', async ({ names }) => Object.fromEntries(await Promise.all(names.map(async (name) =>
      [name, await import(name).then(() => 'imported', (error) => error.code)])))),
    tool('look', () => ({ env: Object.keys(process.env), argv: process.argv, execArgv: process.execArgv, execPath: process.execPath })),
  ] } };
`;

const toolset = await findToolset();
const tiers = (['process', 'jail'] as const).filter((tier) => tierObstacle(tier, toolset) === undefined);

describe.each(tiers)('at tier %s', (tier) => {
  let fixture: SandboxFixture;
  let sandbox: Sandbox;
  beforeAll(async () => {
    fixture = await openSandboxFixture(tier);
    const opening = await fixture.open(PLUGIN);
    if (!opening.ok) throw new Error(opening.error.message);
    sandbox = opening.sandbox;
  });
  afterAll(() => fixture.close());

  test.each(attempts.map(([name, , code], index) => ({ name, code, index })))(
    '[F003-28] $name is refused at run time, and the guest lives on',
    async ({ index, code }) => {
      const reply = await sandbox.run(callOf('attempt', { index }));
      expect(reply).toMatchObject({ ok: false, error: { kind: 'tool_error', code } });
      expect(sandbox.isServing()).toBe(true);
    },
  );

  test('[FAULTS-67] of all that Node has built in, the allowed modules can be imported and no other', async () => {
    const names = [...new Set([...builtinModules, ...ALLOWED_BUILTINS])].map((name) =>
      name.startsWith('node:') ? name : `node:${name}`,
    );
    const reply = await sandbox.run(callOf('import_all', { names }));
    const imported = reply.ok ? Object.entries(reply.value as Record<string, string>) : []; // As the tool writes it.
    expect(
      imported
        .filter(([, end]) => end === 'imported')
        .map(([name]) => name.slice(5))
        .toSorted(),
    ).toEqual(ALLOWED_BUILTINS);
    expect(imported.filter(([, end]) => end !== 'imported' && end !== 'IMPORT_REFUSED')).toEqual([]);
  });

  test('[FAULTS-61] the process tells a plugin nothing about its host', async () => {
    expect(await sandbox.run(callOf('look'))).toMatchObject({
      value: { env: [], argv: ['node'], execArgv: [], execPath: 'node' },
    });
  });
});
