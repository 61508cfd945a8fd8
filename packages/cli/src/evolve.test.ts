/**
 * Runs of evolution as their users start them, and end them: with real processes that are killed at random points (E3).
 */
import { watch } from 'node:fs';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunReport } from '@bulkhead/evolve';
import { createRandom } from '@bulkhead/guard/statistics';
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeFolder, REPOSITORY, run, runHere, start, type Ended, type Folder } from './cli-fixture.ts';

// Each candidate has a guest of its own.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
  await cp(join(REPOSITORY, 'examples/evolve/k_module'), join(folder.path, 'k'), { recursive: true });
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Points at which a process is killed; `BULKHEAD_TEST_KILLS=20` is the whole of E3. */
const KILLS = Number(process.env['BULKHEAD_TEST_KILLS'] ?? 5);
const SHORT = ['--evaluations', '10', '--target', '1', '--seed', '3', '--json'];

/** The example, with other words in its configuration. */
async function configWith(name: string, change: (text: string) => string): Promise<string> {
  const text = await readFile(join(folder.path, 'k/evolve.toml'), 'utf8');
  await writeFile(join(folder.path, 'k', name), change(text));
  return join('k', name);
}

const withoutPromotion = (): Promise<string> =>
  configWith('plain.toml', (text) => text.replace('[promotion]\n', '[promotion]\nenabled = false\n'));

function evolve(...args: readonly string[]): Promise<Ended> {
  return run(['evolve', ...args], { cwd: folder.path });
}

function summaryIn({ stdout }: Ended): JsonObject {
  const value: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  if (isJsonObject(value)) return value;
  throw new Error(`no summary: ${stdout}`);
}

test('the example finds all four modules, better than its control, and is promoted [X000-21]', async () => {
  const ended = await evolve('run', '--config', 'k/evolve.toml', '--seed', '1', '--json', '--out', 'whole');
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  const summary = summaryIn(ended);
  expect(summary).toMatchObject({
    ...{ best: 0, start: -1, ended: 'target', is_better: true },
    lineage_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    promotion: { is_promoted: true },
  });
  expect(Number(summary['control_best'])).toBeLessThan(0);
  const winner = await readFile(join(folder.path, 'whole/winner.ts'), 'utf8');
  for (const right of ["loader: 'parquet'", "cleaner: 'trim'", "sorter: 'quick'", "writer: 'json'"])
    expect(winner).toContain(right);
  expect(await readdir(join(folder.path, 'whole/tmp'))).toEqual([]);
});

test('a run that has ended is shown, exported, and answers the same when it is asked again', async () => {
  const before = JSON.parse(await readFile(join(folder.path, 'whole/report.json'), 'utf8')) as JsonObject; // Its form is tested beside it.
  const again = await evolve('resume', 'whole', '--json');
  expect(again.code).toBe(0);
  expect(summaryIn(again)['lineage_hash']).toBe(before['lineage_hash']);
  const status = await evolve('status', 'whole', '--json');
  expect(JSON.parse(status.stdout)).toMatchObject({ phase: 'done', name: 'k', seed: 1, is_better: true });
  const exported = await evolve('export', 'whole', '--out', 'exported', '--json');
  expect(exported.code).toBe(0);
  const { programs } = JSON.parse(exported.stdout) as { readonly programs: number };
  expect(await readdir(join(folder.path, 'exported/programs'))).toHaveLength(programs);
  expect(await readFile(join(folder.path, 'exported/lineage.dot'), 'utf8')).toMatch(/^digraph lineage \{\n/);
  expect(await readFile(join(folder.path, 'exported/winner.ts'), 'utf8')).toBe(
    await readFile(join(folder.path, 'whole/winner.ts'), 'utf8'),
  );
});

test('where no program is better, or none is promoted, it ends with 1', async () => {
  const echo = await configWith('echo.toml', (text) => text.replace('"choices"', '"echo"'));
  const ended = await evolve('run', '--config', echo, '--evaluations', '2', '--seed', '1', '--json', '--out', 'echo');
  expect(ended).toMatchObject({ code: 1 });
  expect(summaryIn(ended)).toMatchObject({ best: -1, is_better: false, promotion: null, evaluations: 2 });
});

test('what is wrong is said before anything runs, with the table, the key and the next step', async () => {
  const wrong: readonly (readonly [string, string, string])[] = [
    ['entry = "solve"', 'entrie = "solve"', 'did you mean entry'],
    ['"pass_rate"', '"best"', 'expected pass_rate, speed or metric:NAME'],
    ['"choices"', '"choice"', 'the backend is "choice"'],
    ['pipeline.ts', 'nowhere.ts', 'cannot be read'],
    ['#PIPELINE', '#NOBODY', '[task] use: '],
    ['[promotion]', '[promotion]\npolicy = "v1"', 'without planned looks'],
  ];
  for (const [from, to, message] of wrong) {
    const file = await configWith('wrong.toml', (text) => text.replace(from, to));
    const ended = await evolve('run', '--config', file, '--seed', '1', '--json', '--out', `wrong-${to.length}`);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(message);
  }
  expect((await runHere(['evolve', 'resume', join(folder.path, 'nowhere')])).code).toBe(2);
  expect((await runHere(['evolve', 'run', '--config', join(folder.path, 'none.toml')])).code).toBe(2);
  await mkdir(join(folder.path, 'taken'));
  await writeFile(join(folder.path, 'taken/run.json'), '{}');
  const taken = await evolve('run', '--config', 'k/evolve.toml', '--seed', '1', '--out', 'taken');
  expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('has a run already') });
});

