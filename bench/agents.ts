/**
 * Question: what does a step of an agent's run cost beyond the same step of the AI SDK's own loop?
 *
 * Workload: a scripted model asks ten times for a sum and then answers. The bare loop is `streamText` in the server's process with the
 * tenant's model and tools as they are, so that model and tools run in their sandboxes in both; the run is `POST /v1/agents/runs`,
 * stored on PGlite at each step. Rounds alternate.
 *
 * Budget: at most 3 ms a step at p50 over the bare loop with the same model. About 30 s.
 */
import { createAiModel, createAiTools } from '@bulkhead/host/ai-sdk';
import type { JsonValue } from '@bulkhead/protocol';
import { stepCountIs, streamText } from 'ai';
import { fileURLToPath } from 'node:url';
import { atMost, report, say, told, type Figure } from './lib/figures.ts';
import { median, spreadPercent } from './lib/statistics.ts';
import { CALCULATOR, openToolServer } from './server/tool-server.ts';

const TOOL_STEPS = 10;
const STEPS = TOOL_STEPS + 1;
const ROUNDS = 60;
const WARM_UP_ROUNDS = 10;
const BOUND_MS = 3;

say('measuring runs of agents');
report('a step of an agent', await measure());

async function measure(): Promise<readonly Figure[]> {
  const plugins = [CALCULATOR, fileURLToPath(new URL('../plugins/llm_mock', import.meta.url))];
  await using server = await openToolServer({ engine: 'pglite', plugins });
  const { tenant, token } = await server.addTenant('agents', ['calculator']);
  await server.host.registrations.enable('llm_mock', { tenant, config: { answers: script() } });
  const body = JSON.stringify({ prompt: 'go', backend: 'mock' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const run = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/agents/runs`, { method: 'POST', headers, body });
    const { value } = (await response.json()) as { readonly value: { readonly steps: readonly unknown[] } };
    insist(value.steps.length);
  };
  const bare = async (): Promise<void> => {
    const model = createAiModel(server.host, { tenant, backend: 'mock' });
    const { stream, steps } = streamText({
      ...{ model, tools: createAiTools(server.host, { tenant }), prompt: 'go', maxRetries: 0 },
      stopWhen: stepCountIs(STEPS + 1),
    });
    for await (const part of stream) void part;
    insist((await steps).length);
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) for (const each of [run, bare]) await each();
  const took = { run: [] as number[], bare: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    took.bare.push(await time(bare));
    took.run.push(await time(run));
  }
  const beyond = took.run.map((ms, round) => (ms - (took.bare[round] ?? Number.NaN)) / STEPS);
  return [
    told('bare_step_p50', median(took.bare) / STEPS, 'ms'),
    told('run_step_p50', median(took.run) / STEPS, 'ms'),
    atMost('step_overhead_p50', median(beyond), { unit: 'ms', bound: BOUND_MS }),
    told('run_spread', spreadPercent(took.run), '%'),
  ];
}

function script(): JsonValue {
  const asks = Array.from({ length: TOOL_STEPS }, (_, index) => ({
    ...{ turn: index + 1, text: '', tool_calls: [{ name: 'calculator__add', arguments: { a: index, b: 1 } }] },
  }));
  return [...asks, { turn: STEPS, text: 'Done.' }];
}

function insist(steps: number): void {
  if (steps !== STEPS) throw new Error(`the run had ${steps} steps; expected ${STEPS}`);
}

async function time(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
