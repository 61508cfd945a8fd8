/**
 * Question: how long after a file is saved does `bulkhead dev` answer by what was saved?
 *
 * Workload: a TypeScript plugin of 20 modules in a temporary folder, served by `bulkhead dev DIR --json` in a process of its
 * own. Each sample writes one module and, as soon as the event `loaded` comes, calls the tool over HTTP; the time is from
 * before the write to the answer, which must be the new one. Saves lie 200 to 600 ms apart, as those of somebody who types.
 *
 * Budget: p50 at most 300 ms. About 40 s.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { atMost, report, told } from './lib/figures.ts';
import { median, quantile, spreadPercent } from './lib/statistics.ts';

const ROUNDS = 60;
const WARM_UP_ROUNDS = 3;
const MODULES = 20;
const BOUND_MS = 300;
const PAUSE_MS = 200;
const PAUSE_SPREAD_MS = 400;
const CLI = fileURLToPath(new URL('../packages/cli/bin/bulkhead.js', import.meta.url));

type Event = { readonly event: string; readonly took_ms?: number; readonly url?: string; readonly token?: string };

const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-dev-'));
await writePlugin();
const child = spawn(process.execPath, ['--conditions=source', CLI, 'dev', folder, '--json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  await measure(createEvents(child));
} finally {
  child.kill('SIGTERM');
  await once(child, 'exit');
  await rm(folder, { recursive: true, force: true });
}

async function measure(next: (event: string) => Promise<Event>): Promise<void> {
  const ready = await next('ready');
  await next('loaded');
  const served: number[] = [];
  const loads: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    const value = round + WARM_UP_ROUNDS + 1;
    const startedAt = performance.now();
    await writeFile(join(folder, 'module-7.ts'), moduleText(7, value));
    const loaded = await next('loaded');
    await insistOn(ready, value);
    const milliseconds = performance.now() - startedAt;
    if (round >= 0) {
      served.push(milliseconds);
      loads.push(loaded.took_ms ?? Number.NaN);
    }
    await delay(PAUSE_MS + Math.random() * PAUSE_SPREAD_MS);
  }
  report('from save to served by `bulkhead dev`, in ms', [
    atMost('save_to_served_p50', median(served), { unit: 'ms', bound: BOUND_MS }),
    told('save_to_served_p95', quantile(served, 0.95), 'ms'),
    told('save_to_served_spread', spreadPercent(served), '%'),
    told('load_p50', median(loads), 'ms'),
    told('load_p95', quantile(loads, 0.95), 'ms'),
  ]);
}

async function insistOn({ url, token }: Event, value: number): Promise<void> {
  const response = await fetch(`${url}/v1/tools/bench_dev/sum/call`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{"params":{}}',
  });
  const outcome = (await response.json()) as { readonly value?: unknown };
  const expected = (MODULES * (MODULES - 1)) / 2 - 7 + value;
  if (outcome.value !== expected) throw new Error(`expected ${expected}, got ${JSON.stringify(outcome)}`);
}

async function writePlugin(): Promise<void> {
  const names = Array.from({ length: MODULES }, (_, at) => at);
  const imports = names.map((at) => `import { value as v${at} } from './module-${at}.ts';`).join('\n');
  const sum = names.map((at) => `v${at}`).join(' + ');
  const tool = `{ name: 'sum', description: 'Sums.', parameters: { type: 'object' }, execute: () => ${sum} }`;
  const manifest = { name: 'bench_dev', version: '1.0.0', description: 'Sums.', author: 'bench', main: 'main.ts' };
  await writeFile(join(folder, 'plugin.json'), JSON.stringify(manifest));
  for (const at of names) await writeFile(join(folder, `module-${at}.ts`), moduleText(at, at));
  await writeFile(join(folder, 'main.ts'), `${imports}\nexport default { tools: [${tool}] };\n`);
}

function moduleText(at: number, value: number): string {
  return `/** Module ${at}. */\nexport const value: number = ${value};\n\nexport function unused(text: string): string {\n  return text.trim();\n}\n`;
}

/** Waits for events in their order; others are passed over. */
function createEvents({ stdout }: ChildProcess): (event: string) => Promise<Event> {
  if (stdout === null) throw new Error('the command line has no standard output');
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  return async (wanted) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the command line ended before "${wanted}"`);
      const event = JSON.parse(value) as Event; // Its form is tested.
      if (event.event === 'failed') throw new Error(value);
      if (event.event === wanted) return event;
    }
  };
}
