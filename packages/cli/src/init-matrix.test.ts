import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createHost } from '@bulkhead/host';
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
  'a new $kind in the style $style and language $lang passes check and test, and its tools can be called [F000-2] [F000-11] [F000-25] [F004-7] [F004-19]',
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

/** One server for all of them, which takes nothing but what this key has signed. */
const key = join(folder, 'publisher.pem');
const opened = runHere(['sign', '--new-key', key]).then(({ stdout }) =>
  createHost({ spareCount: 0, unsigned: 'refuse', trustedKeys: [stdout.trim()] }),
);
afterAll(async () => (await opened).close());

test.for(COMBINATIONS)(
  'a new $kind in the style $style and language $lang is packed, signed, verified and installed as it stands [F004-21]',
  { timeout: 120_000 },
  async (choices) => {
    const dir = await make(choices);
    const file = `${dir}.tgz`;
    const said = async (...args: string[]): Promise<number | null> => (await runHere(args)).code;
    expect(await said('pack', dir, '--out', file)).toBe(0);
    expect(await said('sign', file, '--key', key)).toBe(0);
    expect(await said('verify', file, '--key', `${key}.pub`)).toBe(0);
    const host = await opened;
    const upload = { bytes: await readFile(file), signature: await readFile(`${file}.sig.json`, 'utf8') };
    const { name, state, problems } = await host.publish(upload);
    expect({ state, problems }).toEqual({ state: 'INITIALIZED', problems: [] });
    await host.registrations.enable(name, { isPlatform: true });
    if (choices.kind !== 'tool') return;
    const outcome = await host.call({ plugin: name, tool: 'hello', params: { name: 'Ada' } });
    expect(outcome).toMatchObject({ ok: true, value: { greeting: 'Hello, Ada. Nice to meet you.' } });
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

test.for([
  ['llm-backend', 'environment variable or secret'],
  ['parent-selector', 'the table `[selector.<name>]`'],
] as const)('the README of a new %s says what its users must know: %s [F000-19] [F000-23]', async ([kind, said]) => {
  const dir = await make({ kind, style: 'class', lang: 'ts' });
  expect(await readFile(join(dir, 'README.md'), 'utf8')).toContain(said);
});

test.for(
  KINDS.flatMap((kind) => STYLES.filter((style) => !stylesOf(kind).includes(style)).map((style) => [kind, style])),
)('there is no %s in the style %s: that is wrong usage, and nothing is made', async ([kind = '', style = '']) => {
  const { code, stderr } = await run(['init', 'refused', '--kind', kind, '--style', style], { cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toContain(`there is no ${kind} in the style "${style}": definePlugin is for tools and hooks`);
  expect(stderr).toContain('Use --style class or --style functions.');
});
