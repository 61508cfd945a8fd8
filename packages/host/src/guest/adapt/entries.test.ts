import {
  Executor,
  LLMBackend,
  Monitor,
  ParentSelector,
  Result,
  TaskHandler,
  TaskKind,
  type GeneratedPiece,
  type Task,
} from '@bulkhead/sdk';
import { expect, test } from 'vitest';
import { adaptPlugin } from './adapt.ts';

const manifest = { name: 'p', version: '1.0.0', description: 'A plugin.', author: 'Its author' } as const;
const adapt = (entryPoints: object, main: object = {}) => adaptPlugin({ main, entryPoints }, manifest);
const loaded = async (entryPoints: object, context: object = {}, main: object = {}) => {
  const plugin = await adapt(entryPoints, main);
  await plugin.load(context);
  return plugin;
};
const refusal = (entryPoints: object) =>
  loaded(entryPoints).then(
    () => 'no refusal',
    (error: unknown) => String(error),
  );

const task: Task = {
  kind: 'execute',
  id: '0123456789abcdef',
  payload: { lang: 'rust' },
  requires: [],
  attempts: 0,
  created_at: '2026-01-01T00:00:00Z',
  schema_v: 1,
};

class Rust extends TaskHandler {
  readonly KIND = TaskKind.EXECUTE;
  readonly PROVIDES = new Set(['cpu', 'docker', 'rust']);
  override dispatch(given: Task): boolean {
    return given.kind === this.KIND && given.payload['lang'] === 'rust';
  }
  handle(given: Task, context: object): Result {
    return Result.ok(given, { context: JSON.stringify(context) });
  }
}

test('a task handler says its kind and tags when it is loaded, and its methods run with the context behind [F000-3] [F000-4] [F000-5] [F000-6] [F000-7] [F000-8]', async () => {
  const plugin = await loaded({ task_handlers: { rust_exec: Rust } });
  expect(plugin.entries()).toEqual([
    { group: 'task_handlers', name: 'rust_exec', about: { kind: 'execute', provides: ['cpu', 'docker', 'rust'] } },
  ]);
  const run = (method: string, given: Task) => plugin.runEntry(`task_handlers/rust_exec#${method}`, [given], { id: 7 });
  expect(await run('dispatch', task)).toBe(true);
  expect(await run('dispatch', { ...task, payload: {} })).toBe(false);
  expect(await run('handle', task)).toMatchObject({
    task_id: task.id,
    status: 'ok',
    attempts: 1,
    data: { context: '{"id":7}' },
  });
});

class Local extends Executor {
  override execute() {
    return { success: true, result: this.config, duration_ms: 0, stdout: '', stderr: '' };
  }
}

test.for([
  ['a class', Local],
  ['a factory written as a function', function make(config: object) { return new Local({ ...config }); }], // prettier-ignore
  ['a factory written as an arrow', (config: object) => new Local({ ...config })],
  ['an asynchronous factory', async (config: object) => new Local({ ...config })],
] as const)('%s is given the configuration [F002-4] [F002-5]', async ([, exported]) => {
  const context = { config: { docker: true } };
  const plugin = await loaded({ executors: { local: exported } }, context);
  expect(await plugin.runEntry('executors/local#execute', ['f', 'solve', [], 2, 512], context)).toMatchObject({
    result: { docker: true },
  });
});

test('an executor that is constructed without configuration has {} [F002-5]', () => {
  expect([new Local().config, new Local(null).config]).toEqual([{}, {}]);
});

test('arguments that were left out do not move the context to their place [F002-6]', async () => {
  const seen: unknown[][] = [];
  const plugin = await loaded({ executors: { spy: { execute: (...args: unknown[]) => seen.push(args) } } });
  await plugin.runEntry('executors/spy#execute', ['file', 'solve'], 'context');
  expect(seen).toEqual([['file', 'solve', undefined, undefined, undefined, 'context']]);
});

