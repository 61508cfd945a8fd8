/**
 * Moves that evidence decides about, end to end: over HTTP, on real databases, in real sandboxes, with guard as the judge, and with
 * clients that go on calling. Whatever the candidate is like, no client sees a call fail that the release before would have served.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createReleaseJudge } from '@bulkhead/guard';
import { createHost, isEvaluationEnd, type EvaluationWithReport, type Host } from '@bulkhead/host';
import type { Outcome } from '@bulkhead/protocol';
import { createServer } from '@bulkhead/server';
import { openStore } from '@bulkhead/store';
import { ENGINES, openTestServer } from '@bulkhead/store/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openScratch } from '../support/scratch.ts';
import { until } from '../support/until.ts';

// An evaluation runs thousands of calls in real guests, on a machine that may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const TOKEN = 'a-platform-token-that-is-long-enough';
const PATIENCE_MS = 180_000;
/** Longer than any test: a canary that ends before was ended by what it saw, however slow the machine. */
const WATCHED_MS = 600_000;
const CONFIG_SCHEMA = { type: 'object', properties: { worn: { type: 'boolean' } }, additionalProperties: false };
const ADD = 'return params.a + params.b;';
const PARAMETERS = `{ type: 'object', required: ['a', 'b'], additionalProperties: false,
  properties: { a: { type: 'integer', minimum: -1000, maximum: 1000 }, b: { type: 'integer', minimum: -1000, maximum: 1000 } } }`;

const source = (body: string): string =>
  `export default { tools: [{ name: 'add', description: 'Adds.', parameters: ${PARAMETERS}, execute(params, context) { ${body} } }] };`;

/** What a candidate does, by its name. Some are as good as the release before until they are told to get worse. */
const CANDIDATES = {
  good: source('return params.b + params.a;'),
  wrong: source('return params.a < -900 ? 0 : params.a + params.b;'),
  throwing: source(`if (context.config.worn) throw new Error('worn out'); ${ADD}`),
  exiting: source(`if (context.config.worn) process.exit(3); ${ADD}`),
} as const;

