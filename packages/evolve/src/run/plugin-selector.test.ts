/**
 * Selectors of plugins in their sandbox (F000-21 to F000-25): they choose, learn, and may answer whatever they like.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { coded } from '../coded.fixture.ts';
import { evolve } from '../loop/evolve.ts';
import { BLIND, counting, START } from '../loop/evolve.fixture.ts';
import { createMemoryJournal } from '../loop/journal.ts';
import type { ParentChooser } from '../loop/parent-chooser.ts';
import { createPluginSelector } from './plugin-selector.ts';

const SOURCE = `import { ParentSelector } from '@bulkhead/sdk';
let gains = 0;
export class Fastest extends ParentSelector {
  select(db) {
    if (this.config.answers === 'stranger') return { id: 'f'.repeat(32), source: 'x', generation: 0, speed_ms: 0, memory_kb: 0, parents: [] };
    if (this.config.answers === 'nothing') return null;
    if (this.config.answers === 'throws') throw new Error('no program is good enough');
    return db.islands.map(({ champion }) => champion).sort((a, b) => a.speed_ms - b.speed_ms)[0];
  }
  sampleInspirations(db, k) {
    if (this.config.answers === 'others') return ['export const evil = 1;', 7, null];
    return db.islands.slice(0, k).map(({ champion }) => champion.source);
  }
  feedback(gain) { gains += gain; }
}
export default { tools: [{ name: 'gains', description: 'What was learnt.', parameters: { type: 'object' }, execute: () => gains }] };
`;
const CONFIG = {
  ...{ evolve: { evaluations: 24, seed: 3, window: 2, workers: 2 }, selector: { 'steady/fastest': {} } },
  archive: { descriptors: [{ name: 'length', step: 40 }] },
};

let host: Host;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-test-selector-'));
  const dir = join(folder, 'steady');
  await mkdir(dir);
  await writeFile(join(dir, 'main.ts'), SOURCE);
  const manifest = {
    ...{ name: 'steady', version: '1.0.0', description: 'Chooses.', author: 'Tests', limits: { instances: 1 } },
    entry_points: { parent_selectors: { fastest: './main.ts#Fastest' } },
    config_schema: { type: 'object' },
  };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
  host = await createHost({ spareCount: 0, tierMax: 'process' });
  await host.install(dir);
});
afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

const selector = (): ParentChooser => createPluginSelector({ host, plugin: 'steady', name: 'fastest' });

async function configured(answers: string): Promise<void> {
  await host.registrations.enable('steady', { config: { answers } });
}

test('a selector of a plugin chooses parents, is told gains, and a search with it has one lineage [F000-21] [F000-22]', async () => {
  await configured('well');
  const journal = createMemoryJournal();
  const parts = { proposer: BLIND, evaluator: counting(), chooser: selector() };
  const report = await evolve({ config: CONFIG, start: START }, { ...parts, journal });
  expect(report.best.score).toBeGreaterThan(1);
  expect(await host.call({ plugin: 'steady', tool: 'gains' })).toMatchObject({ value: expect.any(Number) });
  const silent: ParentChooser = {
    choose: async () => {
      throw new Error('asked again');
    },
    feedback: async () => undefined,
  };
  const again = await evolve({ config: CONFIG, start: START }, { ...parts, chooser: silent, journal });
  expect(again.lineage_hash).toBe(report.lineage_hash);
});

test.each([
  ['stranger', 'expected a program of the database'],
  ['nothing', 'select answered null'],
  ['throws', 'no program is good enough'],
])('one that answers with %s ends the search, and says which selector it was', async (answers, message) => {
  await configured(answers);
  const running = evolve(
    { config: CONFIG, start: START },
    { proposer: BLIND, evaluator: counting(), chooser: selector() },
  );
  await expect(running).rejects.toThrow(coded('SELECTOR_FAILED', message));
});

test('sources that it was not shown are never put into a prompt', async () => {
  await configured('others');
  const shown: string[] = [];
  const proposer: typeof BLIND = {
    propose: (request, signal) => {
      shown.push(...request.inspirations);
      return BLIND.propose(request, signal);
    },
  };
  const report = await evolve(
    { config: CONFIG, start: START },
    { proposer, evaluator: counting(), chooser: selector() },
  );
  expect(report.evaluations).toBe(24);
  expect(shown).toEqual([]);
});

test('without the plugin it is said what is missing, before anything is proposed [F000-23]', async () => {
  const running = evolve({ config: CONFIG, start: START }, { proposer: BLIND, evaluator: counting() });
  await expect(running).rejects.toThrow(coded('EVOLVE_INVALID', 'install the plugin'));
});
