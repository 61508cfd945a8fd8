/**
 * What becomes of a mutated copy: it is handed to whichever handler of any plugin takes it, without a queue.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder, run, writePlugin, type Ended, type Folder } from './cli-fixture.ts';

const RUST = 'pub fn sort(items: &mut Vec<i32>) {\n    items.sort();\n}\n';
const DIFF = '@@ @@\n-    items.sort();\n+    items.sort_unstable();\n';

/** A handler that anybody could have written: it takes tasks of one language. */
const HANDLER = `import { Result, TaskHandler, TaskKind } from '@bulkhead/sdk';
export class Run extends TaskHandler {
  KIND = TaskKind.EXECUTE;
  PROVIDES = TAGS;
  dispatch(task) { return task.kind === this.KIND && task.payload.lang === 'rust'; }
  handle(task) {
    if (this.config.mode === 'throw') throw new Error('it broke');
    return Result.ok(task, { ran: task.payload.entry_fn, bytes: task.payload.source.length });
  }
}
`;
const ENTRY = { entry_points: { task_handlers: { rust_exec: './main.js#Run' } } };

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, 'sort.rs'), RUST);
  await writeFile(join(folder.path, 'answers.json'), JSON.stringify([DIFF]));
  const source = (tags: readonly string[]): string => HANDLER.replace('TAGS', JSON.stringify(tags));
  const rust = ['cpu', 'docker', 'rust'];
  await writePlugin(join(folder.path, 'good'), { name: 'execute_rust', main: source(rust), manifest: ENTRY });
  await writePlugin(join(folder.path, 'lesser'), { name: 'execute_some', main: source(['cpu']), manifest: ENTRY });
  await writePlugin(join(folder.path, 'broken'), {
    name: 'execute_rust',
    main: source(rust),
    manifest: { ...ENTRY, config: { mode: 'throw' } },
  });
  const needs = { requirements: { commands: ['no-such-rustc'] } };
  await writePlugin(join(folder.path, 'absent'), {
    name: 'execute_rust',
    main: source(rust),
    manifest: { ...ENTRY, ...needs },
  });
});
afterAll(() => folder[Symbol.asyncDispose]());

const LINE = '--target-file sort.rs --entry-fn sort --backend scripted:answers.json';
function mutate(line: string): Promise<Ended> {
  return run(['mutate', ...`${LINE} ${line}`.split(' ')], { cwd: folder.path });
}

test('a handler of a folder is found by the tags and the payload, and what it says is told with its version [F000-15]', async () => {
  const ended = await mutate('--sync --plugins good --tags docker,rust --json --output a.rs');
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(ended.stdout)).toMatchObject({
    output: 'a.rs',
    execute_task: { requires: ['cpu', 'docker', 'rust'], payload: { lang: 'rust', entry_fn: 'sort' } },
    execution: {
      status: 'ok',
      data: { ran: 'sort', bytes: RUST.length + '_unstable'.length },
      handler_version: 'execute_rust 1.0.0',
      // The same words as a worker's, wherever a task is done [X000-3].
      image_tag: expect.stringMatching(/^bulkhead-\d\S+ node-\d\S+ \S+$/u),
      attempts: 1,
    },
  });
  expect(await readFile(join(folder.path, 'a.rs'), 'utf8')).toContain('sort_unstable');
});

test('people read the diff first, then who did what', async () => {
  const { code, stdout, stderr } = await mutate('--plugins good --tags docker,rust');
  expect(code).toBe(0);
  expect(stdout).toContain('+    items.sort_unstable();');
  expect(stderr).toMatch(
    /sort_mutated\.rs: 1 line added, 1 removed, in 1 hunk\n[\s\S]*execute: ok by execute_rust 1\.0\.0: \{"ran":"sort"/,
  );
});

test('where no handler provides the tags, the refusal names those that are missing [F000-15]', async () => {
  const { code, stdout } = await mutate('--plugins lesser --tags docker,rust --json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    execution: {
      status: 'skip',
      handler_version: null,
      data: {
        missing_tags: ['rust'],
        message: expect.stringContaining('missing: rust; nearest: execute 1.0.0 execute_docker does not provide rust'),
      },
    },
  });
});

test('a plugin that lacks something of the machine is named with its cure', async () => {
  const { code, stderr } = await mutate('--plugins absent --tags docker,rust');
  expect(code).toBe(0);
  expect(stderr).toMatch(/execute: not done: .*unavailable, .*execute_rust.*no-such-rustc.*install/i);
});

test('a handler that fails is told of, and the copy is there', async () => {
  const { code, stdout } = await mutate('--plugins broken --tags docker,rust --json --output b.rs --args [1]');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    execute_task: { payload: { args: [1] } },
    execution: { status: 'error', data: { retryable: false, message: expect.stringContaining('it broke') } },
  });
  expect(await readdir(folder.path)).toContain('b.rs');
});

test('a dry run writes nothing and executes nothing', async () => {
  const { code, stdout } = await mutate('--dry-run --json --output dry.rs --plugins good');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ output: 'dry.rs', execution: null, diff: expect.stringContaining('+') });
  expect(await readdir(folder.path)).not.toContain('dry.rs');
});

test.each([
  ['--plugins gone', 'gone, which is not there'],
  ['--plugins good --tags a,B', '"B", which is no capability tag'],
  ['--plugins good --grant x', '--grant is "x"'],
])('%s ends with 2', async (line, message) => {
  expect(await mutate(line)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

test('a plugin as `init` makes it is a handler that is found at once, in the folder that it is made in [F000-15] [X000-31]', async () => {
  await using place = await makeFolder();
  const { code: made } = await run(['init', 'greetings', '--kind', 'task-handler'], { cwd: place.path });
  await writeFile(join(place.path, 'hello.tmpl'), 'Hello, {{name}}.');
  const line = 'render --template hello.tmpl --vars {"name":"Ada"} --plugins greetings --handler greetings --json';
  const { code, stdout } = await run(line.split(' '), { cwd: place.path });
  expect({ made, code }).toEqual({ made: 0, code: 0 });
  expect(JSON.parse(stdout)).toMatchObject({
    rendered: 'Hello, Ada.',
    execution: { status: 'ok', handler_version: 'greetings 0.1.0' },
  });
  const other = await run(line.replace('--handler greetings', '--handler nope').split(' '), { cwd: place.path });
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('--handler names nope, which none') });
  expect(other.stderr).toContain('greetings');
});
