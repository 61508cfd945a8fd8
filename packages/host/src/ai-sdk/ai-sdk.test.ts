/**
 * The AI SDK's own loop over a real host: a backend in its sandbox asks for tools, which run in theirs.
 */
import { hash } from 'node:crypto';
import { stepCountIs, generateText, streamText, type ModelMessage } from 'ai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from '../host.fixture.ts';
import type { Host } from '../host-api.ts';
import { createAiModel, createAiTools } from './index.ts';

let host: Host;
let folders: PluginFolders;

/** A model that asks for a sum, tells what it was, and shows what it was asked. */
const MODEL = `
import { LLMBackend, ProviderError } from '@bulkhead/sdk';
export class Model extends LLMBackend {
  async *generate(prompt: string, options: any) {
    const { messages, tools = [] } = options;
    const last = messages.at(-1);
    if (last.content === 'refuse') throw new ProviderError('no such model', { status: 404 });
    if (last.content === 'wait') { yield 'wait'; await new Promise(() => {}); }
    yield { reasoning: 'It is a sum.' };
    if (last.role === 'tool') {
      yield { text: 'The sum is ' };
      yield { text: (last.is_error ? 'unknown: ' : '') + last.content, usage: { input_tokens: 7, output_tokens: 3 } };
      return;
    }
    if (last.content === 'show') { yield JSON.stringify(options); return; }
    const name = last.content === 'fail' ? 'sums__fail' : 'sums__add';
    yield { text: 'I add.', tool_calls: [{ id: 'c1', name, arguments: { a: 20, b: 22 } }] };
    yield { usage: { input_tokens: 5, output_tokens: 2 }, finish_reason: 'tool_calls', model: 'scripted' };
  }
}`;

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost();
  const schema =
    "{ type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, required: ['a', 'b'] }";
  const tools = toolsSource(
    { add: 'return params.a + params.b;', fail: "throw new Error('no numbers here');" },
    { add: schema },
  );
  await host.install(await folders.write('sums', tools));
  await host.install(
    await folders.write('model', MODEL, { entry_points: { llm_backends: { model: './main.ts#Model' } } }),
  );
});

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

const ask = (prompt: string | ModelMessage[], more: object = {}) =>
  generateText({
    model: createAiModel(host),
    tools: createAiTools(host),
    stopWhen: stepCountIs(5),
    prompt,
    ...more,
  });

test('the loop of the AI SDK calls a tenant’s tools by a tenant’s model', async () => {
  const result = await ask('add');
  expect(result.text).toBe('The sum is 42');
  expect(result.steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
  expect(result.steps[0]).toMatchObject({
    text: 'I add.',
    reasoningText: 'It is a sum.',
    toolResults: [{ toolName: 'sums__add', input: { a: 20, b: 22 }, output: 42 }],
    response: { modelId: 'scripted' },
  });
  expect(result.usage).toMatchObject({ inputTokens: 12, outputTokens: 5 });
});

test('a tool that fails is told to the model with message and hint', async () => {
  const { text } = await ask('fail');
  expect(text).toContain('The sum is unknown: ToolCallError: Error: no numbers here. Fix the plugin');
});

test('a stream has text, thoughts and calls in their order, as they come', async () => {
  const { stream } = streamText({
    model: createAiModel(host),
    tools: createAiTools(host),
    stopWhen: stepCountIs(5),
    prompt: 'add',
  });
  const kinds: string[] = [];
  let text = '';
  for await (const part of stream) {
    kinds.push(part.type);
    if (part.type === 'text-delta') text += part.text;
  }
  expect(text).toBe('I add.The sum is 42');
  const first = kinds.slice(0, kinds.indexOf('finish-step')).filter((kind) => !kind.includes('metadata'));
  expect(first).toEqual([
    'start',
    'start-step',
    'reasoning-start',
    'reasoning-delta',
    'reasoning-end',
    'text-start',
    'text-delta',
    'text-end',
    'tool-call',
    'tool-result',
  ]);
});

test('what the provider refuses is an error that nobody tries again', async () => {
  const refused = ask('refuse');
  await expect(refused).rejects.toThrow('no such model (PROVIDER_REFUSED)');
  await expect(refused).rejects.toMatchObject({ isRetryable: false });
});

const isRunning = (): boolean => host.health('model')?.state === 'RUNNING';

test('who stops reading, or aborts, cancels the request', async () => {
  const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'wait' }] }];
  const { stream } = await createAiModel(host).doStream({ prompt });
  const reader = stream.getReader();
  for (let part = await reader.read(); part.value?.type !== 'text-delta'; part = await reader.read());
  expect(isRunning()).toBe(true);
  await reader.cancel();
  await expect.poll(isRunning).toBe(false);
  const abort = new AbortController();
  const asked = ask('wait', { abortSignal: abort.signal });
  await expect.poll(isRunning).toBe(true);
  abort.abort();
  await expect(asked).rejects.toThrow('abort');
  await expect.poll(isRunning).toBe(false);
});

test('a backend is given the chat, the tools and the settings that it heeds; the others are warned of', async () => {
  const settings = { temperature: 0.5, maxOutputTokens: 9, seed: 1, stopSequences: ['x'], topP: 0.1 };
  const { text, warnings } = await ask(
    [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: [{ type: 'text', text: 'hi' }] },
      { role: 'user', content: [{ type: 'text', text: 'show' }] },
    ],
    { instructions: 'be kind', ...settings },
  );
  expect(JSON.parse(text)).toEqual({
    messages: [
      { role: 'system', content: 'be kind' },
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'hi' },
      { role: 'user', content: 'show' },
    ],
    tools: ['add', 'fail'].map((name) => ({
      name: `sums__${name}`,
      description: name,
      parameters: expect.objectContaining({ type: 'object' }) as object,
    })),
    tool_choice: 'auto',
    max_tokens: 9,
    temperature: 0.5,
    stop: ['x'],
    seed: 1,
  });
  expect(warnings).toMatchObject([{ type: 'unsupported', feature: 'topP' }]);
});

test('of a choice of one tool a backend is given that one, as required', async () => {
  const inputSchema = { type: 'object' } as const;
  const tools = ['a', 'b'].map((name) => ({ type: 'function' as const, name, description: name, inputSchema }));
  const { content } = await createAiModel(host).doGenerate({
    prompt: [{ role: 'user', content: [{ type: 'text', text: 'show' }] }],
    toolChoice: { type: 'tool', toolName: 'b' },
    tools,
  });
  const [, shown] = content;
  expect(shown?.type === 'text' && JSON.parse(shown.text)).toMatchObject({
    tools: [{ name: 'b' }],
    tool_choice: 'required',
  });
});

test('a file in a prompt is refused before any backend is asked', async () => {
  const file = { type: 'file', mediaType: 'image/png', data: new Uint8Array([1]) } as const;
  await expect(ask([{ role: 'user', content: [file] }])).rejects.toThrow('asked with text alone');
});

test('tools are the tenant’s, of the plugins that were named, under names that models take', async () => {
  const long = 'a'.repeat(60);
  await host.install(await folders.write(long, toolsSource({ tool_of_it: 'return 1;' })), { tenant: 'acme' });
  expect(Object.keys(createAiTools(host, { tenant: 'acme' }))).toEqual([
    `${'a'.repeat(55)}_${hash('sha256', `${long}__tool_of_it`, 'hex').slice(0, 8)}`,
    'sums__add',
    'sums__fail',
  ]);
  expect(Object.keys(createAiTools(host, { plugins: ['none'] }))).toEqual([]);
});