test('a folder that init makes is one where a run finds a better program', async () => {
  expect((await evolve('init', 'made')).code).toBe(0);
  const ended = await evolve('run', '--config', 'made/evolve.toml', '--seed', '1', '--json', '--out', 'made-run');
  expect(summaryIn(ended)).toMatchObject({ best: 0, is_better: true, promotion: { is_promoted: true } });
  expect(ended.code).toBe(0);
});

test('one step is one evaluation, and as many as there are come to the end of the run [X000-21]', async () => {
  const config = await withoutPromotion();
  const whole = await evolve('run', '--config', config, ...SHORT, '--evaluations', '3', '--out', 'steps-whole');
  const short = await configWith('steps.toml', (text) =>
    text
      .replace('[promotion]\n', '[promotion]\nenabled = false\n')
      .replace('evaluations = 100', 'evaluations = 3')
      .replace('target = 0', 'target = 1'),
  );
  const lines = [summaryIn(await evolve('step', '--config', short, '--seed', '3', '--out', 'steps'))];
  for (let step = 1; step < 3; step += 1) lines.push(summaryIn(await evolve('step', 'steps')));
  const last = summaryIn(await evolve('resume', 'steps', '--json'));
  expect(lines.at(-1)).toMatchObject({
    ...{ best: expect.any(Number), generation: expect.any(Number), best_speed_ms: expect.any(Number) },
    bucket: { length: expect.any(Number), generation: expect.any(Number) },
  });
  expect(lines.at(-1)?.['best_memory_kb']).toBeGreaterThan(20 * 1024);
  expect(last['lineage_hash']).toBe(summaryIn(whole)['lineage_hash']);
});

test('Ctrl-C keeps everything and says how to go on', async () => {
  const config = await withoutPromotion();
  const running = start(['evolve', 'run', '--config', config, ...SHORT, '--out', 'stopped'], { cwd: folder.path });
  await linesReach(join(folder.path, 'stopped'), 4, running.ended);
  running.child.kill('SIGINT');
  const ended = await running.ended;
  expect(ended).toMatchObject({ code: 130, stdout: '' });
  expect(ended.stderr).toContain('bulkhead evolve resume stopped');
  expect(await readdir(join(folder.path, 'stopped'))).not.toContain('worker.pid');
});

test('[E3] the lineage is one with 1, 2 and 4 workers, and through kill -9 at random points', async () => {
  const config = await withoutPromotion();
  const asked = ['run', '--config', config, ...SHORT];
  const wholes = [];
  for (const workers of ['1', '2', '4'])
    wholes.push(summaryIn(await evolve(...asked, '--workers', workers, '--out', `workers-${workers}`)));
  const [one] = wholes;
  expect(new Set(wholes.map((summary) => summary['lineage_hash'])).size).toBe(1);
  expect(new Set(wholes.map((summary) => summary['control_best'])).size).toBe(1);
  const random = createRandom(process.env['BULKHEAD_TEST_SEED'] ?? 'kills');
  for (let kill = 0; kill < KILLS; kill += 1) {
    const dir = `killed-${kill}`;
    const workers = String([1, 2, 4][kill % 3]);
    const running = start(['evolve', ...asked, '--workers', workers, '--out', dir], { cwd: folder.path });
    await killedAt(running, { dir: join(folder.path, dir), lines: 1 + random.below(42) });
    const resumed = summaryIn(await evolve('resume', dir, '--json'));
    expect([kill, resumed['lineage_hash']]).toEqual([kill, one?.['lineage_hash']]);
    expect(resumed['control_best']).toBe(one?.['control_best']);
  }
});