class Count extends Monitor {
  #count = 0;
  start(): void {
    this.#count = 0;
  }
  record(): void {
    this.#count += 1;
  }
  finalize() {
    return { id: this.identifier(), summary: { count: this.#count }, alerts: [] };
  }
}

test('an object lives for as long as its configuration: a new one makes a new object [F002-22] [F002-23] [F002-24] [F002-25]', async () => {
  const first = { config: {} };
  const plugin = await loaded({ monitors: { count: Count } }, first);
  const run = (method: string, context: object) => plugin.runEntry(`monitors/count#${method}`, [{}], context);
  await run('start', first);
  await run('record', first);
  await run('record', first);
  expect(await run('finalize', first)).toEqual({ id: 'Count', summary: { count: 2 }, alerts: [] });
  expect(await run('finalize', { config: {} })).toMatchObject({ summary: { count: 0 } });
});

test('any object with the methods is a monitor, and PLUGIN_METADATA is its own before its module’s [F002-20] [F002-26] [F002-27] [F002-28] [F002-29]', async () => {
  const duck = { start() {}, record() {}, finalize: () => ({}), identifier: () => 'duck' };
  class Named extends Count {
    static readonly PLUGIN_METADATA = { name: 'named', version: '2.0.0', sandbox: true };
  }
  const main = { PLUGIN_METADATA: { name: 'module', version: '1.0.0' } };
  const plugin = await loaded({ monitors: { duck, named: Named } }, {}, main);
  expect(plugin.entries().map(({ about }) => about)).toEqual([
    { metadata: { name: 'module', version: '1.0.0' } },
    { metadata: { name: 'named', version: '2.0.0', sandbox: true } },
  ]);
});

class Echo extends LLMBackend {
  async *generate(prompt: string): AsyncGenerator<GeneratedPiece> {
    yield prompt.slice(0, 2);
    yield { text: prompt.slice(2) };
    yield { usage: { input_tokens: 1, output_tokens: 2 } };
  }
}

const text = { text: 'hello' };
const whole = { text: 'hello', model: 'm' };

const backend = (answer: unknown): object => ({ generate: () => answer });

class Caller extends LLMBackend {
  async *generate(): AsyncGenerator<GeneratedPiece> {
    yield { reasoning: 'It asks ' };
    yield { reasoning: 'for a sum.', text: 'I add.' };
    yield { tool_calls: [{ id: '1', name: 'add', arguments: { a: 1 } }] };
    yield { tool_calls: [{ id: '2', name: 'add', arguments: {} }], finish_reason: 'tool_calls' };
  }
}

test('pieces of thought and of calls are put together in their order [F000-16]', async () => {
  const plugin = await loaded({ llm_backends: { caller: Caller } });
  expect(await plugin.runEntry('llm_backends/caller#generate', ['add', {}], {})).toEqual({
    reasoning: 'It asks for a sum.',
    text: 'I add.',
    tool_calls: [
      { id: '1', name: 'add', arguments: { a: 1 } },
      { id: '2', name: 'add', arguments: {} },
    ],
    finish_reason: 'tool_calls',
  });
});

test.for([
  ['a text', backend('hello'), text],
  ['a whole answer', backend(Promise.resolve(whole)), whole],
  ['pieces', Echo, { text: 'hello', usage: { input_tokens: 1, output_tokens: 2 } }],
] as const)('what a backend generates may be %s, and is a whole answer [F000-16]', async ([, exported, answer]) => {
  const plugin = await loaded({ llm_backends: { echo: exported } });
  expect(await plugin.runEntry('llm_backends/echo#generate', ['hello', {}], {})).toEqual(answer);
});

test('the names of groups mean the same with bulkhead. in front [decision 14]', async () => {
  const plugin = await loaded({ 'bulkhead.task_handlers': { rust_exec: Rust } });
  expect(await plugin.runEntry('task_handlers/rust_exec#dispatch', [task], {})).toBe(true);
});

class Halved extends ParentSelector {
  override select(): never {
    throw new Error('empty');
  }
  override sampleInspirations(): readonly string[] {
    return [];
  }
  override feedback(): void {}
}

test('what an entry point throws passes through, and an unknown one is an error', async () => {
  const plugin = await loaded({ parent_selectors: { halved: Halved } });
  await expect(plugin.runEntry('parent_selectors/halved#select', [{}], {})).rejects.toThrow('empty');
  expect(() => plugin.runEntry('parent_selectors/halved#breed', [], {})).toThrow(
    'the plugin has no entry point "parent_selectors/halved#breed"',
  );
});

test.for([
  [{ monitors: { m: 7 } }, 'TypeError: the entry point "m" of monitors is 7; expected a class, a factory or an object'],
  [
    { monitors: { m: { start() {}, record() {} } } },
    'TypeError: the entry point "m" of monitors has no finalize, no identifier; expected start(), record(), finalize(), identifier()',
  ],
  [{ executors: { e: { execute: 1 } } }, 'TypeError: execute is 1; expected a function'],
  [
    { task_handlers: { t: { KIND: 'paint', PROVIDES: [], dispatch() {}, handle() {} } } },
    'TypeError: the entry point "t" of task_handlers has the KIND "paint"; expected one of render, mutate, execute, evaluate',
  ],
  [
    { task_handlers: { t: { KIND: 'render', PROVIDES: ['two words'], dispatch() {}, handle() {} } } },
    'TypeError: the entry point "t" of task_handlers has the PROVIDES an array; expected tags such as "cpu", in an array or a Set',
  ],
  [{ executors: { e: () => Promise.reject(new Error('no key')) } }, 'Error: no key'],
] as const)('what is no entry point stops the load: %j', async ([entryPoints, message]) => {
  expect(await refusal(entryPoints)).toBe(message);
});
