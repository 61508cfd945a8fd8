import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createScripted, mutateFile, openCassette } from '@bulkhead/evolve';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, writePlugin, type Ended, type Folder } from './cli-fixture.ts';

const SORT = `export function sort(list) {
  const result = [...list];
  for (let at = 0; at < result.length; at += 1) {
    for (let other = 0; other + 1 < result.length; other += 1) {
      if (result[other] > result[other + 1]) [result[other], result[other + 1]] = [result[other + 1], result[other]];
    }
  }
  return result;
}
`;
const DIFF =
  '--- a/sort.mjs\n+++ b/sort.mjs\n@@ -2,1 +2,1 @@\n-  const result = [...list];\n+  const result = list.slice();\n';
const MUTATED = SORT.replace('[...list]', 'list.slice()');

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, 'sort.mjs'), SORT);
  await writeFile(join(folder.path, 'answers.json'), JSON.stringify([`Better:\n\`\`\`diff\n${DIFF}\`\`\`\n`]));
});
afterAll(() => folder[Symbol.asyncDispose]());

/** What becomes of the copy afterwards is tested in mutate-execute.test.ts. */
function mutate(line: string): Promise<Ended> {
  return run(['mutate', ...line.split(' '), '--no-execute'], { cwd: folder.path });
}

test('a scripted answer is applied to a copy, and the one line of JSON has what came of it [X000-19] [X000-20]', async () => {
  const ended = await mutate(
    '--target-file sort.mjs --entry-fn sort --output better.mjs --backend scripted:answers.json --sync --json',
  );
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  expect(JSON.parse(ended.stdout)).toEqual({
    diff: expect.stringContaining('+  const result = list.slice();\n'),
    summary: { lines_added: 1, lines_removed: 1, hunks: 1 },
    output: 'better.mjs',
    usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number), cost_usd: 0 },
    refusals: [],
    execute_task: {
      kind: 'execute',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      payload: expect.objectContaining({ file: 'better.mjs', entry_fn: 'sort', source: MUTATED }),
      requires: ['cpu', 'node'],
      attempts: 0,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      schema_v: 1,
    },
    execution: null,
  });
  expect(await readFile(join(folder.path, 'better.mjs'), 'utf8')).toBe(MUTATED);
  expect(await readFile(join(folder.path, 'sort.mjs'), 'utf8')).toBe(SORT);
});

test('the grammar needs no model: the copy is a module with the function, the same one for the same seed [X000-20]', async () => {
  const line = '--target-file sort.mjs --entry-fn sort --backend grammar --seed 7';
  const first = await mutate(line);
  expect(first).toMatchObject({ code: 0, stderr: expect.stringMatching(/^sort_mutated\.mjs: \d+ lines? added/) });
  expect(first.stdout).toMatch(/^--- a\/sort\.mjs\n\+\+\+ b\/sort\.mjs\n@@ /);
  const output = join(folder.path, 'sort_mutated.mjs');
  const text = await readFile(output, 'utf8');
  expect(text).not.toBe(SORT);
  const made = (await import(pathToFileURL(output).href)) as { readonly sort: unknown }; // The module that was written.
  expect(made.sort).toBeTypeOf('function');
  const again = await mutate(line);
  expect(again.stdout).toBe(first.stdout);
  expect(await readFile(output, 'utf8')).toBe(text);
});

test('a Python file is mutated by a script, too [X000-20]', async () => {
  await writeFile(join(folder.path, 'bad_sort.py'), 'def bad_sort(items):\n    return items\n');
  const better = '@@ @@\n-    return items\n+    return sorted(items)\n';
  await writeFile(join(folder.path, 'python.json'), JSON.stringify([better]));
  const ended = await mutate('--target-file bad_sort.py --entry-fn bad_sort --backend scripted:python.json');
  expect(ended.code).toBe(0);
  expect(await readFile(join(folder.path, 'bad_sort_mutated.py'), 'utf8')).toContain('return sorted(items)');
});

test('what was recorded is answered again from the cassette', async () => {
  const file = join(folder.path, 'recorded.jsonl');
  const inner = createScripted([{ text: DIFF, usage: { inputTokens: 30, outputTokens: 20, costUsd: 0.5 } }]);
  const parts = {
    proposer: await openCassette({ file, mode: 'once', inner }),
    now: Date.now,
    newId: () => '0'.repeat(16),
  };
  const request = { targetFile: join(folder.path, 'sort.mjs'), entryFunction: 'sort', seed: 42 };
  await mutateFile(request, parts, new AbortController().signal);
  const line = '--target-file sort.mjs --entry-fn sort --output replayed.mjs --json --backend cassette:recorded.jsonl';
  const ended = await mutate(line);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    output: 'replayed.mjs',
    usage: { input_tokens: 30, output_tokens: 20, cost_usd: 0.5 },
  });
  expect(await mutate(`${line} --seed 43`)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'has no answer for the seed 43 ("43/0"): its 1 answer is of the seed 42; ask with --seed 42, or record',
    ),
  });
});

