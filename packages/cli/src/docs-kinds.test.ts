import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContractOutcome } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { makeFolder, REPOSITORY, runHere } from './cli-fixture.ts';

const GROUPS = {
  TaskHandler: 'task_handlers',
  LLMBackend: 'llm_backends',
  ParentSelector: 'parent_selectors',
  Executor: 'executors',
  Monitor: 'monitors',
};

test.for(Object.entries(GROUPS))(
  'the %s of docs/PLUGIN_SDK.md keeps the contract of %s, as it is printed [F000-7] [F000-16] [F000-17] [F000-21] [F002-2] [F002-18] [F002-21]',
  { timeout: 60_000 },
  async ([base, group]) => {
    const page = await readFile(join(REPOSITORY, 'docs/PLUGIN_SDK.md'), 'utf8');
    const snippets = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
    const main = snippets.find((text) => text.includes(` extends ${base} `)) ?? '';
    const name = /export class (\w+)/.exec(main)?.[1] ?? '';
    await using folder = await makeFolder();
    const dir = join(folder.path, 'printed');
    await mkdir(dir);
    const points = { [group]: { printed: `./main.ts#${name}` } };
    const manifest = {
      name: 'printed',
      version: '1.0.0',
      description: 'Printed.',
      author: 'A test',
      entry_points: points,
    };
    await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(dir, 'main.ts'), main);
    const { stdout } = await runHere(['test', dir, '--contracts', '--json']);
    const { contracts } = JSON.parse(stdout) as { readonly contracts: readonly ContractOutcome[] };
    expect(contracts.filter((contract) => !contract.ok)).toEqual([]);
    expect(contracts.map(({ id }) => id)).toContain(`${group}/printed`);
  },
);
