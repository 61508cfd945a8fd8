/**
 * kill -9 of a whole server, again and again, amid everything that it keeps: what it acknowledged is there when it is back,
 * nothing is there by half, and nothing of it stays behind (DESIGN 1, promises 6 and 7).
 */
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '@bulkhead/store';
import { ENGINES, openTestServer } from '@bulkhead/store/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openScratch } from '../support/scratch.ts';
import { judge, judgeEarlier } from './killed-server/judge.ts';
import { beginLife, callAgain, liveUntilKilled, type Life } from './killed-server/life.ts';
import { VERSIONS, writePlugins } from './killed-server/plugins.ts';
import { startServer, type KilledServer, type Place, type Served } from './killed-server/served.ts';

vi.setConfig({ testTimeout: 7_200_000, hookTimeout: 120_000 });

/** How often to kill; `BULKHEAD_TEST_KILLS=200 npx vitest run test/chaos/server-killed.test.ts` for a long run. */
const KILLS = Number(process.env['BULKHEAD_TEST_KILLS'] ?? 4);
/** Killed so long after its tenant was made, in turn. */
const LIVES_MS = [400, 90, 700, 220, 50, 1_100, 330];
/** Every so often it is killed while it starts, so long after it was spawned. */
const STARTS_EVERY = 4;
const STARTS_MS = [350, 900, 150, 600, 1_300];

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe.each(ENGINES)('a server on %s that is killed again and again', (engine) => {
  const cleanup = new AsyncDisposableStack();
  let place: Place;
  beforeAll(async () => {
    const scratch = cleanup.use(await openScratch('server-killed'));
    const url = engine === 'postgres' ? await cleanup.use(await openTestServer()).createDatabase() : undefined;
    place = { data: join(scratch.path, 'data'), plugins: join(scratch.path, 'plugins'), url };
    for (const version of VERSIONS) {
      await writePlugins(place.plugins, version);
      const storing = startServer(place);
      await insistOnReady(storing);
      await storing.stop();
    }
  });
  afterAll(() => cleanup.disposeAsync());

  test('loses nothing that it acknowledged, keeps nothing by half, and leaves nothing behind', async () => {
    let earlier: Life | undefined;
    let remains: KilledServer = { alive: [], folders: [] };
    for (let kill = 0; kill < KILLS; kill += 1) {
      if (kill % STARTS_EVERY === STARTS_EVERY - 1) {
        const starting = startServer(place);
        await pause(STARTS_MS[Math.floor(kill / STARTS_EVERY) % STARTS_MS.length]);
        const left = await starting.kill();
        expect(left.alive).toEqual([]);
        remains = { alive: [], folders: [...remains.folders, ...left.folders] };
      }
      const served = startServer(place);
      const url = await insistOnReady(served);
      await expectGone(remains);
      if (earlier !== undefined) await expectAnswered(url, earlier);
      const life = await beginLife(url, `life ${kill}`);
      const living = liveUntilKilled(url, life);
      await Promise.race([living, pause(LIVES_MS[kill % LIVES_MS.length])]);
      life.isOver = true;
      const killedAt = performance.now();
      remains = await served.kill();
      await living;
      expect(remains.alive).toEqual([]);
      expect(await judgeLeft(place, life, killedAt)).toEqual([]);
      earlier = life;
    }
    const last = startServer(place);
    await expectAnswered(await insistOnReady(last), earlier);
    await expectGone(remains);
    await last.stop();
  });
});

async function insistOnReady(served: Served): Promise<string> {
  const ready = await served.ready;
  if (ready === undefined) throw new Error(`the server ended before it was ready: ${served.stderr()}`);
  return ready.url;
}

/** What a killed server could not remove the next one has. */
async function expectGone({ folders }: KilledServer): Promise<void> {
  for (const { path } of folders) expect([path, await exists(path)]).toEqual([path, false]);
}

/** A key of a call that was answered is told the same again; one of a call that was cut off has an end. */
async function expectAnswered(url: string, life: Life | undefined): Promise<void> {
  if (life === undefined) return;
  const keyed = life.calls.filter(({ key }) => key !== undefined);
  const unanswered = keyed.filter(({ outcome }) => outcome === undefined);
  for (const call of keyed.filter(({ outcome }) => outcome !== undefined).slice(-ANSWERED_AGAIN)) {
    expect(await callAgain(url, life, call)).toEqual(call.outcome);
  }
  for (const call of unanswered) {
    const outcome = await callAgain(url, life, call);
    expect(outcome.ok ? 'ok' : outcome.error.code).toMatch(/^(?:ok|HOST_CLOSED)$/);
  }
}

const ANSWERED_AGAIN = 4;

async function judgeLeft({ data, url }: Place, life: Life, killedAt: number): Promise<readonly string[]> {
  const node = await readFile(join(data, 'node'), 'utf8');
  const storage = await openStore({ url, dataDir: data, log: { warn: () => undefined } });
  try {
    return [...(await judge(storage, life, killedAt)), ...(await judgeEarlier(storage, node.trim(), life))];
  } finally {
    await storage.close();
  }
}
