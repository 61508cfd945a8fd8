import type { TaskQueue } from '@bulkhead/host';
import fc from 'fast-check';
import { sql } from 'kysely';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase, type Database, type DatabasePlace } from '../engine/database.ts';
import { migrateUp } from '../migrate.ts';
import { ENGINES, openTestServer, startPostgres } from '../testing/index.ts';
import { openTaskQueue } from './open-task-queue.ts';
import { claimOf, createTestTime, findAstray, idOf, newTasks, openEmptyQueue, resultOf } from './task-queue.fixture.ts';
import type { QueueTime } from './tasks.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** No wait of it ever ends by itself: what goes on has been woken. */
const NEVER: QueueTime = { aheadMs: () => 0, startTimer: () => () => undefined };

/** How often a worker is killed. */
const KILLS = Number(process.env['BULKHEAD_TEST_KILLS'] ?? 3);

describe.each(ENGINES)('the queue of tasks on %s', (engine) => {
  const cleanup = new AsyncDisposableStack();
  const queues: TaskQueue[] = [];
  let place: DatabasePlace;
  let database: Database;

  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'bulkhead-tasks-test-'));
    cleanup.defer(() => rm(dir, { recursive: true }));
    if (engine === 'pglite') place = { kind: 'directory', dir };
    else place = { kind: 'server', url: await cleanup.use(await openTestServer()).createDatabase() };
    database = await openDatabase(place);
    cleanup.defer(() => database.close());
    await migrateUp(database);
  });
  afterAll(() => cleanup.disposeAsync());
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close()));
  });

  const openEmpty = async (time: QueueTime = NEVER): Promise<TaskQueue> => {
    const queue = await openEmptyQueue(database, time);
    queues.push(queue);
    return queue;
  };

  /** On PGlite the files are the worker's alone while it lives. */
  const startWorker = async (verb: string): Promise<ChildProcess> => {
    if (engine === 'pglite') await database.close();
    const child = fork(new URL('worker.fixture.ts', import.meta.url), [verb, JSON.stringify(place), 'killed'], {
      execArgv: ['--conditions=source'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  };

  const openAgain = async (): Promise<TaskQueue> => {
    if (engine === 'pglite') database = await openDatabase(place);
    const queue = await openTaskQueue(database);
    queues.push(queue);
    return queue;
  };

  test('of two completions of one lease at once one is kept, and exactly one result [X000-9]', async () => {
    const queue = await openEmpty();
    const other = await openTaskQueue(database);
    queues.push(other);
    for (let round = 0; round < 20; round += 1) {
      await queue.enqueue(newTasks([round]));
      const lease = await queue.claim(claimOf());
      if (lease === undefined) throw new Error('no task was given');
      const results = [resultOf(lease, 'ok', { by: 0 }), resultOf(lease, 'ok', { by: 1 }), resultOf(lease, 'error')];
      const answers = await Promise.all(
        results.map((result, index) => (index === 1 ? other : queue).complete(lease.lease, result)),
      );
      expect(answers.toSorted()).toEqual(['held', 'lost', 'lost']);
      expect((await queue.get(idOf(round)))?.result).toEqual(results[answers.indexOf('held')]);
    }
    expect(await findAstray(database)).toEqual([]);
  });

  test('whoever asks again because it heard no answer is told that its result was kept', async () => {
    const queue = await openEmpty();
    await queue.enqueue(newTasks([1]));
    const lease = await queue.claim(claimOf());
    if (lease === undefined) throw new Error('no task was given');
    expect(await queue.complete(lease.lease, resultOf(lease, 'ok', { score: 1 }))).toBe('held');
    expect(await queue.complete(lease.lease, resultOf(lease, 'ok', { score: 1 }))).toBe('held');
    expect(await queue.complete(lease.lease, resultOf(lease, 'ok', { score: 2 }))).toBe('lost');
  });

  test('a task of a worker that is killed is given to another, its attempts unchanged [X000-10]', async () => {
    await (await openEmpty()).enqueue(newTasks([1, 2]));
    await queues.splice(0)[0]?.close();
    const child = await startWorker('hold');
    expect(await once(child, 'message')).toEqual([`claimed ${idOf(1)}`, undefined]);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const queue = await openAgain();
    // The lease is of a second, which may not be over.
    await expect.poll(() => queue.reclaim(), { timeout: 20_000 }).toBe(1);
    const lease = await queue.claim(claimOf({ worker_id: 'w2' }));
    expect(lease?.task).toMatchObject({ id: idOf(1), attempts: 0 });
    expect(await findAstray(database)).toEqual([]);
  });

  test('a worker that is killed again and again loses no task and no result, and does none twice', async () => {
    const numbers = Array.from({ length: 200 }, (_, number) => number);
    await (await openEmpty()).enqueue(newTasks(numbers));
    await queues.splice(0)[0]?.close();
    const acknowledged = new Set<string>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const child = await startWorker('work');
      child.on('message', (said: string) => said.startsWith('completed') && acknowledged.add(said.slice(10)));
      const before = acknowledged.size;
      await expect.poll(() => acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(before + kill);
      child.kill('SIGKILL');
      await once(child, 'exit');
      if (engine === 'pglite') database = await openDatabase(place);
    }
    if (engine === 'pglite') await database.close();
    const queue = await openAgain();
    for (const id of acknowledged) expect((await queue.get(id))?.result?.data).toEqual({ by: 'killed' });
    const { rows } = await sql<{ id: string }>`select id from queued_tasks where state = 'done'`.execute(database.db);
    // One may have been kept without a word of it, with each kill.
    expect(rows.length - acknowledged.size).toBeLessThanOrEqual(KILLS);
    const done = new Set(rows.map(({ id }) => id));
    await vi.waitUntil(
      async () => {
        await queue.reclaim();
        for (let lease = await queue.claim(claimOf()); lease; lease = await queue.claim(claimOf())) {
          expect(done.has(lease.task.id)).toBe(false);
          done.add(lease.task.id);
          await queue.complete(lease.lease, resultOf(lease, 'ok'));
        }
        return done.size === numbers.length;
      },
      { timeout: 30_000, interval: 100 },
    );
    expect(await findAstray(database)).toEqual([]);
  });

  test('nothing keeps a process alive whose queue has been closed', async () => {
    await (await openEmpty()).enqueue([]);
    await queues.splice(0)[0]?.close();
    const child = await startWorker('leave');
    const [said, ended] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
    expect(said[0]).toBe('refused');
    expect(ended).toEqual([0, null]);
    if (engine === 'pglite') database = await openDatabase(place);
  });

  test('who waits asks the database again after five seconds, and never sooner, unless it is woken', async () => {
    const delays: number[] = [];
    const time = createTestTime();
    const startTimer: QueueTime['startTimer'] = (delayMs, run) => {
      delays.push(delayMs);
      return time.startTimer(delayMs, run);
    };
    const queue = await openEmpty({ aheadMs: time.aheadMs, startTimer });
    const giveUp = new AbortController();
    const waiting = queue.claim(claimOf({ wait_ms: 60_000, signal: giveUp.signal }));
    for (let sweep = 1; sweep <= 3; sweep += 1) {
      await expect.poll(() => delays.length).toBe(sweep);
      time.advance(5_000);
    }
    giveUp.abort();
    expect(await waiting).toBeUndefined();
    for (const delayMs of delays) expect(delayMs).toBeGreaterThan(4_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(5_000);
  });

  test('text that jsonb refuses comes back as it was', async () => {
    const queue = await openEmpty();
    const payload = { 'a\0b': ['\0', '\uD800', '"\\', 1e300, { ü: null }] };
    await queue.enqueue(newTasks([1], { payload }));
    const lease = await queue.claim(claimOf({ worker_id: 'w\0' }));
    if (lease === undefined) throw new Error('no task was given');
    expect(lease.task.payload).toEqual(payload);
    await queue.complete(lease.lease, resultOf(lease, 'error', { ...payload, message: 'it\0broke' }));
    expect(await queue.get(idOf(1))).toMatchObject({
      state: 'dead',
      reason: 'it\uFFFDbroke',
      result: { data: payload },
    });
  });

  test('a result of more than 64 KiB is kept by its digest, is held again by whoever heard no answer, and goes with its task', async () => {
    const queue = await openEmpty();
    await queue.enqueue(newTasks([1, 2]));
    const artifacts = async (): Promise<readonly unknown[]> =>
      (
        await sql`select digest, octet_length(result::text) > 65536 as is_whole from task_artifacts`.execute(
          database.db,
        )
      ).rows;
    for (const [number, text] of [
      [1, 'x'.repeat(70_000)],
      [2, 'x'.repeat(60_000)],
    ] as const) {
      const lease = await queue.claim(claimOf());
      if (lease === undefined) throw new Error('no task was given');
      const result = resultOf(lease, 'ok', { text });
      for (let again = 0; again < 2; again += 1) expect(await queue.complete(lease.lease, result)).toBe('held');
      expect(await queue.complete(lease.lease, resultOf(lease, 'ok', { text: `${text}y` }))).toBe('lost');
      expect((await queue.get(idOf(number)))?.result).toEqual(result);
    }
    expect(await artifacts()).toEqual([{ digest: expect.stringMatching(/^[0-9a-f]{64}$/), is_whole: true }]);
    await queue.prune({ ended: '2999-01-01T00:00:00Z', dead: '2999-01-01T00:00:00Z' });
    expect(await artifacts()).toEqual([]);
  });

  test('a result of more than 1 MiB is refused, and the lease goes on', async () => {
    const queue = await openEmpty();
    await queue.enqueue(newTasks([1]));
    const lease = await queue.claim(claimOf());
    if (lease === undefined) throw new Error('no task was given');
    const large = queue.complete(lease.lease, resultOf(lease, 'ok', { text: 'x'.repeat(2 ** 20) }));
    await expect(large).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await queue.complete(lease.lease, resultOf(lease, 'ok', { text: 'x'.repeat(2 ** 19) }))).toBe('held');
  });

  test('a deed is done with its line of the audit log, or not at all', async () => {
    const queue = await openEmpty();
    await queue.enqueue(newTasks([1, 2]));
    const lease = await queue.claim(claimOf());
    if (lease === undefined) throw new Error('no task was given');
    await queue.complete(lease.lease, resultOf(lease, 'error'));
    await database.db.deleteFrom('audit_head').execute();
    const by = { actor: 'token t1', at: '2026-01-01T12:00:00.000Z' };
    await expect(queue.cancel(idOf(2), by)).rejects.toThrow('no result');
    await expect(queue.retryDead({ ids: [idOf(1)] }, by)).rejects.toThrow('no result');
    expect(await queue.get(idOf(2))).toMatchObject({ state: 'queued' });
    expect(await queue.get(idOf(1))).toMatchObject({ state: 'dead', result: { status: 'error' } });
    expect(await findAstray(database)).toEqual([]);
  });

  test('a task whose job has gone astray is given all the same', async () => {
    const queue = await openEmpty();
    await queue.enqueue(newTasks([1, 2]));
    await sql`delete from pgboss.job where data->>'task_id' = ${idOf(1)}`.execute(database.db);
    await sql`update pgboss.job set state = 'active'`.execute(database.db);
    for (const number of [1, 2]) {
      const lease = await queue.claim(claimOf());
      if (lease === undefined) throw new Error('no task was given');
      expect(lease.task.id).toBe(idOf(number));
      expect(await queue.complete(lease.lease, resultOf(lease, 'ok'))).toBe('held');
    }
    expect(await findAstray(database)).toEqual([]);
  });

  test('whatever happens, each task has one job, where and as it has to be', async () => {
    const time = createTestTime();
    const queue = await openEmpty(time);
    const step = fc.constantFrom('claim', 'ok', 'again', 'never', 'skip', 'cancel', 'later', 'revive', 'beat');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        const base = Number((await queue.list({ rowsMax: 1 }))[0]?.task.id ?? 0);
        const ids = [1, 2, 3].map((number) => base + number);
        await queue.enqueue(newTasks(ids));
        const leases = [];
        for (const [index, what] of steps.entries()) {
          const lease = leases.at(index % (leases.length || 1));
          if (what === 'claim') leases.push(await queue.claim(claimOf({ worker_id: `w${index}`, lease_ms: 1_000 })));
          else if (what === 'cancel') await queue.cancel(idOf(ids[index % 3] ?? 0));
          else if (what === 'revive') await queue.retryDead({ kind: 'execute' });
          else if (what === 'later') time.advance(100_000);
          if (what === 'later') await queue.reclaim();
          if (lease === undefined) continue;
          if (what === 'beat') await queue.heartbeat(lease.lease, 1_000);
          if (what === 'ok' || what === 'skip') await queue.complete(lease.lease, resultOf(lease, what));
          if (what === 'again') await queue.complete(lease.lease, resultOf(lease, 'error', { retryable: true }));
          if (what === 'never') await queue.complete(lease.lease, resultOf(lease, 'error'));
        }
        expect(await findAstray(database)).toEqual([]);
      }),
      { numRuns: 15, seed: 7 },
    );
  });
});

