import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lint-'));
  // Types need the whole repository; which folder may import which needs the configuration alone.
  const config = readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8').replace('"typeAware": true', '"typeAware": false');
  writeFileSync(join(directory, '.oxlintrc.json'), config);
});

afterAll(() => rmSync(directory, { recursive: true }));

test.each([
  ['packages/protocol/src/a.ts', '@bulkhead/host', 'protocol imports nothing of ours'],
  ['packages/protocol/src/b.ts', 'node:fs', 'protocol imports nothing of ours'],
  ['packages/sdk/src/a.ts', '@bulkhead/host', 'sdk imports protocol only'],
  ['plugins/x/main.ts', '@bulkhead/protocol', 'A plugin imports @bulkhead/sdk'],
  ['plugins/x/deep/y.ts', '../../../packages/host/src/index.ts', 'A plugin imports @bulkhead/sdk'],
  ['packages/host/src/guest/a.ts', '../base/clock.ts', 'The guest imports protocol'],
  ['packages/host/src/guest/adapt/a.ts', '../../registry/registry.ts', 'The guest imports protocol'],
  ['packages/host/src/guest/b.ts', '@bulkhead/sdk', 'The guest imports protocol'],
  ['packages/host/src/workshop/a.ts', '../registry/registry.ts', 'The workshop process'],
  ['packages/host/src/base/a.ts', '../registry/registry.ts', 'base is the lowest tier'],
  ['packages/host/src/hooks/a.ts', '../registry/registry.ts', 'one another’s types only'],
  ['packages/host/src/sandbox/process/a.ts', '../../registry/registry.ts', 'one another’s types only'],
  ['packages/host/src/hooks/b.ts', '../call.ts', 'go down only'],
  ['packages/host/src/hooks/f.ts', '../fleet/fleet.ts', 'go down only'],
  ['packages/host/src/call/a.ts', '../host.ts', 'go down only'],
  ['packages/host/src/hooks/c.ts', '../guest/main.ts', 'never imports guest'],
  ['packages/host/src/call.ts', './host.ts', 'go down only'],
  ['packages/host/src/host.ts', './guest/main.ts', 'never imports guest'],
  ['packages/host/src/host.ts', '@bulkhead/server', 'Imports point one way'],
  ['packages/store/src/a.ts', '@bulkhead/server', 'only server and cli import it'],
  ['packages/store/src/b.ts', '@bulkhead/sdk', 'only server and cli import it'],
  ['packages/server/src/a.ts', 'bulkhead', 'Nobody imports the command line'],
])('%s may not import %s', (path, specifier, message) => {
  expect(lint(path, `import { value } from '${specifier}';\n/** Doc. */\nexport const used = value;\n`)).toContain(
    message,
  );
});

test.each([
  ['packages/host/src/sandbox/process/b.ts', "import { value } from '../../base/clock.ts';"],
  ['packages/host/src/sandbox/process/c.ts', "import { value } from '../pool.ts';"],
  ['packages/host/src/call.ts', "import { value } from './registry/registry.ts';"],
  ['packages/host/src/guest/c.ts', "import { value } from '@bulkhead/protocol';"],
  ['packages/host/src/hooks/d.ts', "import { value } from '@bulkhead/protocol';"],
  ['packages/store/src/c.ts', "import { value } from '@bulkhead/host';"],
  ['plugins/x/z.ts', "import { value } from '@bulkhead/sdk';"],
])('%s may say: %s', (path, code) => {
  expect(lint(path, `${code}\n/** Doc. */\nexport const used = value;\n`)).toBe('');
});

test('a part of host may import the type of another part', () => {
  const code = "import type { Value } from '../registry/registry.ts';\n/** Doc. */\nexport type Used = Value;\n";
  expect(lint('packages/host/src/hooks/e.ts', code)).toBe('');
});

test.each([
  ['eval(text);', 'no-eval'],
  ['new Function(text);', 'no-new-func'],
  ['process.exit(1);', 'no-process-exit'],
  ['export const x: any = text;', 'no-explicit-any'],
  ['export const x = text!;', 'no-non-null-assertion'],
  ['export default text;', 'no-default-export'],
])('[F000-29] %s is refused in a package', (code, rule) => {
  expect(lint('packages/server/src/b.ts', `const text = globalThis.name;\n${code}\n`)).toContain(rule);
});

test('only the command line ends its process', () => {
  expect(lint('packages/cli/src/main.ts', 'process.exit(1);\n')).toBe('');
});

/** What the linter says of one file at that path; empty where it says nothing. */
function lint(path: string, code: string): string {
  const file = join(directory, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, code);
  const oxlint = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const { stdout } = spawnSync(process.execPath, [oxlint, '--format=json', path], { cwd: directory, encoding: 'utf8' });
  rmSync(file);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; message: string; help?: string }[] };
  return diagnostics.map((each) => `${each.code} ${each.message} ${each.help ?? ''}`).join('\n');
}
