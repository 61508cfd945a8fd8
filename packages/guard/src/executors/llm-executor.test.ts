/**
 * Prompts through a whole host and the repository's own mock of a language model, in its sandbox: nothing but the network is made up.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject, JsonValue } from '@bulkhead/protocol';
import { createHost, type Host } from '@bulkhead/host';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRandom } from '../statistics/random.ts';
import { blamesExecutor } from './executor.ts';
import { createLlmExecutor, type LlmExecutorOptions } from './llm-executor.ts';

let host: Host;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'guard-prompts-'));
  host = await createHost({
    spareCount: 0,
    tierMax: 'process',
    llm: { backends: [{ name: 'mock', weight: 1, usdPerMillionTokens: { input: 1_000_000, output: 2_000_000 } }] },
  });
  await host.install(fileURLToPath(new URL('../../../../plugins/llm_mock', import.meta.url)), { tenant: 'default' });
});
afterAll(async () => {
  await host.close();
  await rm(dir, { recursive: true });
});

/** What the model answers; what it was told, where nothing is scripted. */
async function script(...answers: JsonObject[]): Promise<void> {
  await host.registrations.configure('llm_mock', { answers });
}

/** Leaves deadlines to the host. */
const never = () => () => undefined;

type Asking = {
  readonly args?: readonly JsonValue[];
  readonly model?: string;
  readonly timeoutS?: number;
  readonly signal?: AbortSignal;
};

function open(more: Partial<LlmExecutorOptions> = {}) {
  const waits: number[] = [];
  const startTimer = (delayMs: number, didElapse: () => void) => {
    // Waits between requests pass at once; deadlines are the host's.
    if (delayMs < 3_000) {
      waits.push(delayMs);
      queueMicrotask(didElapse);
    }
    return () => undefined;
  };
  const { generate } = host.llm;
  const executor = createLlmExecutor({ generate, clock: performance, startTimer, random: createRandom(1), ...more });
  return {
    waits,
    ask: (prompt: string, { args = [], model = '', timeoutS = 20, signal }: Asking = {}) =>
      executor.execute(prompt, model, args, timeoutS, 64, { signal }),
  };
}

test('a prompt is an implementation: its arguments are put in, and the answer is the result, with tokens and money [F002-7] [F002-17]', async () => {
  await script({ match: 'Add 2 and 3.', text: 'It is five.', usage: { input_tokens: 7, output_tokens: 4 } });
  expect(await open().ask('Add {{0}} and {{1}}.', { args: [2, 3] })).toEqual({
    success: true,
    result: 'It is five.',
    duration_ms: expect.any(Number),
    stdout: '',
    stderr: '',
    tokens_total: 11,
    cost_usd: 15,
  });
});

test('a path of a prompt file is read, and what names no file is the prompt itself [F002-7] [F002-17]', async () => {
  await script();
  const file = join(dir, 'prompt.md');
  await writeFile(file, 'From the file, {{name}}.');
  const args = [{ name: 'Ada' }];
  expect(await open().ask(file, { args })).toMatchObject({ result: 'From the file, Ada.' });
  expect(await open().ask(dir)).toMatchObject({ result: dir });
  expect(await open().ask(`${file}\n`)).toMatchObject({ result: `${file}\n` });
  expect(await open().ask(join(dir, 'none.md'))).toMatchObject({ result: join(dir, 'none.md') });
});

test('a file of more than 1 MiB is no prompt [F002-17]', async () => {
  await script();
  const file = join(dir, 'large.md');
  await writeFile(file, 'x'.repeat(1_048_577));
  expect(await open().ask(file)).toMatchObject({ result: file });
});

