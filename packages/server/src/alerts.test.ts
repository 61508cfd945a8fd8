import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createMemoryTaskQueue } from '@bulkhead/host';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY, startServer } from './server-fixture.ts';

const FILE = join(REPOSITORY, 'docs/alerts.yml');
/** Told by the process of a worker, and not by a server. */
const WORKER_SERIES = ['worker_exit_reason_total'];

type Rule = { readonly alert: string; readonly expr: string; readonly for?: string; readonly annotations: object };

async function readRules(): Promise<readonly Rule[]> {
  const document = parse(await readFile(FILE, 'utf8')) as { readonly groups: readonly { readonly rules: Rule[] }[] };
  return document.groups.flatMap(({ rules }) => rules);
}

/** Words of an expression that are names of series: neither functions, nor labels, nor durations. */
function seriesOf(expr: string): readonly string[] {
  const bare = expr.replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '');
  return [...bare.matchAll(/[a-z_]\w*(?!\w*\s*\()/g)].map(([name]) => name);
}

test('every series that an alert looks at is told by a server or a worker, and each has its threshold [X000-30]', async () => {
  const tasks = createMemoryTaskQueue();
  await using started = await startServer({ tasks });
  const page = await (await fetch(`${started.url}/metrics`)).text();
  const told = [...page.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [`${name}_count`, `${name}_sum`, `${name}_bucket`] : [name],
  );
  const rules = await readRules();
  for (const { alert, expr } of rules) {
    const names = seriesOf(expr);
    expect([alert, names.length]).toEqual([alert, expect.toSatisfy((count: number) => count > 0)]);
    for (const name of names) expect([...told, ...WORKER_SERIES]).toContain(name);
  }
  const thresholds = rules.map(({ alert, expr, for: held }) => [alert, /> ([\d.]+)$/.exec(expr.trim())?.[1], held]);
  expect(thresholds).toEqual([
    ['ExecuteTasksPending', '50', '10m'],
    ['TasksUnschedulable', '0', '10m'],
    ['WorkersExitWithError', '5', undefined],
    ['PatchMutatorFails', '0.1', undefined],
    ['TaskResultsLost', '0', undefined],
    ['DeadLetters', '0', '1m'],
  ]);
  await tasks.close();
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

// APPROVED: Prometheus is no package of npm; where `promtool` of Debian's package `prometheus` is on the PATH, it is asked.
test.skipIf(!hasPromtool)(
  'promtool takes the rules (skipped only where there is no promtool on the PATH)',
  async () => {
    const { stdout } = await promisify(execFile)('promtool', ['check', 'rules', FILE]);
    expect(stdout).toContain('SUCCESS: 6 rules found');
  },
);