describe('several queues on one server', () => {
  test('wake each other: who waits for a task, and who waits for its end', async () => {
    await using server = await openTestServer();
    const url = await server.createDatabase();
    await using ours = await openDatabase({ kind: 'server', url });
    await using theirs = await openDatabase({ kind: 'server', url });
    await migrateUp(ours);
    const [queue, other] = await Promise.all([
      openTaskQueue(ours, { time: NEVER }),
      openTaskQueue(theirs, { time: NEVER }),
    ]);
    for (let round = 0; round < 10; round += 1) {
      const coming = queue.claim(claimOf({ wait_ms: 600_000 }));
      await other.enqueue(newTasks([round]));
      const ending = other.waitFor(idOf(round), 600_000);
      const lease = await coming;
      if (lease === undefined) throw new Error('no task was given');
      await queue.complete(lease.lease, resultOf(lease, 'ok'));
      expect(await ending).toMatchObject({ state: 'done' });
    }
    await Promise.all([queue.close(), other.close()]);
  });

  test('are there again after the server was away, and have done nothing twice', async () => {
    await using server = await startPostgres();
    await using database = await openDatabase({ kind: 'server', url: server.url });
    await migrateUp(database);
    const queue = await openTaskQueue(database, { log: { warn: () => undefined } });
    await queue.enqueue(newTasks([1, 2]));
    const held = await queue.claim(claimOf());
    if (held === undefined) throw new Error('no task was given');
    const waiting = queue
      .claim(claimOf({ worker_id: 'w2', tags: [], wait_ms: 600_000 }))
      .catch((error: unknown) => error);
    await server.stop();
    const away = { code: 'STORAGE_UNAVAILABLE' };
    await expect(queue.enqueue(newTasks([3]))).rejects.toMatchObject(away);
    await expect(queue.claim(claimOf())).rejects.toMatchObject(away);
    await expect(queue.heartbeat(held.lease, 60_000)).rejects.toMatchObject(away);
    await expect(queue.complete(held.lease, resultOf(held, 'ok'))).rejects.toMatchObject(away);
    expect(await waiting).toMatchObject(away);
    await server.start();
    await vi.waitFor(() => queue.enqueue(newTasks([2, 3])), { timeout: 30_000 });
    expect(await queue.complete(held.lease, resultOf(held, 'ok'))).toBe('held');
    for (const number of [2, 3]) expect((await queue.claim(claimOf()))?.task.id).toBe(idOf(number));
    expect(await queue.claim(claimOf())).toBeUndefined();
    expect(await findAstray(database)).toEqual([]);
    await queue.close();
  });
});