describe.each(ENGINES)('on %s', (engine) => {
  const cleanup = new AsyncDisposableStack();
  let root: string;
  let databaseUrl: string | undefined;
  beforeAll(async () => {
    root = cleanup.use(await openScratch('gated-moves')).path;
    if (engine === 'postgres') databaseUrl = await cleanup.use(await openTestServer()).createDatabase();
  });
  afterAll(() => cleanup.disposeAsync());

  /** Starts a server on what the one before has left. */
  async function start(guard: 'optional' | 'required' = 'optional'): Promise<Running> {
    const dataDir = join(root, 'data');
    const host = await createHost({
      storage: () => openStore({ url: databaseUrl, dataDir, log: { warn: () => undefined } }),
      ...{ dataDir, guard, judge: createReleaseJudge() },
    });
    const server = await createServer({ host, log: SILENT, token: TOKEN, publicReasons: 'auto' });
    const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
    const close = async (): Promise<void> => {
      await server.close();
      await host.close();
    };
    return { host, url, [Symbol.asyncDispose]: close };
  }

  /** Installs 1.0.0 for tenants, and a candidate 2.0.0 that each of them may see. */
  async function install(host: Host, name: string, candidate: string, tenants = ['acme']): Promise<void> {
    for (const tenant of tenants) await host.install(await write(name, '1.0.0', source(ADD)), { tenant });
    await host.publish(await write(name, '2.0.0', candidate));
    await host.registrations.offer(name, '2.0.0', { tenants: ['*'] });
  }

  async function write(name: string, version: string, main: string): Promise<string> {
    const dir = join(root, 'plugins', name); // A plugin has one place.
    await mkdir(dir, { recursive: true });
    const manifest = { name, version, description: 'A test’s.', author: 'Tests', config_schema: CONFIG_SCHEMA };
    await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(dir, 'main.js'), main);
    return dir;
  }

  test('a good candidate is compared, shadowed, moved to as a canary, and adopted', async () => {
    await using running = await start();
    await install(running.host, 'good', CANDIDATES.good);
    await running.host.recordings.setShare('good', 1, { tenant: 'acme' });
    await using clients = openClients(running.host, 'good');
    await clients.served(100);
    const id = await upgrade(running, 'good', { shadow: { share: 1, calls: 20 }, wait_ms: 1_000 });
    const ended = await endOf(running, id);
    expect(ended).toMatchObject({ state: 'adopted', verdict: 'adopt', kind: 'upgrade', tenant_id: 'acme' });
    expect(ended.changes.map(({ state }) => state)).toEqual(['queued', 'evaluating', 'shadow', 'canary', 'adopted']);
    expect(ended.report).toMatchObject({
      differences: { from_version: '1.0.0', to_version: '2.0.0', tools: { added: [], removed: [], changed: [] } },
      shadow: { calls: 20, both: 20 },
      canary: { pairs: { only_baseline: 0 } },
    });
    expect(running.host.registrations.releases('good', { tenant: 'acme' })).toMatchObject({
      current: '2.0.0',
      moves: [{ kind: 'canary', from_version: '1.0.0', to_version: '2.0.0' }],
    });
    expect(await clients.failures()).toEqual([]);
    expect(clients.versions()).toEqual(['1.0.0', '2.0.0']);
  });

  test('a candidate that answers otherwise is rejected, with the flips named, and nobody is moved', async () => {
    await using running = await start();
    await install(running.host, 'wrong', CANDIDATES.wrong);
    const id = await upgrade(running, 'wrong', { seed: 1 });
    const ended = await endOf(running, id);
    expect(ended).toMatchObject({ state: 'rejected', verdict: 'reject' });
    expect(ended.reasons.join('\n')).toMatch(/add \{"a":-\d+,"b":-?\d+\}/);
    expect(running.host.registrations.releases('wrong', { tenant: 'acme' })).toMatchObject({
      current: '1.0.0',
      moves: [],
    });
  });

  test.each(['throwing', 'exiting'] as const)(
    'a candidate that is %s after it went live is rolled back, and no call fails',
    async (name) => {
      await using running = await start();
      await install(running.host, name, CANDIDATES[name]);
      const id = await upgrade(running, name, { shadow: { share: 0 }, wait_ms: WATCHED_MS });
      await until(
        () => current(running, name),
        (version) => version === '2.0.0',
        PATIENCE_MS,
      );
      await using clients = openClients(running.host, name);
      await clients.served(100);
      await wearOut(running.host, name, ['acme']);
      const ended = await endOf(running, id);
      expect(ended).toMatchObject({ state: 'rolled_back', verdict: 'adopt' });
      expect(await clients.failures()).toEqual([]);
      expect(clients.versions()).toEqual(['1.0.0', '2.0.0']);
      expect(running.host.registrations.releases(name, { tenant: 'acme' })).toMatchObject({
        current: '1.0.0',
        moves: [{ kind: 'automatic_rollback', from_version: '2.0.0', to_version: '1.0.0', actor: 'host' }, {}],
      });
    },
  );

  test('a move goes on after a restart, and ends as if there had been none', async () => {
    let id: string;
    {
      await using running = await start();
      await install(running.host, 'carried', CANDIDATES.good);
      id = await upgrade(running, 'carried', { shadow: { share: 0 }, wait_ms: 3_000 });
      await until(
        () => read(running, id),
        ({ state }) => state === 'canary',
        PATIENCE_MS,
      );
    }
    await using running = await start();
    const ended = await endOf(running, id);
    expect(ended.state).toBe('adopted');
    expect(running.host.registrations.releases('carried', { tenant: 'acme' })).toMatchObject({
      current: '2.0.0',
      moves: [{ kind: 'canary' }],
    });
  });

  test('whoever ends a move that has moved a tenant finds it back', async () => {
    await using running = await start();
    await install(running.host, 'ended', CANDIDATES.good);
    const id = await upgrade(running, 'ended', { shadow: { share: 0 }, wait_ms: WATCHED_MS });
    await until(
      () => current(running, 'ended'),
      (version) => version === '2.0.0',
      PATIENCE_MS,
    );
    const { status, body } = await ask(running, 'DELETE', `/api/v1/evaluations/${id}`);
    expect({ status, body }).toMatchObject({ status: 200, body: { state: 'cancelled' } });
    expect(current(running, 'ended')).toBe('1.0.0');
    expect((await ask(running, 'DELETE', `/api/v1/evaluations/${id}`)).body).toMatchObject({
      code: 'EVALUATION_ENDED',
    });
  });

  test.each([
    { name: 'half-way', steps: [0.5, 1], count: 3 },
    { name: 'everywhere', steps: [1], count: 4 },
  ])('a rollout that gets worse when it is $name is halted, and all of its tenants are moved back', async (rollout) => {
    await using running = await start();
    const { name: plugin, steps, count } = rollout;
    const tenants = ['acme', 'b', 'c', 'd'];
    await install(running.host, plugin, CANDIDATES.throwing, tenants);
    const begun = await ask(running, 'POST', `/api/v1/plugins/${plugin}/rollout`, {
      ...{ version: '2.0.0', gate: 'guard', steps, wait_ms: WATCHED_MS },
      guard: { shadow: { share: 0 } },
    });
    expect(begun.status).toBe(202);
    await until(
      () => running.host.registrations.rolloutOf(plugin)?.steps_done,
      (done) => done === 1,
      PATIENCE_MS,
    );
    expect(moved(running.host, plugin, tenants)).toBe(count);
    await using clients = openClients(running.host, plugin, tenants);
    await clients.served(100);
    await wearOut(running.host, plugin, tenants);
    const ended = await endOf(running, String(begun.body['evaluation_id']));
    expect(ended).toMatchObject({ state: 'rolled_back', kind: 'rollout', tenant_id: null });
    expect(moved(running.host, plugin, tenants)).toBe(0);
    expect(await clients.failures()).toEqual([]);
    expect(running.host.registrations.rolloutOf(plugin)).toMatchObject({
      ...{ gate: 'guard', state: 'halted', steps_done: 1 },
      reason: ended.reasons[0],
    });
  });

  test('a rollout of a good candidate ends with every tenant moved', async () => {
    await using running = await start();
    const tenants = ['acme', 'b', 'c', 'd'];
    await install(running.host, 'shared', CANDIDATES.good, tenants);
    const begun = await ask(running, 'POST', '/api/v1/plugins/shared/rollout', {
      ...{ version: '2.0.0', gate: 'guard', steps: [0.5, 1], wait_ms: 500 },
      guard: { shadow: { share: 0 } },
    });
    const ended = await endOf(running, String(begun.body['evaluation_id']));
    expect(ended.state).toBe('adopted');
    expect(moved(running.host, 'shared', tenants)).toBe(tenants.length);
  });

  test('where evidence is required, no other gate lets a release in, and no folder does', async () => {
    await using running = await start('required');
    await install(running.host, 'required', CANDIDATES.good);
    for (const gate of ['none', 'trial']) {
      const refused = await ask(running, 'POST', '/api/v1/plugins/required/upgrade', { version: '2.0.0', gate });
      expect(refused).toMatchObject({ status: 409, body: { code: 'GUARD_REQUIRED' } });
    }
    await running.host.install(await write('required', '3.0.0', CANDIDATES.good), { tenant: 'acme' });
    expect(current(running, 'required')).toBe('1.0.0');
    const begun = await ask(running, 'POST', '/api/v1/plugins/required/upgrade', {
      version: '2.0.0',
      guard: { shadow: { share: 0 }, wait_ms: 0 },
    });
    expect(begun.status).toBe(202);
    expect(await endOf(running, String(begun.body['evaluation_id']))).toMatchObject({ state: 'adopted' });
    expect(current(running, 'required')).toBe('2.0.0');
    expect((await ask(running, 'POST', '/api/v1/plugins/required/rollback')).status).toBe(200);
  });

  test('what could not begin is refused at once, with what was expected', async () => {
    await using running = await start();
    await install(running.host, 'refused', CANDIDATES.good);
    const refuse = async (body: object) =>
      (await ask(running, 'POST', '/api/v1/plugins/refused/upgrade', { version: '2.0.0', gate: 'guard', ...body }))
        .body;
    expect(await refuse({ guard: { policy: 'superb' } })).toMatchObject({
      code: 'VALIDATION_FAILED',
      detail: expect.stringContaining('superb'),
    });
    expect(await refuse({ version: '9.0.0' })).toMatchObject({ code: 'RELEASE_NOT_FOUND' });
    expect(await refuse({ version: '1.0.0' })).toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await refuse({ gate: 'trial', guard: {} })).toMatchObject({ code: 'VALIDATION_FAILED' });
    const id = await upgrade(running, 'refused', { shadow: { share: 0 }, wait_ms: WATCHED_MS });
    expect(await refuse({})).toMatchObject({ code: 'EVALUATION_RUNNING', detail: expect.stringContaining(id) });
  });
});

