import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import {
  defaultOutput,
  mutateFile,
  TARGET_BYTES_MAX,
  type MutatedFile,
  type MutateFileRequest,
} from './mutate-file.ts';
import { NEVER, SORT, SORT_DIFF } from './mutation.fixture.ts';
import { createScripted } from './stand-ins/scripted.ts';

const MUTATED = SORT.replace('[...list]', 'list.slice()');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-mutate-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function mutated(fields: Partial<MutateFileRequest>, ...answers: readonly string[]): Promise<MutatedFile> {
  const request = { targetFile: join(folder, 'sort.ts'), entryFunction: 'sort', seed: 1, ...fields };
  const proposer = createScripted(answers.map((text) => ({ text })));
  return mutateFile(request, { proposer, now: () => 1_700_000_000_123, newId: () => 'a'.repeat(32) }, NEVER);
}

test('the mutated file is written beside the target, with a task that executes it [X000-19] [X000-20]', async () => {
  await writeFile(join(folder, 'sort.ts'), SORT);
  const result = await mutated({}, SORT_DIFF);
  const output = join(folder, 'sort_mutated.ts');
  expect(await readFile(output, 'utf8')).toBe(MUTATED);
  expect(await readFile(join(folder, 'sort.ts'), 'utf8')).toBe(SORT);
  expect(result).toMatchObject({ output, summary: { linesAdded: 1, linesRemoved: 1, hunks: 1 } });
  expect(result.executeTask).toEqual({
    kind: 'execute',
    id: 'a'.repeat(32),
    payload: {
      lang: 'ts',
      file: output,
      entry_fn: 'sort',
      source: MUTATED,
      source_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
    requires: ['cpu', 'node'],
    attempts: 0,
    created_at: '2023-11-14T22:13:20Z',
    schema_v: 1,
  });
  expect((await readdir(folder)).toSorted()).toEqual(['sort.ts', 'sort_mutated.ts']);
});

test('the output may be named, and a file that is there is replaced', async () => {
  await writeFile(join(folder, 'sort.ts'), SORT);
  const output = join(folder, 'out.ts');
  await writeFile(output, 'before');
  await mutated({ output }, SORT_DIFF);
  expect(await readFile(output, 'utf8')).toBe(MUTATED);
});

test('names of outputs keep the ending of the target', () => {
  expect(defaultOutput('a/bad_sort.py')).toBe(join('a', 'bad_sort_mutated.py'));
  expect(defaultOutput('Makefile')).toBe('Makefile_mutated');
});

test('where no answer can be taken nothing is written, and a file that was there stays', async () => {
  await writeFile(join(folder, 'sort.ts'), SORT);
  await writeFile(join(folder, 'sort_mutated.ts'), 'before');
  const wrong = '@@ @@\n-nothing\n+x\n';
  await expect(mutated({}, wrong, wrong, wrong, wrong)).rejects.toThrow(coded('MUTATION_FAILED', 'none of 4 answers'));
  expect(await readFile(join(folder, 'sort_mutated.ts'), 'utf8')).toBe('before');
  expect(await readdir(folder)).toHaveLength(2);
});

test('a target that is not there, a folder, too large or no text is refused before anybody is asked', async () => {
  await expect(mutated({})).rejects.toThrow(coded('TARGET_INVALID', 'cannot be read'));
  await expect(mutated({ targetFile: folder })).rejects.toThrow(coded('TARGET_INVALID', 'cannot be read'));
  await writeFile(join(folder, 'sort.ts'), 'x'.repeat(TARGET_BYTES_MAX + 1));
  await expect(mutated({})).rejects.toThrow(coded('TARGET_INVALID', 'at most 204800 bytes'));
  await symlink(join(folder, 'sort.ts'), join(folder, 'link.ts'));
  await expect(mutated({ targetFile: join(folder, 'link.ts') })).rejects.toThrow(coded('TARGET_INVALID', '204800'));
  await writeFile(join(folder, 'sort.ts'), Uint8Array.of(0x66, 0xff));
  await expect(mutated({})).rejects.toThrow(coded('TARGET_INVALID', 'not UTF-8'));
});

test('an output in a folder that is not there is refused, and leaves nothing', async () => {
  await writeFile(join(folder, 'sort.ts'), SORT);
  const output = join(folder, 'nowhere', 'out.ts');
  await expect(mutated({ output }, SORT_DIFF)).rejects.toThrow(coded('TARGET_INVALID', 'cannot be written'));
  expect(await readdir(folder)).toEqual(['sort.ts']);
});