/** Says on standard error whether a module of evolution was loaded, when the process ends. */
const COUNTER = `
import { registerHooks } from 'node:module';
let count = 0;
registerHooks({ load: (url, context, next) => (url.includes('/packages/evolve/') && (count += 1), next(url, context)) });
process.on('exit', () => process.stderr.write('EVOLVE ' + count + '\\n'));
`;

test('nothing of evolution is loaded before the verb runs', async () => {
  const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(COUNTER)}`];
  const help = await run(['mutate', '--help'], { nodeArgs, isBuilt: false });
  expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--entry-fn <name>'), stderr: 'EVOLVE 0\n' });
  const line = 'mutate --target-file none.mjs --entry-fn sort --backend echo';
  expect((await run(line.split(' '), { nodeArgs, isBuilt: false, cwd: folder.path })).stderr).toMatch(/EVOLVE [1-9]/);
});

test('an answer that does not fit ends with 1, says why, and writes nothing', async () => {
  await mkdir(join(folder.path, 'failing'));
  await writeFile(join(folder.path, 'failing', 'sort.mjs'), SORT);
  const wrong = '@@ -2,1 +2,1 @@\n-  const result = list;\n+  const result = [];\n';
  await writeFile(join(folder.path, 'wrong.json'), JSON.stringify([wrong, wrong, wrong, wrong]));
  const ended = await mutate('--target-file failing/sort.mjs --entry-fn sort --backend scripted:wrong.json --json');
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toContain('hunk 1 (line 1 of the diff) does not fit at line 2 of the source');
  expect(ended.stderr).toContain('(MUTATION_FAILED)');
  expect(await readdir(join(folder.path, 'failing'))).toEqual(['sort.mjs']);
});

test.each([
  ['--target-file none.mjs --entry-fn sort --backend grammar', 'none.mjs cannot be read'],
  ['--target-file sort.mjs --entry-fn other --backend grammar', 'there is no function "other"'],
  [
    '--target-file sort.mjs --entry-fn sort --backend gpt',
    'the backend is "gpt"; expected scripted:FILE, cassette:FILE, grammar',
  ],
  ['--target-file sort.mjs --entry-fn sort --backend cassette:none.jsonl', 'there is no cassette none.jsonl'],
  ['--target-file sort.mjs --entry-fn sort --backend scripted:sort.mjs', 'sort.mjs is not JSON'],
  ['--target-file sort.mjs --backend grammar', '--entry-fn'],
  ['--target-file sort.mjs --entry-fn sort', 'there is no --backend'],
  ['--target-file sort.mjs --entry-fn sort --backend grammar --sync --queue', 'two ways; name one'],
  ['--target-file sort.mjs --entry-fn sort --backend grammar --wait', '--wait is for --queue'],
  ['--target-file sort.mjs --entry-fn sort --backend grammar --queue', 'there is no token'],
  ['--target-file sort.mjs --entry-fn sort --backend scripted:answers.json --queue', 'is for --sync'],
  ['--target-file sort.mjs --entry-fn sort --form full --queue', '--form full is for --sync'],
  ['--target-file sort.mjs --entry-fn sort --backend grammar --seed x', 'Expected a whole number'],
])('%s ends with 2', async (line, message) => {
  const ended = await mutate(line);
  expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
});

/** A plugin whose model knows the one answer. */
async function writeModel(parent: string): Promise<void> {
  await writePlugin(parent, {
    name: 'known',
    main: `export class Known { generate() { return ${JSON.stringify(`\`\`\`diff\n${DIFF}\`\`\`\n`)}; } }\nexport default {};`,
    manifest: { entry_points: { llm_backends: { known: './main.js#Known' } } },
  });
  const table = `[[llm.backends]]\nname = "steady"\nplugin = "known"\n`;
  await writeFile(join(parent, 'models.toml'), table);
}

test('a model of the configuration proposes, by its name, or where nobody is named [X000-20] [X000-25]', async () => {
  await writeModel(folder.path);
  const asked = '--target-file sort.mjs --entry-fn sort --output model.mjs --config models.toml --plugins known';
  for (const backend of [' --backend steady', '']) {
    const { code, stdout, stderr } = await mutate(`${asked}${backend} -v`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('+  const result = list.slice();') });
    expect(stderr).toMatch(/^task [0-9a-f]{32} of kind execute requires cpu, node$/m);
  }
  const models = await readFile(join(folder.path, 'models.toml'), 'utf8');
  await writeFile(join(folder.path, 'placed.toml'), `[plugins]\ndirs = ["known"]\n${models}`);
  await mkdir(join(folder.path, 'others'));
  await writePlugin(join(folder.path, 'others'), { name: 'other', main: 'export default { tools: [] };' });
  const placed = asked.replace('models.toml --plugins known', 'placed.toml --plugins others');
  expect(await mutate(`${placed} --backend steady --no-execute`)).toMatchObject({ code: 0 });
  const other = await mutate(`${asked} --backend unsteady`);
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('the backend is "unsteady"') });
  expect(other.stderr).toContain('host, or steady');
});
