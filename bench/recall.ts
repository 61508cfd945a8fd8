/**
 * Question: how long does a plugin wait for what it looks for in a full memory?
 *
 * Workload: on each database a plugin that has 10,000 artifacts for its tenant, of some 200 bytes and three of 40 tags each, asks
 * 300 times from within calls: for two words, for a tag, for a word that nothing holds (so that all are read), and for the
 * newest. Times are the plugin's own, with the way to the host and back.
 *
 * Budget: p95 of each kind at most 20 ms on PostgreSQL; PGlite is told. About a minute, most of it to fill the memories.
 */
import { createHost, type Host, type Storage, type StoredMemory } from '@bulkhead/host';
import { openStore } from '@bulkhead/store';
import { openTestServer } from '@bulkhead/store/testing';
import { createLog } from '@bulkhead/server';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, report, say, told, type Figure } from './lib/figures.ts';
import { quantile } from './lib/statistics.ts';
import { ENGINES } from './server/tool-server.ts';

const ARTIFACTS = 10_000;
const AT_ONCE = 50;
const ROUNDS = 300;
const OWNER = { tenant_id: 'default', plugin_name: 'recall' };
const WORDS = [
  'rain',
  'sun',
  'wind',
  'train',
  'station',
  'garden',
  'letter',
  'coffee',
  'river',
  'market',
  'music',
  'winter',
];
const CODE = `const kinds = {
  words: (memory, n) => memory.query('rain station ' + (n % 10)),
  tag: (memory, n) => memory.query('', { tags: ['tag-' + (n % 40)] }),
  absent: (memory) => memory.query('nowhere'),
  newest: (memory) => memory.query(),
};
export default { tools: [{ name: 'ask', description: 'Asks.', parameters: { type: 'object' },
  async execute({ kind, rounds }, { memory }) {
    const times = [];
    for (let n = 0; n < rounds; n += 1) {
      const from = performance.now();
      await kinds[kind](memory, n);
      times.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 10)); // A fast machine would ask more often than a plugin may.
    }
    return times;
  } }] };
`;

await using cleanup = new AsyncDisposableStack();
const root = await mkdtemp(join(tmpdir(), 'bulkhead-recall-'));
cleanup.defer(() => rm(root, { recursive: true, force: true }));
const plugin = join(root, 'recall');
await mkdir(plugin);
const manifest = { name: 'recall', version: '1.0.0', description: 'Asks.', author: 'Bench', main: 'main.js' };
await writeFile(join(plugin, 'plugin.json'), JSON.stringify(manifest));
await writeFile(join(plugin, 'main.js'), CODE);
const figures: Figure[] = [];
for (const engine of ENGINES) figures.push(...(await measure(engine)));
report('looking for what a plugin remembers', figures);

async function measure(engine: (typeof ENGINES)[number]): Promise<readonly Figure[]> {
  await using opened = new AsyncDisposableStack();
  const url = engine === 'postgres' ? await opened.use(await openTestServer()).createDatabase() : undefined;
  const dataDir = join(root, engine);
  await mkdir(dataDir, { mode: 0o700 });
  const log = createLog('error', openSync('/dev/null', 'w'));
  const storage = await openStore({ url, dataDir, log });
  const host = opened.use(await createHost({ storage, log }));
  await host.install(plugin);
  say(`${engine}: remembering ${ARTIFACTS}`);
  await fill(storage);
  const measured: Figure[] = [];
  for (const kind of ['words', 'tag', 'absent', 'newest']) {
    await timesOf(host, kind);
    const p95 = quantile(await timesOf(host, kind), 0.95);
    const name = `${engine}_${kind}_p95`;
    measured.push(engine === 'postgres' ? atMost(name, p95, { unit: 'ms', bound: 20 }) : told(name, p95, 'ms'));
  }
  return measured;
}

async function timesOf(host: Host, kind: string): Promise<readonly number[]> {
  const outcome = await host.call({ plugin: 'recall', tool: 'ask', params: { kind, rounds: ROUNDS } });
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value as readonly number[]; // The plugin above.
}

async function fill(storage: Storage): Promise<void> {
  for (let from = 0; from < ARTIFACTS; from += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, index) => from + index);
    await Promise.all(numbers.map((number) => storage.addMemory(OWNER, artifact(number))));
  }
}

function artifact(number: number): StoredMemory {
  const words = Array.from({ length: 30 }, (_, index) => WORDS[(number * 7 + index * index) % WORDS.length]);
  const text = `${words.join(' ')} ${number}`;
  const tags = [0, 13, 27].map((step) => `tag-${(number + step) % 40}`);
  return {
    id: `018f0000-0000-7000-8000-${String(number).padStart(12, '0')}`,
    content: text,
    source: 'bench',
    timestamp: new Date(1_700_000_000_000 + number * 1_000).toISOString(),
    tags,
    confidence: (number % 100) / 100,
    related_artifacts: [],
    search_text: [text, ...tags].join('\n'),
  };
}
