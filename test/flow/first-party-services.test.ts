/**
 * The first-party plugins that use the host's services, in real sandboxes on real databases: what they answer, what they do
 * without being called, and what they keep.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { createFailingStorage, type FailingStorage } from '@bulkhead/host/testing';
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { openStore } from '@bulkhead/store';
import { ENGINES, openTestServer } from '@bulkhead/store/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openScratch } from '../support/scratch.ts';

// A first start of a database takes two seconds on an idle machine, and many more on a busy one.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const tenant = 'acme';
const PLUGINS = resolve(import.meta.dirname, '../../plugins');
const NOTES = `export default { tools: [{ name: 'note', description: 'Notes.', parameters: { type: 'object' },
  execute: ({ content, facts }, { memory }) => memory.store(content, facts) }] };`;

describe.each(ENGINES)('on %s', (engine) => {
  const cleanup = new AsyncDisposableStack();
  let host: Host;
  let storage: FailingStorage;
  let root: string;

  beforeAll(async () => {
    root = cleanup.use(await openScratch('first-party')).path;
    const url = engine === 'postgres' ? await cleanup.use(await openTestServer()).createDatabase() : undefined;
    const dataDir = join(root, 'data');
    storage = createFailingStorage(await openStore({ url, dataDir, log: { warn: () => undefined } }));
    host = cleanup.use(await createHost({ storage, dataDir, spareCount: 0, tierMax: 'process' }));
    await writePlugin('notes', NOTES);
    await host.install(join(root, 'notes'));
    await host.install(await copyOfAnalyzer(), { tenant, grant: ['threads', 'memory.read:notes'] });
    await host.install(join(PLUGINS, 'pattern_recognizer'), { tenant });
    await host.install(join(PLUGINS, 'system_diagnostics'), { tenant, grant: ['threads'] });
  });
  afterAll(() => cleanup.disposeAsync());

  async function writePlugin(name: string, code: string): Promise<void> {
    await mkdir(join(root, name));
    await writeFile(join(root, name, 'main.js'), code);
    const manifest = { name, version: '1.0.0', description: 'Notes.', author: 'Tests', main: 'main.js' };
    await writeFile(join(root, name, 'plugin.json'), JSON.stringify(manifest));
  }

  /** As its README says: what it may read beside its own is asked for in a copy. */
  async function copyOfAnalyzer(): Promise<string> {
    const dir = join(root, 'memory_analyzer');
    await cp(join(PLUGINS, 'memory_analyzer'), dir, { recursive: true });
    const file = join(dir, 'plugin.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('["threads"]', '["threads", "memory.read:notes"]'));
    return dir;
  }

  async function ask<Value = JsonObject>(plugin: string, tool: string, params: JsonObject = {}): Promise<Value> {
    const outcome = await host.call({ plugin, tool, params, tenant });
    return (outcome.ok ? outcome.value : { failed: outcome.error }) as Value; // Each test says what it expects.
  }

  const configure = (plugin: string, config: JsonObject) => host.registrations.configure(plugin, config, { tenant });
  const reportOf = async (plugin: string) => (await host.debug(plugin, { tenant, isPlatform: true })).health_report;
  const linesOf = (plugin: string): readonly string[] =>
    host.logs.read(plugin, { tenant, isPlatform: true, linesMax: 1_000 }).lines.map(({ text }) => text);

  const analyze = (params: JsonObject) => ask('memory_analyzer', 'analyze_memory', params);
  const note = (content: JsonValue, facts: JsonObject = {}) => ask<string>('notes', 'note', { content, facts });

  test('analyze_memory says of an artifact how it is, and how it hangs together with others [F004-23]', async () => {
    const first = await note('the first', { tags: ['chain'] });
    const second = await note({ text: 'the second' }, { related: [first] });
    const third = await note('the third', { related: [second], confidence: 0.5, source: 'radio', tags: ['chain'] });
    expect(await analyze({ memory_id: third, plugin: 'notes' })).toEqual({
      status: 'success',
      analysis: {
        kind: 'artifact',
        memory_id: third,
        source: 'radio',
        tags: ['chain'],
        confidence: 0.5,
        age_seconds: expect.any(Number) as number,
        content: { type: 'string', bytes: 11 },
        relations: { named: 1, missing: 0, reachable: 2 },
      },
    });
    expect(await analyze({ query: 'chain', plugin: 'notes' })).toMatchObject({
      status: 'success',
      analysis: { count: 2, confidence: { mean: 0.75, least: 0.5 }, relations: { links: 1, dangling: 1 } },
    });
  });

  test.each([
    ['an id that is not there', { memory_id: '00000000-0000-7000-8000-000000000000' }, /^there is no artifact/],
    ['an id that is none', { memory_id: '../x' }, /^there is no artifact/],
    ['nothing', {}, /^give memory_id/],
    ['both', { memory_id: 'x', query: 'y' }, /not both$/],
    ['a memory that it may not read', { query: '', plugin: 'greeter' }, /"memory.read:greeter"/],
  ])(
    'analyze_memory answers an error in words for %s, and the call goes well [F004-23]',
    async (_what, params, words) => {
      expect(await analyze(params)).toEqual({ status: 'error', message: expect.stringMatching(words) as string });
    },
  );

  test('a memory of more than one answer holds is read to its end', async () => {
    for (let index = 0; index < 120; index += 1) await note(`entry ${index}`, { tags: ['many'] });
    expect(await analyze({ query: 'many', plugin: 'notes' })).toMatchObject({ analysis: { count: 120 } });
  });

  test('the analyzer looks at its interval without being called, tells what is full and what it may not read, and forgets [X004-8]', async () => {
    const listed = async () => (await ask<{ analyses: JsonObject[] }>('memory_analyzer', 'list_analyses')).analyses;
    await configure('memory_analyzer', {
      interval: 1,
      retention: 3,
      alert_threshold: 0.001,
      plugins: ['notes', 'greeter'],
    });
    await expect
      .poll(listed, { timeout: 30_000 })
      .toContainEqual(expect.objectContaining({ plugin: 'notes', is_alert: true }));
    await expect
      .poll(() => reportOf('memory_analyzer'), { timeout: 30_000 })
      .toMatchObject({
        status: 'warning',
        message: 'the memory of "notes" holds over 0.1 % of what it may',
        metrics: { alerts: 1 },
      });
    const unread = linesOf('memory_analyzer').filter((text) => text.startsWith('the memory of "greeter" was not read'));
    expect(unread).toHaveLength(1);
    const startedAt = Date.now();
    const oldestSeconds = async () => {
      const { analysis } = await ask<{ analysis: { age: { oldest_seconds: number } } }>(
        'memory_analyzer',
        'analyze_memory',
        { query: '' },
      );
      return Date.now() - startedAt < 5_000 ? Infinity : analysis.age.oldest_seconds;
    };
    await expect.poll(oldestSeconds, { timeout: 30_000 }).toBeLessThan(5);
  });

  test('health is a warning where the last analysis is older than twice the interval [X004-8]', async () => {
    await configure('memory_analyzer', { interval: 1 });
    await expect.poll(() => reportOf('memory_analyzer'), { timeout: 30_000 }).toMatchObject({ status: 'healthy' });
    storage.fail();
    try {
      await expect
        .poll(() => reportOf('memory_analyzer'), { timeout: 30_000 })
        .toMatchObject({ status: 'warning', message: expect.stringContaining('one is due every 1 s') as string });
    } finally {
      storage.mend();
    }
    await expect.poll(() => reportOf('memory_analyzer'), { timeout: 30_000 }).toMatchObject({ status: 'healthy' });
    await configure('memory_analyzer', { enabled: false });
  });

  const recognize = (data: JsonValue[]) => ask<JsonObject[]>('pattern_recognizer', 'recognize_patterns', { data });
  const patterns = (kind?: string) =>
    ask<JsonObject[]>('pattern_recognizer', 'patterns', kind === undefined ? {} : { kind });
  const visits = ['open', 'read', 'close', 'open', 'read', 'close'].map((event) => ({ event }));

  test('recognize_patterns answers a list of patterns and keeps them, each once [F004-24]', async () => {
    const found = await recognize(visits);
    expect(found.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['behavioural', 'structural']));
    const [first] = await patterns('behavioural');
    expect(first).toMatchObject({ details: { sequence: ['open', 'read', 'close'] }, confidence: 0.8 });
    await Promise.all([recognize(visits), recognize(visits)]);
    const [again, ...more] = await patterns('behavioural');
    expect(again).toMatchObject({ id: first?.['id'], first_seen: first?.['first_seen'] });
    expect(more).toEqual([]);
  });

  test('patterns are kept up to their number and their time, the most certain of them [X004-8]', async () => {
    await configure('pattern_recognizer', { max_patterns: 1 });
    const [best, ...others] = await recognize(Array.from({ length: 12 }, () => ({ source: 'a', target: 'b' })));
    expect(others).toEqual([]);
    expect(await patterns()).toMatchObject([{ id: best?.['id'], confidence: 1 }]);
    await configure('pattern_recognizer', { ttl: 1 });
    await expect.poll(() => patterns(), { timeout: 30_000 }).toEqual([]);
    await configure('pattern_recognizer', { enabled: false, ttl: 1 });
    expect((await recognize(visits)).length).toBeGreaterThan(0);
    expect(await patterns()).toEqual([]);
  });

  test('the largest input is looked through within the time and the memory of a call', async () => {
    const data = Array.from({ length: 5_000 }, (_, index) => ({
      event: `e${index % 7}`,
      source: `s${index % 3}`,
      n: index,
    }));
    const outcome = await host.call({
      plugin: 'pattern_recognizer',
      tool: 'recognize_patterns',
      params: { data },
      tenant,
    });
    expect(outcome).toMatchObject({ ok: true });
    const tooMany = { data: [...data, {}] };
    expect(
      await host.call({ plugin: 'pattern_recognizer', tool: 'recognize_patterns', params: tooMany, tenant }),
    ).toMatchObject({ error: { kind: 'invalid_input' } });
  });

  const diagnose = (samples?: JsonValue[]) =>
    ask('system_diagnostics', 'diagnose', samples === undefined ? {} : { samples });
  const history = async (params: JsonObject = {}) =>
    (await ask<{ diagnoses: JsonObject[] }>('system_diagnostics', 'history', params)).diagnoses;

  test('a diagnosis is of its own instance, and of the health objects that it is given [X004-8]', async () => {
    expect(await diagnose()).toMatchObject({
      status: 'healthy',
      self: { memory_percent: expect.any(Number), dead_threads: 0, response_ms: expect.any(Number) },
      plugins: { sampled: 0 },
      failure: null,
    });
    const samples = host
      .plugins({ scope: tenant, showThrownText: false })
      .map((health) => ({ ...health })) as unknown as JsonObject[];
    expect(await diagnose(samples)).toMatchObject({ plugins: { sampled: samples.length, unhealthy: 0 } });
    const slow = { name: 'slow', state: 'RUNNING', success_count: 1, error_count: 1, avg_execution_time_ms: 1_500 };
    expect(await diagnose([slow])).toMatchObject({
      status: 'critical',
      anomalies: [
        { measure: 'error_rate', of: 'slow', value: 0.5, deviation: 4 },
        { measure: 'response_ms', of: 'slow', value: 1_500, deviation: 0.5 },
      ],
    });
    expect(await diagnose([{ ...slow, success_count: 99, avg_execution_time_ms: 5 }])).toMatchObject({ anomalies: [] });
    expect(linesOf('system_diagnostics')).toContain('response_ms of slow is 1500, above 1000');
    const [alert] = await history({ only_alerts: true });
    expect(alert).toMatchObject({ status: 'critical', anomaly_count: 2 });
  });

  test('alerts go where the configuration says [X004-8]', async () => {
    const failing = { name: 'failing', state: 'RUNNING', success_count: 0, error_count: 9 };
    await configure('system_diagnostics', { alert_channels: [] });
    const alerts = await history({ only_alerts: true });
    const lines = linesOf('system_diagnostics').length;
    expect(await diagnose([failing])).toMatchObject({ anomaly_count: 1 });
    expect(await history({ only_alerts: true })).toEqual(alerts);
    expect(linesOf('system_diagnostics')).toHaveLength(lines);
  });

  test('it diagnoses at its interval, keeps so many, and its health has the figures [X004-8]', async () => {
    await configure('system_diagnostics', { interval: 1, max_history: 3 });
    const newest = async () => (await history({ limit: 1 }))[0]?.['at'];
    const before = await newest();
    await expect.poll(newest, { timeout: 30_000 }).not.toBe(before);
    await expect.poll(async () => (await history({ limit: 100 })).length, { timeout: 30_000 }).toBeLessThanOrEqual(3);
    await expect
      .poll(() => reportOf('system_diagnostics'), { timeout: 30_000 })
      .toMatchObject({
        status: 'healthy',
        metrics: { memory_percent: expect.any(Number), anomalies: 0 },
      });
  });

  test('a diagnosis that cannot be kept says so, and is made again [X004-8]', async () => {
    await configure('system_diagnostics', { interval: 1, failure_handling: { max_retries: 10, delay: 0 } });
    storage.fail();
    try {
      expect(await diagnose()).toMatchObject({ failure: expect.stringContaining('storage') as string });
      const failures = () =>
        linesOf('system_diagnostics').filter((text) => text.startsWith('the diagnosis was not kept'));
      await expect.poll(() => failures().length, { timeout: 30_000 }).toBeGreaterThan(3);
    } finally {
      storage.mend();
    }
    await expect.poll(() => diagnose()).toMatchObject({ failure: null });
  });
});
