/**
 * Every hook asked by real runs of an agent with a scripted model: in its order, refusing, changing, dying, late, and switched off.
 * Asked to go, the model has 2 and 3 added, and then says 7; where the messages are looked at, it says what it was told.
 */
import type { AgentRun, CallError, HookName, HookOptions, JsonValue } from '@bulkhead/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startAgentServer, type AgentServer, type Script } from './agents.fixture.ts';

let server: AgentServer;
const installed: string[] = [];

beforeAll(async () => {
  server = await startAgentServer();
});
afterEach(async () => {
  for (const name of installed.splice(0)) await server.host.uninstall(name);
});
afterAll(() => server[Symbol.asyncDispose]());

const ADDS: Script = [
  { turn: 1, text: 'I add.', tool_calls: [{ name: 'calculator__add', arguments: { a: 2, b: 3 } }] },
  { turn: 2, text: '7' },
];
const ECHOES: Script = [];

type Point = {
  readonly hook: HookName;
  readonly script: Script;
  /** A hook that appends its digit to what it may change. */
  readonly changes: (digit: number) => string;
  /** What hooks made of a run, as the digits that they appended. */
  readonly digitsOf: (run: AgentRun) => string;
  /** A hook that changes it to what it may not be. */
  readonly spoils: string;
};

const POINTS: readonly (readonly [id: string, Point])[] = [
  [
    'F003-21',
    {
      hook: 'before_agent_run',
      script: ECHOES,
      changes: (digit) =>
        `return { ...data, messages: [{ role: 'user', content: data.messages[0].content + '${digit}' }] };`,
      digitsOf: ({ text }) => text.replace('go', ''),
      spoils: "return { ...data, messages: 'none' };",
    },
  ],
  [
    'F003-22',
    {
      hook: 'after_agent_run',
      script: ADDS,
      changes: (digit) => `return { ...data, text: data.text + '${digit}' };`,
      digitsOf: ({ text }) => text.replace('7', ''),
      spoils: 'return { ...data, text: 7 };',
    },
  ],
  [
    'F003-23',
    {
      hook: 'before_tool_call',
      script: ADDS,
      changes: (digit) => `return { ...data, params: { ...data.params, b: data.params.b * 10 + ${digit} } };`,
      digitsOf: (run) => String(resultOf(run) - 2).slice(1),
      spoils: "return { ...data, params: { a: 'two' } };",
    },
  ],
  [
    'F003-24',
    {
      hook: 'after_tool_call',
      script: ADDS,
      changes: (digit) => `return { ...data, value: { result: data.value.result * 10 + ${digit} } };`,
      digitsOf: (run) => String(resultOf(run)).slice(1),
      spoils: "return { ...data, value: { result: 'five' } };",
    },
  ],
  [
    'F003-26',
    {
      hook: 'on_reasoning_step',
      script: ADDS,
      changes: (digit) =>
        `const [call] = data.tool_calls;
         if (call) return { ...data, tool_calls: [{ ...call, arguments: { a: call.arguments.a * 10 + ${digit}, b: 3 } }] };`,
      digitsOf: (run) => JSON.stringify(run.steps[0]?.tool_calls[0]?.params['a']).slice(1),
      spoils: "return { ...data, tool_calls: [{ id: 'c9', name: 'vault__open', arguments: {} }] };",
    },
  ],
];

function resultOf({ steps }: AgentRun): number {
  const call = steps[0]?.tool_calls[0];
  return call?.state === 'ok' ? (call.value as { readonly result: number }).result : Number.NaN;
}

type Hooked = { readonly options?: Partial<HookOptions>; readonly grant?: readonly string[]; readonly tenant?: string };

/** Installs a plugin that does something at one point, under a name for this test alone. */
async function hook(name: string, [point, body]: readonly [HookName, string], hooked: Hooked = {}): Promise<void> {
  const { options: hook_options = {}, ...rest } = hooked;
  installed.push(name);
  const main = `export default { hooks: { async ${point}(data, context) { ${body} } } };`;
  await server.install(name, main, { manifest: { hooks: [point], hook_options }, ...rest });
}

/** How the model's first tool ended, or the whole run where it did not come so far. */
async function run({
  script,
}: Pick<Point, 'script'>): Promise<{ readonly run: AgentRun; readonly error: Told | undefined }> {
  await server.script(script);
  const answer = await server.run({ prompt: 'go' });
  const stored = answer.run ?? (await server.host.agents.get({ id: answer.call.call_id }));
  const call = stored.steps[0]?.tool_calls[0];
  return { run: stored, error: answer.error ?? (call?.state === 'failed' ? call.error : undefined) };
}

type Told = Pick<CallError, 'code' | 'kind' | 'message'>;

/** How often a plugin's functions ran. */
function runsOf(plugin: string): number {
  return server.host.health(plugin)?.success_count ?? 0;
}

const GATE = { grant: ['gate'] };
const DIES = 'process.exit(1);';
const HANGS = 'for (;;);';
const SOON = { timeout_ms: 300 };

