import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parsePluginName, type ContractOutcome, type Outcome } from '@bulkhead/protocol';
import { afterAll, expect, test } from 'vitest';
import { REPOSITORY, run, runHere } from './cli-fixture.ts';
import { KINDS, LANGUAGES, STYLES, stylesOf, type Choices } from './scaffold/choices.ts';
import { pluginFiles } from './scaffold/plugin-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'bulkhead-init-'));
// Where a compiler finds the SDK, as it does after `npm install`.
const typed = join(REPOSITORY, 'node_modules/.cache/init-matrix');
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(typed, { recursive: true, force: true });
});

const COMBINATIONS: readonly Choices[] = KINDS.flatMap((kind) =>
  stylesOf(kind).flatMap((style) => LANGUAGES.map((lang) => ({ kind, style, lang }))),
);

async function make(choices: Choices, parent = folder): Promise<string> {
  const name = parsePluginName(`a-${Object.values(choices).join('-')}`);
  if (name === undefined) throw new Error('the name is one');
  for (const [path, text] of pluginFiles(name, choices)) {
    await mkdir(dirname(join(parent, name, path)), { recursive: true });
    await writeFile(join(parent, name, path), text);
  }
  return join(parent, name);
}

type Report = { readonly contracts: readonly ContractOutcome[]; readonly own: object };

test.for(COMBINATIONS)(
  'a new $kind in the style $style and language $lang passes check and test, and its tools can be called [F004-7] [F004-19]',
  { timeout: 120_000 },
  async (choices) => {
    const dir = await make(choices);
    const checked = await runHere(['check', dir, '--json']);
    expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true, findings: [] });
    const tested = await runHere(['test', dir, '--json']);
    const { contracts, own } = JSON.parse(tested.stdout) as Report;
    expect(contracts.filter((contract) => !contract.ok)).toEqual([]);
    expect(contracts.length).toBe(choices.kind === 'tool' || choices.kind === 'hooks' ? 5 : 6);
    expect(own).toMatchObject({ runner: 'node:test', ok: true });
    expect(tested.code).toBe(0);
  },
);

test.for(COMBINATIONS.filter(({ kind }) => kind === 'tool'))(
  'the tool of a new plugin in the style $style and language $lang can be called',
  { timeout: 60_000 },
  async (choices) => {
    const called = await runHere(['call', await make(choices), 'hello', '--params', '{"name":"Ada"}', '--json']);
    expect(JSON.parse(called.stdout) as Outcome).toMatchObject({
      ok: true,
      value: { greeting: 'Hello, Ada. Nice to meet you.' },
    });
  },
);

test('the TypeScript of every combination compiles, strictly', { timeout: 120_000 }, async () => {
  await Promise.all(COMBINATIONS.filter(({ lang }) => lang === 'ts').map((choices) => make(choices, typed)));
  const config = {
    extends: join(REPOSITORY, 'tsconfig.json'),
    compilerOptions: { types: ['node'], lib: ['esnext'] },
    include: [typed],
    exclude: [],
  };
  await writeFile(join(typed, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', typed], { encoding: 'utf8', cwd: typed });
  expect({ stdout, status }).toEqual({ stdout: '', status: 0 });
});

test.for(
  KINDS.flatMap((kind) => STYLES.filter((style) => !stylesOf(kind).includes(style)).map((style) => [kind, style])),
)('there is no %s in the style %s: that is wrong usage, and nothing is made', async ([kind = '', style = '']) => {
  const { code, stderr } = await run(['init', 'refused', '--kind', kind, '--style', style], { cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toContain(`there is no ${kind} in the style "${style}": definePlugin is for tools and hooks`);
  expect(stderr).toContain('Use --style class or --style functions.');
});