type Running = AsyncDisposable & { readonly host: Host; readonly url: string };

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

async function ask({ url }: Pick<Running, 'url'>, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'x-bulkhead-tenant': 'acme',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] }; // Tests look at what is inside.
}

/** Asks for an upgrade of `acme` on evidence, and answers the evaluation's id. */
async function upgrade(running: Running, plugin: string, guard: object): Promise<string> {
  const path = `/api/v1/plugins/${plugin}/upgrade`;
  const { status, body } = await ask(running, 'POST', path, { version: '2.0.0', gate: 'guard', guard });
  expect({ status, body }).toEqual({ status: 202, body: { evaluation_id: expect.any(String) } });
  return String(body['evaluation_id']);
}

async function read(running: Running, id: string): Promise<EvaluationWithReport> {
  const { body } = await ask(running, 'GET', `/api/v1/evaluations/${id}`);
  return body as unknown as EvaluationWithReport; // By the route's schema.
}

async function wearOut(host: Host, plugin: string, tenants: readonly string[]): Promise<void> {
  for (const tenant of tenants) await host.registrations.configure(plugin, { worn: true }, { tenant });
}

function endOf(running: Running, id: string): Promise<EvaluationWithReport> {
  return until(
    () => read(running, id),
    ({ state }) => isEvaluationEnd(state),
    PATIENCE_MS,
  );
}

