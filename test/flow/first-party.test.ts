/**
 * The first-party plugins, in the strongest sandbox of this machine, as `npm start` installs them.
 */
import { createHost, type Host } from '@bulkhead/host';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let host: Host;

beforeAll(async () => {
  host = await createHost({ isStrict: true });
  await host.installAll(resolve(import.meta.dirname, '../../plugins'));
});

afterAll(() => host.close());

test('all four styles are loaded, healthy where they say so, and offer their tools [F003-40]', () => {
  expect(host.plugins().map(({ name, state }) => [name, state])).toEqual([
    ['calculator', 'INITIALIZED'],
    ['evaluate', 'INITIALIZED'],
    ['execute', 'INITIALIZED'],
    ['greeter', 'INITIALIZED'],
    ['llm_anthropic', 'INITIALIZED'],
    ['llm_mock', 'INITIALIZED'],
    ['llm_openai_compatible', 'INITIALIZED'],
    ['llm_openrouter', 'INITIALIZED'],
    ['memory_analyzer', 'INITIALIZED'],
    ['patch_mutator', 'INITIALIZED'],
    ['pattern_recognizer', 'INITIALIZED'],
    ['render', 'INITIALIZED'],
    ['system_diagnostics', 'INITIALIZED'],
    ['text_tools', 'INITIALIZED'],
    ['units', 'INITIALIZED'],
  ]);
  expect(host.refused()).toEqual([]);
  expect(host.health('greeter')).toMatchObject({ health: 'healthy' });
  expect(host.tools().map((tool) => `${tool.plugin}.${tool.name}`)).toContain('calculator.add');
});

test('the calculator calculates [F003-40][X003-9][decision 18]', async () => {
  const outcome = await host.call({ plugin: 'calculator', tool: 'add', params: { a: 2, b: 3 } });
  expect(outcome).toMatchObject({
    ok: true,
    value: { result: 5 },
    call: { metadata: { operation: 'add', operands: [2, 3] } },
  });
});

/** Input that each plugin must survive: of the wrong shape, and of the right shape but impossible. */
const BAD_INPUT = [
  ['calculator', 'divide', { a: 1, b: 0 }, 'tool_error'],
  ['calculator', 'add', { a: 'one', b: null }, 'invalid_input'],
  ['greeter', 'greet', { name: { nested: ['x'.repeat(10_000)] } }, 'tool_error'],
  ['text_tools', 'truncate', { text: 'x', max_characters: -1 }, 'invalid_input'],
  ['units', 'convert', { value: 1, from: 'm', to: 'kg' }, 'tool_error'],
] as const;

test.each(BAD_INPUT)(
  '%s.%s never crashes the server: bad input is not ok, and everybody else is served [F001-40]',
  async (plugin, tool, params, kind) => {
    const outcome = await host.call({ plugin, tool, params });
    expect(outcome).toMatchObject({ ok: false, error: { kind } });
    expect(await host.call({ plugin: 'units', tool: 'list_units', params: {} })).toMatchObject({ ok: true });
    expect(host.plugins()).toHaveLength(15);
  },
);

test('what works in the background does nothing, and refuses with the cure, until it is granted what it asks for', async () => {
  for (const [plugin, tool] of [
    ['memory_analyzer', 'analyze_memory'],
    ['system_diagnostics', 'diagnose'],
  ] as const) {
    expect(await host.call({ plugin, tool, params: {} })).toMatchObject({
      ok: false,
      error: { kind: 'denied', code: 'PERMISSION_NOT_GRANTED', hint: expect.stringContaining('threads') as string },
    });
    const { instances } = await host.debug(plugin, { tenant: 'default', isPlatform: true });
    expect(instances).toEqual([]);
  }
});

test('an outcome says whether, what, why, of which kind and how long [X001-5]', async () => {
  const good = await host.call({ plugin: 'units', tool: 'list_units', params: {} });
  expect(good).toMatchObject({ ok: true, call: { duration_ms: expect.any(Number) as number } });
  const bad = await host.call({ plugin: 'calculator', tool: 'divide', params: { a: 1, b: 0 } });
  expect(bad).toMatchObject({
    ok: false,
    error: {
      kind: 'tool_error',
      code: 'TOOL_REPORTED_ERROR',
      message: 'Division by zero',
      hint: expect.any(String) as string,
    },
    call: { duration_ms: expect.any(Number) as number },
  });
});
