/**
 * What the review says, run time enforces: each rule's bad example goes past the review, straight into the sandbox, and
 * ends as the last column of docs/review.md says.
 */
import { TIERS } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callOf } from '../sandbox/conformance-fixture.ts';
import { tierObstacle } from '../sandbox/process/command.ts';
import { openSandboxFixture, type SandboxFixture } from '../sandbox/process/sandbox-fixture.ts';
import { findToolset } from '../sandbox/process/toolset.ts';
import { inspectModule } from './inspect-module.ts';
import { LICENSE_NOT_ALLOWED, RULES } from './rules.ts';

/** A bad example, and the code or the value that it ends with; `setUp` stands at the top of its module. */
type Example = {
  readonly rule: string;
  readonly body: string;
  readonly ends: string | { readonly value: unknown };
  readonly setUp?: string;
  readonly asks?: readonly string[];
  readonly params?: { readonly [name: string]: string | number };
};

const EXAMPLES: readonly Example[] = [
  { rule: 'IMPORT_REFUSED', body: `return await import('node:fs')`, ends: 'IMPORT_REFUSED' },
  { rule: 'IMPORT_REFUSED', setUp: `import 'node:child_process';`, body: 'return 1', ends: 'IMPORT_REFUSED' },
  {
    rule: 'IMPORT_DYNAMIC',
    body: 'return await import(params.name)',
    params: { name: 'node:fs' },
    ends: 'IMPORT_REFUSED',
  },
  {
    rule: 'IMPORT_ATTRIBUTE',
    body: `return await import('./x.txt', { with: { type: 'text' } })`,
    ends: 'IMPORT_REFUSED',
  },
  { rule: 'BUNDLE_ESCAPES', body: `return await import('/etc/hostname')`, ends: 'IMPORT_REFUSED' },
  { rule: 'BUNDLE_ESCAPES', setUp: '//# sourceMappingURL=/etc/hostname', body: 'return 1', ends: { value: 1 } },
  { rule: 'MODULE_LOADER', body: `return new module.constructor('x')`, ends: 'PLUGIN_THREW' },
  { rule: 'PROCESS_INTERNALS', body: `return process.binding('fs')`, ends: 'ACCESS_REFUSED' },
  {
    rule: 'COMPUTED_ACCESS',
    body: `return process[params.name]('fs')`,
    params: { name: 'binding' },
    ends: 'ACCESS_REFUSED',
  },
  {
    rule: 'COMPUTED_ACCESS',
    body: `const { [params.name]: f } = process; return f('fs')`,
    params: { name: 'binding' },
    ends: 'ACCESS_REFUSED',
  },
  { rule: 'CODE_GENERATION', body: `return eval('1')`, ends: 'ACCESS_REFUSED' },
  {
    rule: 'WITH_STATEMENT',
    setUp: 'function f(a) { with (a) { return b } }',
    body: 'return f({ b: 1 })',
    ends: 'LOAD_FAILED',
  },
  { rule: 'BIDI_OR_ZERO_WIDTH', body: 'return "a\u202Eb".length', ends: { value: 3 } },
  {
    rule: 'CONSTRUCTOR_RUNTIME_KEY',
    body: 'return [][params.k][params.k]("return 1")()',
    params: { k: 'constructor' },
    ends: 'ACCESS_REFUSED',
  },
  { rule: 'RESTRICTED_GLOBAL', body: `return new Worker('x')`, ends: 'PLUGIN_THREW' },
  { rule: 'PROCESS_EXIT', body: 'process.exit(0)', ends: 'GUEST_EXITED' },
  {
    rule: 'STACK_INSPECTION',
    body: 'Error.prepareStackTrace = (e, sites) => sites.length; return new Error("x").stack < 20',
    ends: { value: true },
  },
  { rule: 'THIS_TOP_LEVEL', setUp: 'const top = this;', body: 'return typeof top', ends: { value: 'undefined' } },
  { rule: 'NETWORK_UNASKED', body: `return await fetch('http://127.0.0.1/')`, ends: 'ACCESS_REFUSED' },
  { rule: 'NETWORK_UNASKED', body: `return new WebSocket('ws://127.0.0.1/')`, ends: 'ACCESS_REFUSED' },
  { rule: 'NETWORK_UNASKED', body: `return new EventSource('http://127.0.0.1/')`, ends: 'ACCESS_REFUSED' },
  {
    rule: 'SIZE_UNBOUNDED',
    body: 'return Buffer.alloc(params.n, 1).length',
    params: { n: 2 ** 30 },
    ends: 'GUEST_OUT_OF_MEMORY',
  },
  {
    rule: 'TEMP_OUTSIDE',
    body: `const fs = await import('fs'); fs.writeFileSync('/tmp/x', 'y')`,
    ends: 'IMPORT_REFUSED',
  },
  {
    rule: 'CHILD_UNBOUNDED',
    setUp: `import { spawn } from 'node:child_process';`,
    asks: ['children'],
    body: `return spawn('git')`,
    ends: 'IMPORT_REFUSED',
  },
  { rule: 'OBFUSCATED_CODE', body: 'return process[atob("YmluZGluZw==")]("fs")', ends: 'ACCESS_REFUSED' },
  {
    rule: 'OBFUSCATED_CODE',
    body: 'return (() => 1)[String.fromCharCode(99, 111, 110, 115, 116, 114, 117, 99, 116, 111, 114)]("return 1")()',
    ends: 'ACCESS_REFUSED',
  },
];

const toolset = await findToolset();
const strongest = TIERS.findLast((tier) => tierObstacle(tier, toolset) === undefined) ?? 'process';

let fixture: SandboxFixture;
beforeAll(async () => {
  fixture = await openSandboxFixture(strongest);
});
afterAll(() => fixture.close());

function moduleOf({ setUp = '', body }: Example): string {
  const tool = `{ name: 'x', description: 'd', parameters: { type: 'object' }, execute: async (params) => { ${body} } }`;
  return `${setUp}\nexport const main = { default: { tools: [${tool}] } };`;
}

/** Runs an example as if nobody had reviewed it; a module that does not load ends as that. */
async function run(example: Example): Promise<Example['ends']> {
  const opening = await fixture.open(moduleOf(example));
  if (!opening.ok) return opening.error.code;
  try {
    const reply = await opening.sandbox.run(callOf('x', { ...example.params }));
    return reply.ok ? { value: reply.value } : reply.error.code;
  } finally {
    await opening.sandbox.close();
  }
}

test.each(EXAMPLES)(
  '[F000-44] [F000-45] [F000-46] [F000-47] what $rule finds ends as documented: $setUp $body',
  async (example) => {
    const { findings } = inspectModule('main.js', moduleOf(example), example.asks);
    expect(findings.map(({ id }) => id)).toContain(example.rule);
    expect(await run(example)).toEqual(example.ends);
  },
);

test('every rule has an example, and says in its words the code that its examples end with', () => {
  expect(RULES.filter(({ id }) => !EXAMPLES.some(({ rule }) => rule === id)).map(({ id }) => id)).toEqual([]);
  for (const { id, binds } of RULES) {
    const [named] = /(?<=`)[A-Z_]+(?=`)/.exec(binds) ?? [];
    const endings = EXAMPLES.filter(({ rule }) => rule === id).map(({ ends }) => ends);
    if (named !== undefined) expect(endings).toContain(named);
  }
});

test('[F000-14] of a licence the documentation says that nothing binds it at run time', () => {
  expect(LICENSE_NOT_ALLOWED.binds).toMatch(/^nothing/);
});