function current({ host }: Running, plugin: string): string | undefined {
  return host.registrations.releases(plugin, { tenant: 'acme' }).current;
}

function moved(host: Host, plugin: string, tenants: readonly string[]): number {
  return tenants.filter((tenant) => host.registrations.releases(plugin, { tenant }).current === '2.0.0').length;
}

type Clients = AsyncDisposable & {
  /** Resolves once so many calls were answered. */
  readonly served: (count: number) => Promise<unknown>;
  /** Stops, and answers how calls failed that should not have, and what was answered wrongly. */
  readonly failures: () => Promise<readonly unknown[]>;
  readonly versions: () => readonly string[];
};

/** Clients that call `add` again and again, four at once, and judge every answer. */
function openClients(host: Host, plugin: string, tenants: readonly string[] = ['acme']): Clients {
  const failures: unknown[] = [];
  const versions = new Set<string>();
  let answered = 0;
  let isStopped = false;

  function judge(outcome: Outcome, sum: number): void {
    answered += 1;
    versions.add(outcome.call.version ?? 'none');
    if (!outcome.ok) failures.push(outcome.error);
    else if (outcome.value !== sum) failures.push({ expected: sum, value: outcome.value });
  }

  async function client(first: number): Promise<void> {
    for (let number = first; !isStopped; number += 1) {
      const [a, b] = [number % 1_000, (number * 7) % 1_000];
      const tenant = tenants[number % tenants.length] ?? 'acme';
      judge(await host.call({ plugin, tool: 'add', params: { a, b }, tenant }), a + b);
    }
  }

  const running = Promise.all([1, 2, 3, 4].map(client));
  const stop = async (): Promise<void> => {
    isStopped = true;
    await running;
  };
  return {
    served: (count) =>
      until(
        () => answered,
        (number) => number >= count,
        PATIENCE_MS,
      ),
    failures: async () => {
      await stop();
      return failures;
    },
    versions: () => [...versions].toSorted((a, b) => a.localeCompare(b)),
    [Symbol.asyncDispose]: stop,
  };
}