test('JSON is read where the prompt or the options want it, in a fence or without, and anything else is held against the prompt', async () => {
  await script(
    { match: 'fenced', text: 'Here:\n```json\n[1, 2]\n```' },
    { match: 'plain', text: '{"a": 1}' },
    { match: 'prose', text: 'one and two' },
  );
  const { ask } = open();
  expect(await ask('---\noutput: json\n---\nfenced')).toMatchObject({ result: [1, 2] });
  expect(await ask('plain')).toMatchObject({ result: '{"a": 1}' });
  expect(await open({ output: 'json' }).ask('plain')).toMatchObject({ result: { a: 1 } });
  expect(await open({ output: 'json' }).ask('---\noutput: text\n---\nplain')).toMatchObject({ result: '{"a": 1}' });
  const prose = await open({ output: 'json' }).ask('prose');
  expect(prose).toMatchObject({
    success: false,
    error_type: 'parse_error',
    error: 'the answer is "one and two"; expected JSON, or a block of it',
    tokens_total: expect.any(Number),
  });
  expect(blamesExecutor(prose.error_type)).toBe(false);
});

test('the function names the model, and options say how it answers', async () => {
  const asked: unknown[] = [];
  const generate: Host['llm']['generate'] = (request) => {
    asked.push(request.options, request.backend);
    return host.llm.generate(request);
  };
  const options = { generate, backend: 'mock', model: 'own', temperature: 0, maxTokens: 50, seed: 3 };
  await open(options).ask('a');
  await open(options).ask('a', { model: 'other' });
  await open({ generate }).ask('a');
  const rest = { temperature: 0, max_tokens: 50, seed: 3 };
  expect(asked).toEqual([{ model: 'own', ...rest }, 'mock', { model: 'other', ...rest }, 'mock', {}, undefined]);
});

test.for<[string, Partial<LlmExecutorOptions>, string, string]>([
  ['a', { backend: 'none' }, 'invalid_model', 'there is no backend "none"'],
  ['a', { temperature: 9 }, 'invalid_parameter', 'options'],
  ['a', { tenant: 'nobody at all' }, 'unavailable', ''],
  ['refuse', {}, 'unavailable', 'no such model'],
])(
  'what the host or a provider refuses blames no prompt: %s %j is %s [X002-12]',
  async ([prompt, more, type, message]) => {
    await script({ match: 'refuse', fail: { message: 'no such model', status: 404 } });
    const execution = await open(more).ask(prompt);
    expect(execution).toMatchObject({ success: false, error_type: type, error: expect.stringContaining(message) });
    expect(blamesExecutor(execution.error_type)).toBe(true);
  },
);

test('what is worth another try is tried three times more, after waits that double [X002-12]', async () => {
  let asked = 0;
  const busy =
    (until: number): Host['llm']['generate'] =>
    async (request) => {
      asked += 1;
      const outcome = await host.llm.generate({ ...request, backend: 'none' });
      if (outcome.ok || asked > until) return host.llm.generate(request);
      return { ...outcome, error: { ...outcome.error, code: 'LLM_UNAVAILABLE', kind: 'unavailable', retryable: true } };
    };
  await script();
  const twice = open({ generate: busy(2) });
  expect(await twice.ask('a')).toMatchObject({ success: true, result: 'a' });
  expect([asked, twice.waits.length]).toEqual([3, 2]);
  asked = 0;
  expect(await open({ generate: busy(2), startTimer: never }).ask('a', { timeoutS: 0.1 })).toMatchObject({
    error_type: 'unavailable',
  });
  expect(asked).toBe(1);
});

test('a model that is too slow is ended at the deadline, and one that is called off at once', async () => {
  await script({ match: 'slow', text: 'a', delay_ms: 30_000 });
  expect(await open({ startTimer: never }).ask('slow', { timeoutS: 0.3 })).toMatchObject({
    error_type: 'timeout',
    error_code: 'SANDBOX_TIMEOUT',
    error: 'the model did not answer within 0.3 s',
  });
  const controller = new AbortController();
  const asking = open().ask('slow', { signal: controller.signal });
  setImmediate(() => controller.abort());
  expect(await asking).toMatchObject({ error_type: 'cancelled' });
  expect(await open().ask('slow', { signal: AbortSignal.abort() })).toMatchObject({ error_type: 'cancelled' });
});

test('what hangs where the host should answer is given up after the deadline', async () => {
  const generate: Host['llm']['generate'] = () => Promise.withResolvers<never>().promise;
  const startTimer = (_delayMs: number, didElapse: () => void) => {
    queueMicrotask(didElapse);
    return () => undefined;
  };
  expect(await open({ generate, startTimer }).ask('a')).toMatchObject({ error_type: 'timeout' });
});