describe.each(POINTS)('[%s]', (_, point) => {
  const { hook: name, changes, digitsOf, spoils } = point;
  const isAfter = name.startsWith('after');

  test(`${name} is asked by priority, then global before tenant, then as registered${isAfter ? ', and unwound' : ''}`, async () => {
    await hook('of_tenant', [name, changes(4)], { tenant: 'default' });
    await hook('second', [name, changes(2)]);
    await hook('third', [name, changes(3)]);
    await hook('early', [name, changes(1)], { options: { priority: -1 } });
    expect(digitsOf((await run(point)).run)).toBe(isAfter ? '4321' : '1234');
  });

  test(`${name} ${isAfter ? 'can refuse nothing that has happened' : 'refuses with its reason, and what it guards does not happen'}`, async () => {
    await hook('warden', [name, "return { veto: 'not today' };"], GATE);
    const [models, sums] = [runsOf('llm_mock'), runsOf('calculator')];
    const { run: ended, error } = await run(point);
    if (isAfter) return expect({ status: ended.status, error }).toEqual({ status: 'completed', error: undefined });
    const message = 'the hook of plugin "warden" refused the call: not today';
    expect(error).toMatchObject({ kind: 'denied', code: 'HOOK_VETOED', message });
    expect(runsOf('calculator')).toBe(sums);
    expect(runsOf('llm_mock') - models).toBe({ before_agent_run: 0, on_reasoning_step: 1 }[name as string] ?? 2);
    expect(ended.status).toBe(name === 'before_tool_call' ? 'completed' : 'failed');
  });

  test(`${name} changes nothing to what it may not be`, async () => {
    await hook('spoiler', [name, spoils]);
    const { run: ended, error } = await run(point);
    expect({ digits: digitsOf(ended), status: ended.status, error }).toEqual({
      digits: '',
      status: 'completed',
      error: undefined,
    });
  });

  test(`${name} of a plugin that dies is no end of the run, unless it is a gate`, async () => {
    await hook('clumsy', [name, DIES]);
    await hook('sound', [name, changes(1)]);
    const unhurt = await run(point);
    expect({ digits: digitsOf(unhurt.run), error: unhurt.error }).toEqual({ digits: '1', error: undefined });
    if (isAfter) return;
    await hook('warden', [name, DIES], GATE);
    const { error } = await run(point);
    expect(error).toMatchObject({ kind: 'denied', code: 'HOOK_FAILED' });
    expect(error?.message).toContain('the gate hook of plugin "warden" failed');
  });

  test(`${name} that is late is ended, and the run goes on, unless it is a gate`, async () => {
    await hook('slow', [name, HANGS], { options: SOON });
    await hook('sound', [name, changes(1)]);
    const unhurt = await run(point);
    expect({ digits: digitsOf(unhurt.run), error: unhurt.error }).toEqual({ digits: '1', error: undefined });
    if (isAfter) return;
    await hook('warden', [name, HANGS], { ...GATE, options: SOON });
    const { error } = await run(point);
    expect(error).toMatchObject({ code: 'HOOK_FAILED' });
    expect(error?.message).toContain('300 ms');
  });

  test(`${name} of a plugin that the tenant has disabled is not asked`, async () => {
    await hook('off', [name, changes(1)], { tenant: 'default' });
    expect(digitsOf((await run(point)).run)).toBe('1');
    await server.host.registrations.disable('off');
    expect(digitsOf((await run(point)).run)).toBe('');
  });
});

describe('[F003-25]', () => {
  const FAILS: Script = [
    { turn: 1, text: '', tool_calls: [{ name: 'calculator__divide', arguments: { a: 1, b: 0 } }] },
    { turn: 2, fail: { message: 'no such model', status: 404 } },
  ];
  const NOTES = 'seen.push([data.tool ?? null, data.error.code]);';

  /** Installs a plugin that hears of errors and can be asked what it heard. */
  async function listen(name: string, body = '', hook_options = {}): Promise<() => Promise<JsonValue>> {
    installed.push(name);
    const tool = `{ name: 'seen', description: 'What it heard.', parameters: { type: 'object' }, execute: () => seen }`;
    const main = `const seen = []; export default { hooks: { async on_error(data) { ${body} ${NOTES} } }, tools: [${tool}] };`;
    await server.install(name, main, { manifest: { hooks: ['on_error'], hook_options }, tenant: 'default' });
    return async () => {
      const outcome = await server.host.call({ plugin: name, tool: 'seen' });
      return outcome.ok ? outcome.value : outcome.error.code;
    };
  }

  const refused = { kind: 'tool_error', code: 'PROVIDER_REFUSED' };

  test('on_error is told to all who listen: of the tool that failed, then of the run', async () => {
    const heard = [await listen('one'), await listen('two')];
    const { run: ended } = await run({ script: FAILS });
    expect(ended).toMatchObject({ status: 'failed', error: refused });
    for (const each of heard)
      await expect.poll(each).toEqual([
        ['divide', 'TOOL_REPORTED_ERROR'],
        [null, 'PROVIDER_REFUSED'],
      ]);
  });

  test.each([
    ['refuses', "return { veto: 'no' };"],
    ['changes what it was told', 'data.error.code = "NONE"; return data;'],
    ['dies', DIES],
    ['is late', HANGS],
  ])('on_error that %s changes nothing', async (_, body) => {
    await listen('odd', body, SOON);
    const { run: ended } = await run({ script: FAILS });
    expect(ended).toMatchObject({ status: 'failed', error: refused, steps: [{ tool_calls: [{ state: 'failed' }] }] });
  });

  test('on_error is not told to a plugin that is disabled', async () => {
    const heard = await listen('off');
    await server.host.registrations.disable('off');
    await run({ script: FAILS });
    await server.host.registrations.enable('off');
    expect(await heard()).toEqual([]);
  });
});

test('on_reasoning_step is told of each step what was said, and of tools that were asked for', async () => {
  await hook('watch', [
    'on_reasoning_step',
    'context.logger.info(JSON.stringify([data.step, data.text, data.tool_calls.length]));',
  ]);
  await run({ script: ADDS });
  const { lines } = server.host.logs.read('watch', { tenant: 'default', linesMax: 10 });
  expect(lines.map(({ text }) => text)).toEqual(expect.arrayContaining(['[1,"I add.",1]', '[2,"7",0]']));
});
