/**
 * Question: what do the registrations of others cost a tenant that lists plugins and tools, or calls one?
 *
 * Workload: two servers in this process, on PGlite, with the same 100 plugins. One has a tenant with 10 registrations beside
 * the built-in tenant's; the other 1,000 such tenants, with 10,000 registrations over the 100 plugins. A client in a process of
 * its own asks each in turn for `GET /api/v1/plugins` and for `GET /v1/tools` with the token of one tenant.
 *
 * Budget: p95 of both lists at most 3 times that of the small server; for 4,000 calls not one read of the catalogue beyond the
 * look for changes that the first call of each half second begins (ADR 8); a call's p50 at most 1.5 times. About three minutes, most of it to install and register.
 */
import { assertOk } from './lib/host.ts';
import { atMost, report, say, told, type Figure } from './lib/figures.ts';
import { rssMb } from './lib/processes.ts';
import { median } from './lib/statistics.ts';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient } from './server/run-client.ts';
import { openToolServer, requestOf, type BenchTenant, type ToolServer } from './server/tool-server.ts';

const PLUGINS = 100;
const TENANTS = 1_000;
const EACH = 10;
const ROUNDS = { connections: 1, rounds: 11, milliseconds: 400 };
const CALLS = 2_000;
const LOOK_EVERY_MS = 500;
const CODE = `export default { tools: [
  { name: 'add', description: 'Adds.', parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
    execute: ({ a, b }) => a + b },
] };
`;

await using cleanup = new AsyncDisposableStack();
const root = await mkdtemp(join(tmpdir(), 'bulkhead-registrations-'));
cleanup.defer(() => rm(root, { recursive: true, force: true }));
const names = Array.from({ length: PLUGINS }, (_, index) => `plugin-${index}`);
const asked = new Map<string, number>();
say(`installing ${PLUGINS} plugins`);
await installAll(join(root, 'few'));
await cp(join(root, 'few'), join(root, 'many'), { recursive: true });
const few = await openOn('few');
const many = await openOn('many');
say(`registering ${TENANTS * EACH}`);
const tenantOfFew = await few.addTenant('tenant 0', pluginsOf(0));
const tenantOfMany = await many.addTenant('tenant 0', pluginsOf(0));
for (let tenant = 1; tenant < TENANTS; tenant += 1) await many.addTenant(`tenant ${tenant}`, pluginsOf(tenant));
report('registrations of others', await toFigures());

/** Each plugin is of as many tenants as any other. */
function pluginsOf(tenant: number): readonly string[] {
  return Array.from({ length: EACH }, (_, index) => names[(tenant * EACH + index) % PLUGINS] ?? '');
}

async function installAll(dataDir: string): Promise<void> {
  const folders = names.map((name) => join(root, 'plugins', name));
  for (const [index, folder] of folders.entries()) {
    await mkdir(folder, { recursive: true });
    const manifest = { name: names[index], version: '1.0.0', description: 'Adds.', author: 'Bench', main: 'main.js' };
    await writeFile(join(folder, 'plugin.json'), JSON.stringify(manifest));
    await writeFile(join(folder, 'main.js'), CODE);
  }
  await mkdir(dataDir, { mode: 0o700 });
  await using server = await openToolServer({ engine: 'pglite', dataDir, plugins: folders });
  if (server.host.plugins().length !== PLUGINS) throw new Error('not every plugin was installed');
}

async function openOn(name: 'few' | 'many'): Promise<ToolServer> {
  const didAsk = (method: string): void => void asked.set(method, (asked.get(method) ?? 0) + 1);
  const counting = name === 'many' ? { didAsk } : {};
  return cleanup.use(await openToolServer({ engine: 'pglite', dataDir: join(root, name), plugins: [], ...counting }));
}

async function toFigures(): Promise<readonly Figure[]> {
  const lists = await timesOf('/api/v1/plugins');
  const tools = await timesOf('/v1/tools');
  const callFew = callerOf(few, tenantOfFew);
  const callMany = callerOf(many, tenantOfMany);
  await callTimes(callFew, callMany);
  asked.clear();
  const from = performance.now();
  const { fewMs, manyMs } = await callTimes(callFew, callMany);
  const looks = Math.ceil((performance.now() - from) / LOOK_EVERY_MS);
  // The ledger and what is done now and then behind calls go on; what a call resolves is in memory.
  const reads = (asked.get('readCatalogue') ?? 0) + (asked.get('readSteps') ?? 0) + (asked.get('commit') ?? 0);
  return [
    atMost('plugins_p95_over_few', lists.many / lists.few, { unit: 'ratio', bound: 3 }),
    atMost('tools_p95_over_few', tools.many / tools.few, { unit: 'ratio', bound: 3 }),
    atMost('catalogue_reads_of_calls', Math.max(0, reads - looks), { unit: 'reads', bound: 0 }),
    atMost('call_p50_over_few', manyMs / fewMs, { unit: 'ratio', bound: 1.5 }),
    told('plugins_p95_few', lists.few, 'ms'),
    told('plugins_p95_many', lists.many, 'ms'),
    told('tools_p95_few', tools.few, 'ms'),
    told('tools_p95_many', tools.many, 'ms'),
    told('call_p50_few', fewMs, 'ms'),
    told('call_p50_many', manyMs, 'ms'),
    told('server_rss', rssMb(), 'MB'),
  ];
}

/** Medians over the rounds of the p95 of each. */
async function timesOf(path: string): Promise<{ readonly few: number; readonly many: number }> {
  const targets = [
    { port: few.port, request: requestOf(path, tenantOfFew.token) },
    { port: many.port, request: requestOf(path, tenantOfMany.token) },
  ];
  const rounds = await runClient({ targets, ...ROUNDS });
  const of = (index: number): number => median(rounds.map((round) => round[index]?.p95 ?? Number.NaN));
  return { few: of(0), many: of(1) };
}

/** Calls that come and go by themselves; what they took in milliseconds. */
function callerOf({ host }: ToolServer, { tenant }: BenchTenant): () => Promise<number> {
  const call = { plugin: names[0] ?? '', tool: 'add', params: { a: 1, b: 2 }, tenant };
  return async () => {
    const from = performance.now();
    assertOk(await host.call(call));
    return performance.now() - from;
  };
}

/** In turn: the same call takes a third where the scheduler puts its guest beside the host, and it changes its mind by the minute. */
async function callTimes(
  callFew: () => Promise<number>,
  callMany: () => Promise<number>,
): Promise<{ readonly fewMs: number; readonly manyMs: number }> {
  const [ofFew, ofMany]: [number[], number[]] = [[], []];
  for (let count = 0; count < CALLS; count += 1) {
    ofFew.push(await callFew());
    ofMany.push(await callMany());
  }
  return { fewMs: median(ofFew), manyMs: median(ofMany) };
}
