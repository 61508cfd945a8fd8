import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

let host: Host;
let folders: PluginFolders;
const logged: object[] = [];
const log = {
  debug: (): void => undefined,
  info: (): void => undefined,
  warn: (fields: object): void => void logged.push(fields),
  error: (): void => undefined,
};

const WORKER = toolsSource(
  {
    double: 'return { value: params.n * 2 };',
    fail: "throw new TypeError('the file is not a PNG');",
    wrong: "return { value: 'text' };",
    tenant: 'return context.tenantId;',
    count: 'globalThis.calls = (globalThis.calls ?? 0) + 1; return globalThis.calls;',
    sleep: 'await new Promise((resolve) => setTimeout(resolve, params.ms)); return "slept";',
    exit: 'process.exit(3);',
  },
  { double: "{ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }" },
);

beforeAll(async () => {
  folders = await createPluginFolders();
  host = await openTestHost({ log });
  const returns = ", returns: { type: 'object', properties: { value: { type: 'number' } } }";
  const code = WORKER.replace("description: 'wrong'", `description: 'wrong'${returns}`);
  await host.install(await folders.write('worker', `${code}\nexport const add = (a: number, b: number) => a + b;`));
});

afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
});

test('a good call is an outcome with the value and what was measured [F001-12]', async () => {
  const outcome = await host.call({ plugin: 'worker', tool: 'double', params: { n: 21 } });
  expect(outcome).toMatchObject({
    ok: true,
    value: { value: 42 },
    call: { plugin: 'worker', target: 'double', tier: 'process' },
  });
  expect(outcome.call.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(outcome.call.duration_ms).toBeGreaterThan(0);
});

test('what a tool throws is a tool_error that names it, FAILED, and exactly one error [F001-13][F001-17][F001-36][decision 5]', async () => {
  const before = host.health('worker')?.error_count ?? 0;
  const outcome = await host.call({ plugin: 'worker', tool: 'fail', params: {} });
  expect(outcome).toMatchObject({
    ok: false,
    error: { kind: 'tool_error', code: 'PLUGIN_THREW', message: 'TypeError: the file is not a PNG' },
  });
  const health = host.health('worker');
  expect(health).toMatchObject({ state: 'FAILED', error_count: before + 1 });
  expect(health?.reason).toContain('the file is not a PNG');
});

test('the log says in the author’s own source lines where a plugin threw, and no body does', async () => {
  const code =
    toolsSource({ fail: 'return deep();' }) + "\n\nfunction deep(): never {\n  throw new Error('not a number');\n}\n";
  await host.install(await folders.write('mapped', code));
  const outcome = await host.call({ plugin: 'mapped', tool: 'fail' });
  expect(JSON.stringify(outcome)).not.toContain('main.ts');
  expect(logged).toContainEqual(
    expect.objectContaining({
      plugin: 'mapped',
      code: 'PLUGIN_THREW',
      stack: expect.stringMatching(/deep \(main\.ts:5:\d+\)/) as string,
    }),
  );
});

test('a good call after a failed one brings the plugin back and clears the reason', async () => {
  await host.call({ plugin: 'worker', tool: 'fail', params: {} });
  await host.call({ plugin: 'worker', tool: 'double', params: { n: 1 } });
  expect(host.health('worker')).toMatchObject({ state: 'INITIALIZED' });
  expect(host.health('worker')).not.toHaveProperty('reason');
});

test('parameters that do not fit never reach the plugin and change nothing but the metric [decision 15]', async () => {
  const before = host.health('worker');
  const outcome = await host.call({ plugin: 'worker', tool: 'double', params: { n: 'x' } });
  expect(outcome).toMatchObject({
    ok: false,
    error: { kind: 'invalid_input', code: 'PARAMS_INVALID', message: 'params: "/n" must be number' },
  });
  expect(host.health('worker')).toMatchObject({
    error_count: before?.error_count,
    success_count: before?.success_count,
  });
  expect(await host.metrics()).toMatch(/plugin_calls_total\{plugin="worker",outcome="invalid_input"\} [1-9]/);
});

test('a result that does not fit the declared schema is invalid_output', async () => {
  const outcome = await host.call({ plugin: 'worker', tool: 'wrong', params: {} });
  expect(outcome).toMatchObject({ ok: false, error: { kind: 'invalid_output', code: 'RESULT_INVALID' } });
});

test('an unknown tool and an unknown plugin are not_found and name what there is', async () => {
  const tool = await host.call({ plugin: 'worker', tool: 'nope' });
  expect(tool).toMatchObject({ ok: false, error: { kind: 'not_found', code: 'TOOL_NOT_FOUND' } });
  expect(!tool.ok && tool.error.message).toContain('double');
  const plugin = await host.call({ plugin: 'nope', tool: 'nope' });
  expect(plugin).toMatchObject({ ok: false, error: { kind: 'not_found', code: 'PLUGIN_NOT_FOUND' } });
});

test.each([0, -1, 1.5, Number.NaN])('timeout_ms of %s is invalid_input', async (timeoutMs) => {
  const outcome = await host.call({ plugin: 'worker', tool: 'double', params: { n: 1 }, timeoutMs });
  expect(outcome).toMatchObject({ ok: false, error: { kind: 'invalid_input', code: 'TIMEOUT_INVALID' } });
});

test('a call that runs out of time is answered at its deadline and names the limit', async () => {
  const startedAt = performance.now();
  const outcome = await host.call({ plugin: 'worker', tool: 'sleep', params: { ms: 10_000 }, timeoutMs: 200 });
  expect(performance.now() - startedAt).toBeLessThan(500);
  expect(outcome).toMatchObject({
    ok: false,
    error: { kind: 'timeout', code: 'CALL_TIMEOUT', limit: { name: 'timeout_ms', allowed: 200, unit: 'ms' } },
  });
});

test('a deadline that the caller chose shorter than the plugin’s own limit never opens the breaker', async () => {
  for (let death = 0; death < 4; death += 1) {
    await host.call({ plugin: 'worker', tool: 'sleep', params: { ms: 10_000 }, timeoutMs: 20 });
  }
  const outcome = await host.call({ plugin: 'worker', tool: 'double', params: { n: 2 } });
  expect(outcome).toMatchObject({ ok: true });
  expect(host.health('worker')).toMatchObject({ breaker: 'closed' });
});

test('a call whose time is over while it waits for an instance is no fault of the plugin [decision 15]', async () => {
  const narrow = { limits: { instances: 1, concurrency: 1 } };
  await host.install(await folders.write('narrow', WORKER, narrow));
  const first = host.call({ plugin: 'narrow', tool: 'sleep', params: { ms: 300 } });
  const late = await host.call({ plugin: 'narrow', tool: 'double', params: { n: 1 }, timeoutMs: 50 });
  expect(late).toMatchObject({ error: { kind: 'timeout', code: 'CALL_TIMEOUT' }, call: { instance_id: null } });
  expect(await first).toMatchObject({ ok: true });
  expect(host.health('narrow')).toMatchObject({ state: 'INITIALIZED', success_count: 1, error_count: 0 });
  expect(host.registry.transitions('narrow').map(({ to }) => to)).not.toContain('FAILED');
  expect(await host.metrics()).toContain('plugin_calls_total{plugin="narrow",outcome="timeout"} 1');
});

test('a call whose time is over before its plugin has started adds no error, and the failed start is told [decision 15]', async () => {
  const code = `export default { tools: [], onLoad() { throw new Error('no disk for the cache'); } };`;
  await host.install(await folders.write('unstarted', code));
  host.registry.reload('unstarted');
  const outcome = await host.call({ plugin: 'unstarted', tool: 'any', timeoutMs: 1 });
  expect(outcome).toMatchObject({ error: { code: 'CALL_TIMEOUT' } });
  expect(host.health('unstarted')?.error_count).toBe(0);
  await expect.poll(() => host.health('unstarted')?.state).toBe('FAILED');
  expect(host.health('unstarted')).toMatchObject({ error_count: 0, reason: expect.stringContaining('no disk') });
});

test('a caller that cancels is answered at once, and the counters stay [decision 15]', async () => {
  const before = host.health('worker')?.error_count;
  const controller = new AbortController();
  const call = host.call({ plugin: 'worker', tool: 'sleep', params: { ms: 10_000 }, signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  expect(await call).toMatchObject({ ok: false, error: { kind: 'cancelled', code: 'CALL_CANCELLED' } });
  expect(host.health('worker')?.error_count).toBe(before);
});

test('two tenants never share an instance, and see nothing of one another [FAULTS-111]', async () => {
  expect(await host.call({ plugin: 'worker', tool: 'tenant', tenant: 'a' })).toMatchObject({ ok: true, value: 'a' });
  const a = await host.call({ plugin: 'worker', tool: 'count', tenant: 'a' });
  const b = await host.call({ plugin: 'worker', tool: 'count', tenant: 'b' });
  expect([a, b]).toMatchObject([
    { ok: true, value: 1 },
    { ok: true, value: 1 },
  ]);
  expect(a.call.instance_id).not.toBe(b.call.instance_id);
});

test('a function runs with positional arguments [F001-11]', async () => {
  expect(await host.runSandboxed({ plugin: 'worker', fn: 'add' }, 2, 3)).toMatchObject({ ok: true, value: 5 });
});

test.each([0, -5, 0.5, Number.NaN])('a function with a time limit of %s ms is invalid_input', async (timeout_ms) => {
  const outcome = await host.runSandboxed({ plugin: 'worker', fn: 'add', limits: { timeout_ms } }, 2, 3);
  expect(outcome).toMatchObject({ ok: false, error: { kind: 'invalid_input', code: 'TIMEOUT_INVALID' } });
});

test('a function that is not exported is not_found, and the plugin is not at fault', async () => {
  const before = host.health('worker')?.error_count;
  const outcome = await host.runSandboxed({ plugin: 'worker', fn: 'subtract' }, 2, 3);
  expect(outcome).toMatchObject({ ok: false, error: { kind: 'not_found', code: 'TOOL_NOT_FOUND' } });
  expect(host.health('worker')?.error_count).toBe(before);
});

test('a guest that exits takes only its own call, and the next one finds another: nothing is ever thrown [F001-14, F001-36]', async () => {
  const outcome = await host.call({ plugin: 'worker', tool: 'exit', tenant: 'exits' });
  expect(outcome).toMatchObject({ ok: false, error: { kind: 'crashed', code: 'GUEST_EXITED' } });
  expect(await host.call({ plugin: 'worker', tool: 'double', params: { n: 2 }, tenant: 'exits' })).toMatchObject({
    ok: true,
  });
});

test('after three deaths calls are held back and told for how long', async () => {
  await host.install(await folders.write('dies', toolsSource({ exit: 'process.exit(1);' })));
  for (let death = 0; death < 3; death += 1) await host.call({ plugin: 'dies', tool: 'exit' });
  const outcome = await host.call({ plugin: 'dies', tool: 'exit' });
  expect(outcome).toMatchObject({
    ok: false,
    error: {
      kind: 'breaker_open',
      code: 'BREAKER_OPEN',
      retryable: true,
      limit: { name: 'retry_after_ms', unit: 'ms' },
    },
  });
  expect(host.health('dies')).toMatchObject({ state: 'FAILED', breaker: 'open', error_count: 3 });
});

test('a plugin’s memory limit is its own to set [F003-31]', async () => {
  const hold = toolsSource({ hold: 'return new Uint8Array(params.mib * 1024 * 1024).fill(1).length;' });
  await host.install(await folders.write('small', hold, { limits: { memory_mb: 64 } }));
  await host.install(await folders.write('large', hold, { limits: { memory_mb: 400 } }));
  const params = { mib: 300 };
  expect(await host.call({ plugin: 'small', tool: 'hold', params })).toMatchObject({
    ok: false,
    error: { kind: 'out_of_memory', code: 'GUEST_OUT_OF_MEMORY' },
  });
  expect(await host.call({ plugin: 'large', tool: 'hold', params })).toMatchObject({ ok: true });
});
