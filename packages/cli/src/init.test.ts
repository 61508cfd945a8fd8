import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { Outcome, PluginHealth } from '@bulkhead/protocol';
import { makeFolder, run, serve } from './cli-fixture.ts';
import { askFor } from './verbs/init.ts';

test('[F004-1, F004-7, F004-8, F004-13, F004-21] a new plugin has its files, and its configuration in plugin.json', async () => {
  await using folder = await makeFolder();
  const { code, stdout } = await run(['init', 'weather'], { cwd: folder.path });
  expect(code).toBe(0);
  expect(stdout).toBe('weather\n');
  const files = await readdir(join(folder.path, 'weather'), { recursive: true });
  expect(files.toSorted()).toEqual(
    ['LICENSE', 'README.md', 'main.ts', 'package.json', 'plugin.json', 'tests', 'tests/plugin.test.ts'].toSorted(),
  );
  const manifest: unknown = JSON.parse(await readFile(join(folder.path, 'weather/plugin.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: 'weather',
    version: expect.any(String),
    description: expect.any(String),
    author: expect.any(String),
    dependencies: [],
    capabilities: [],
    config: { enabled: true, interval: 300, log_level: 'INFO', features: expect.any(Object) },
  });
});

test(
  '[F004-7] as it stands it has no findings, answers calls, is healthy, and passes its own tests',
  { timeout: 60_000 },
  async () => {
    await using folder = await makeFolder();
    const cwd = folder.path;
    await run(['init', 'weather-2_x'], { cwd });
    const dir = join(cwd, 'weather-2_x');
    const checked = await run(['check', './weather-2_x', '--json'], { cwd });
    expect(JSON.parse(checked.stdout)).toMatchObject({ ok: true, findings: [] });
    const called = await run(['call', './weather-2_x', 'hello', '--params', '{"name":"Ada"}', '--json'], { cwd });
    expect(JSON.parse(called.stdout) as Outcome).toMatchObject({
      ok: true,
      value: { greeting: 'Hello, Ada. Nice to meet you.' },
    });
    await using served = await serve(['--plugins', dir, '--data', join(cwd, 'data')]);
    const health = await fetch(`${served.ready.url}/v1/plugins/weather-2_x/health`);
    expect((await health.json()) as PluginHealth).toMatchObject({ state: 'INITIALIZED', health: 'healthy' });
    const tested = await run(['test', './weather-2_x'], { cwd });
    expect(tested.stdout).toContain('ok    its own tests (node:test)');
    expect(tested.code).toBe(0);
  },
);

test('[F004-7] on a terminal what was left out is asked for, a wrong word again, and an empty answer is the usual one', async () => {
  const input = Readable.from(['weather\n', 'toll\n', 'monitor\n', '\n', 'js\n']);
  const output = new PassThrough();
  expect(await askFor({}, { input, output })).toEqual({ name: 'weather', kind: 'monitor', style: 'class', lang: 'js' });
  output.end();
  expect(await text(output)).toContain('Kind (tool, hooks, task-handler');
});

test('a folder that is there is never written into', async () => {
  await using folder = await makeFolder();
  await mkdir(join(folder.path, 'weather'));
  const { code, stderr } = await run(['init', 'weather'], { cwd: folder.path });
  expect(code).toBe(2);
  expect(stderr).toContain('./weather is there already');
  expect(await readdir(join(folder.path, 'weather'))).toEqual([]);
});

test.each(['Weather', '2weather', 'wea__ther', '../weather', 'wea ther', '', 'a'.repeat(65), 'Ünits'])(
  'the name "%s" is refused with the rule, and nothing is made',
  async (name) => {
    await using folder = await makeFolder();
    const { code, stderr } = await run(['init', name], { cwd: folder.path });
    expect(code).toBe(2);
    expect(stderr).toContain('beginning with a letter');
    expect(await readdir(folder.path)).toEqual([]);
  },
);

test('[F004-7] in a pipe nothing is asked: a missing name is wrong usage', async () => {
  await using folder = await makeFolder();
  const { code, stderr } = await run(['init'], { cwd: folder.path });
  expect(code).toBe(2);
  expect(stderr).toContain('bulkhead init NAME');
});