test('backends of a plugin are the models, by their weights and with their cost; `auto` leaves the choice to the host', async () => {
  const diff =
    "```diff\n@@ @@\n-  loader: 'csv', // one of 'csv' | 'json' | 'xml' | 'parquet' | 'yaml'\n+  loader: 'parquet',\n```\n";
  const backend = (name: string): string =>
    `[[llm.backends]]\nname = "${name}"\nplugin = "llm_mock"\nusd_per_million_tokens = { input = 10, output = 10 }\n`;
  const tables = (llm: string): string =>
    `[llm]\n${llm}${backend('large')}${backend('small')}[control]\nenabled = false\n[config.llm_mock]\nanswers = [{ text = ${JSON.stringify(diff)} }]\n`;
  const plugins = `plugins = [${JSON.stringify(join(REPOSITORY, 'plugins/llm_mock'))}]\n`;
  const configured = (name: string, llm: string, more = ''): Promise<string> =>
    configWith(name, (text) =>
      (plugins + text)
        .replace('[llm]\nbackend = "choices"\n', tables(llm) + more)
        .replace('[promotion]\n', '[promotion]\nenabled = false\n'),
    );
  const asked = ['--evaluations', '3', '--target', '1', '--seed', '3', '--json'];
  const ucb = await configured('ucb.toml', '', '[models]\nchoice = "ucb1"\n');
  const chosen = await evolve('run', '--config', ucb, ...asked, '--out', 'ucb');
  expect(chosen.stderr).not.toContain('bulkhead:');
  const { models } = JSON.parse(await readFile(join(folder.path, 'ucb/report.json'), 'utf8')) as RunReport; // Its form is tested beside it.
  expect(models.map(({ name }) => name)).toEqual(['large', 'small']);
  expect(models.map(({ submitted }) => submitted).toSorted((one, other) => one - other)).toEqual([1, 2]);
  for (const { usage } of models) expect(usage.cost_usd).toBeGreaterThan(0);
  const auto = await configured('auto.toml', 'backend = "auto"\n');
  await evolve('run', '--config', auto, ...asked, '--out', 'auto');
  const drawn = JSON.parse(await readFile(join(folder.path, 'auto/report.json'), 'utf8')) as RunReport; // The same.
  expect(drawn.models.reduce((sum, { submitted }) => sum + submitted, 0)).toBeGreaterThanOrEqual(3);
  for (const { name } of drawn.models) expect(['large', 'small']).toContain(name);
});

test('[E3] models are chosen by a bandit, also by Thompson sampling through kill -9, and status says what each came to', async () => {
  const models =
    '[models]\nchoice = "thompson"\nnames = ["echo", "choices", "grammar:seed=3"]\n\n[promotion]\nenabled = false\n';
  const config = await configWith('models.toml', (text) =>
    text.replace('[llm]\nbackend = "choices"', '').replace('[promotion]\n', models),
  );
  const asked = ['run', '--config', config, ...SHORT];
  const whole = summaryIn(await evolve(...asked, '--workers', '1', '--out', 'models'));
  const running = start(['evolve', ...asked, '--workers', '4', '--out', 'models-killed'], { cwd: folder.path });
  await reached(join(folder.path, 'models-killed'), {
    isThere: async (dir) => (await linesIn(dir)) >= 9 && (await readdir(dir)).includes('progress.json'),
    ended: running.ended,
  });
  running.child.kill('SIGKILL');
  await running.ended;
  const known = await evolve('status', 'models-killed');
  expect(known.stdout).toMatch(/^model echo: \d+ submitted, 0 better, gain 0, \d+ tokens, 0 US dollars$/m);
  const resumed = await evolve('resume', 'models-killed');
  expect(resumed.stdout).toContain(`lineage ${JSON.stringify(whole['lineage_hash']).slice(1, 13)}`);
  const [one, other] = await Promise.all(
    ['models', 'models-killed'].map(async (dir) => {
      const { models: list } = summaryIn(await evolve('status', dir, '--json'));
      return list as readonly JsonObject[]; // Its form is tested beside it.
    }),
  );
  expect(other).toEqual(one);
  expect(one?.map(({ name }) => name)).toEqual(['echo', 'choices', 'grammar:seed=3']);
  expect(one?.reduce((sum, { submitted }) => sum + Number(submitted), 0)).toBe(10);
});

/** Kills it once the journals of a run have so many lines; one that ends before has ended. */
async function killedAt(
  running: ReturnType<typeof start>,
  { dir, lines }: { readonly dir: string; readonly lines: number },
): Promise<void> {
  await linesReach(dir, lines, running.ended);
  running.child.kill('SIGKILL');
  await running.ended;
}

function linesReach(dir: string, wanted: number, ended: Promise<unknown>): Promise<void> {
  return reached(dir, { isThere: async () => (await linesIn(dir)) >= wanted, ended });
}

type Reaching = { readonly isThere: (dir: string) => Promise<boolean>; readonly ended: Promise<unknown> };

/** Waits until it is there, by changes of the folder, or the process has ended. */
async function reached(dir: string, { isThere, ended }: Reaching): Promise<void> {
  await mkdir(dir, { recursive: true });
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = async (): Promise<void> => {
    if (await isThere(dir)) resolve();
  };
  const watcher = watch(dir, () => void look());
  await Promise.race([promise, ended]);
  watcher.close();
}

async function linesIn(dir: string): Promise<number> {
  const texts = await Promise.all(
    ['journal.ndjson', 'control.ndjson'].map((name) => readFile(join(dir, name), 'utf8').catch(() => '')),
  );
  return texts.join('').split('\n').length - 1;
}
