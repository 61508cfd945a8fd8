/**
 * Question: what do hooks add to a tool call over HTTP?
 *
 * Workload: `POST /v1/tools/calculator/add/call` on one connection, for four tenants of one server on PGlite: without hooks, with one
 * hook that observes, with three gates that only veto, with three hooks that change data. Rounds alternate between the four.
 *
 * Budget, of the p50 without hooks: one observer at most 1.3 times, three gates 1.8, three that change 2.5. About 40 s.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HookMode } from '@bulkhead/protocol';
import { assertOk } from './lib/host.ts';
import { atMost, report, say, told, type Figure } from './lib/figures.ts';
import { median, spreadPercent } from './lib/statistics.ts';
import { runClient } from './server/run-client.ts';
import { CALCULATOR, openToolServer, requestOf, type ToolServer } from './server/tool-server.ts';

const WARM_UP_CALLS = 3_000;
const ROUNDS = 20;
const ROUND_MS = 400;
const PARAMS = { a: 20, b: 22 };

/** Plugins of a tenant with hooks, by mode. */
const KINDS: readonly {
  readonly name: string;
  readonly mode: HookMode;
  readonly count: number;
  readonly bound: number;
}[] = [
  { name: 'observer', mode: 'observe', count: 1, bound: 1.3 },
  { name: 'gate', mode: 'gate', count: 3, bound: 1.8 },
  { name: 'changer', mode: 'change', count: 3, bound: 2.5 },
];

const CODE: Readonly<Record<HookMode, string>> = {
  observe: 'let calls = 0; export default { hooks: { before_tool_call() { calls += 1; } } };',
  gate: "export default { hooks: { before_tool_call(data) { return data.params.a > 1e6 ? { veto: 'too much' } : undefined; } } };",
  change:
    'export default { hooks: { before_tool_call(data) { return { ...data, params: { ...data.params, b: data.params.b + 1 } }; } } };',
};

const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-hooks-'));
try {
  say('measuring hooks');
  report('hooks around a tool call', await measure());
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measure(): Promise<readonly Figure[]> {
  const plugins = new Map<string, readonly string[]>();
  for (const { name, mode, count } of KINDS) {
    const names = Array.from({ length: count }, (_, index) => `${name}_${index + 1}`);
    for (const each of names) await writePlugin(each, mode);
    plugins.set(name, names);
  }
  const folders = [...plugins.values()].flat().map((name) => join(folder, name));
  await using server = await openToolServer({ engine: 'pglite', plugins: [CALCULATOR, ...folders] });
  const targets = [await targetOf(server, 'none', [])];
  for (const { name } of KINDS) targets.push(await targetOf(server, name, plugins.get(name) ?? []));
  const rounds = await runClient({ targets, connections: 1, rounds: ROUNDS, warmUpRounds: 3, milliseconds: ROUND_MS });
  const p50 = (round: (typeof rounds)[number], index: number): number => round[index]?.p50 ?? Number.NaN;
  return [
    told('p50_without', median(rounds.map((round) => p50(round, 0))), 'ms'),
    ...KINDS.flatMap(({ name, count, bound }, at) => {
      const ratios = rounds.map((round) => p50(round, at + 1) / p50(round, 0));
      return [
        atMost(`${name}s_${count}_over_none`, median(ratios), { unit: 'ratio', bound }),
        told(`${name}s_${count}_spread`, spreadPercent(ratios), '%'),
      ];
    }),
  ];
}

async function writePlugin(name: string, mode: HookMode): Promise<void> {
  await mkdir(join(folder, name));
  const options = { hooks: ['before_tool_call'], hook_options: { modes: { before_tool_call: mode } } };
  const asked = mode === 'gate' ? { required_permissions: ['gate'] } : {};
  const manifest = {
    name,
    version: '1.0.0',
    description: 'Hooks.',
    author: 'Bench',
    main: 'main.js',
    ...options,
    ...asked,
  };
  await writeFile(join(folder, name, 'plugin.json'), JSON.stringify(manifest));
  await writeFile(join(folder, name, 'main.js'), CODE[mode]);
}

async function targetOf(server: ToolServer, name: string, hooks: readonly string[]) {
  const { tenant, token } = await server.addTenant(name, ['calculator']);
  for (const plugin of hooks) {
    const grant = plugin.startsWith('gate') ? ['gate'] : [];
    await server.host.registrations.enable(plugin, { tenant, grant });
  }
  const call = { plugin: 'calculator', tool: 'add', params: PARAMS, tenant };
  for (let count = 0; count < WARM_UP_CALLS; count += 1) assertOk(await server.host.call(call));
  return { port: server.port, request: requestOf('/v1/tools/calculator/add/call', token, { params: PARAMS }) };
}
