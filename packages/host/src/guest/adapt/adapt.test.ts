import { BasePlugin, BaseToolPlugin, PluginMetadata, ToolResult, definePlugin, defineTool } from '@bulkhead/sdk';
import { expect, test } from 'vitest';
import { adaptPlugin, type AdaptedPlugin } from './adapt.ts';

const manifest = { name: 'p', version: '1.0.0', description: 'A plugin.', author: 'Its author' } as const;
const fields = { name: 'p', version: '1.0.0', author: 'Its author', description: 'A plugin.' };
const parameters = { type: 'object' };
const echo = { name: 'echo', description: 'Echoes.', parameters, execute: (params: unknown) => params };

const adaptMain = (main: object, more: object = {}): Promise<AdaptedPlugin> =>
  adaptPlugin({ main, entryPoints: {} }, { ...manifest, ...more });
const adaptDefault = (exported: unknown, more: object = {}): Promise<AdaptedPlugin> =>
  adaptMain({ default: exported }, more);
const refusal = async (adapting: Promise<unknown>): Promise<string> => {
  const thrown: unknown = await adapting.then(
    () => undefined,
    (error: unknown) => error,
  );
  return thrown instanceof TypeError ? thrown.message : `not a TypeError: ${String(thrown)}`;
};

class Doubler extends BaseToolPlugin {
  readonly metadata = new PluginMetadata(fields);
  readonly tools = [{ name: 'double', description: 'Doubles n.', parameters, requiredPermissions: ['math:double'] }];
  readonly seen: unknown[] = [];

  override async onLoad(context: unknown): Promise<void> {
    this.seen.push(context);
  }

  override async onUnload(): Promise<void> {
    this.seen.push('unloaded');
  }

  override async execute(name: string, params: { readonly n: number }): Promise<ToolResult> {
    if (name !== 'double') return ToolResult.fail('Unknown tool');
    if (params.n < 0) return ToolResult.fail('n is negative', { n: params.n });
    return ToolResult.ok({ n: 2 * params.n, loaded: this.seen.length }, { factor: 2 });
  }
}

test('a class is constructed with new, lives through load and unload, and its methods have their `this` [F003-1] [F003-3] [F003-4] [F003-18] [F003-19] [F003-20]', async () => {
  const built: Doubler[] = [];
  class Recorded extends Doubler {
    constructor() {
      super();
      built.push(this);
    }
  }
  const plugin = await adaptDefault(Recorded);
  await plugin.load('context');
  expect(await plugin.runTool('double', { n: 4 }, {})).toEqual({ value: { n: 8, loaded: 1 }, metadata: { factor: 2 } });
  await plugin.unload();
  expect(built.map((instance) => instance.seen)).toEqual([['context', 'unloaded']]);
});

test('a ToolResult is unwrapped: data is the value, metadata stays beside it [F003-10] [F003-11]', async () => {
  const plugin = await adaptDefault(new Doubler());
  await expect(plugin.runTool('double', { n: 1 }, {})).resolves.toEqual({
    value: { n: 2, loaded: 0 },
    metadata: { factor: 2 },
  });
});

test('a ToolResult with success false throws its error, marked as the tool’s own, with its metadata', async () => {
  const plugin = await adaptDefault(new Doubler());
  await expect(plugin.runTool('double', { n: -1 }, {})).rejects.toMatchObject({
    code: 'TOOL_REPORTED_ERROR',
    message: 'n is negative',
    metadata: { n: -1 },
  });
});

test.for([5, undefined, {}, { success: 'yes' }, 'ok'])(
  'an execute of a class that answers %j is told what a ToolResult is',
  async (answer) => {
    const plugin = await adaptDefault({ tools: [echo], execute: () => answer });
    expect(() => plugin.runTool('echo', {}, {})).toThrow(
      /^execute answered .*; expected a ToolResult \{ success, data, error, metadata \}$/,
    );
  },
);

test('a class says what it is by its own metadata [F003-2] [F003-6]', async () => {
  expect((await adaptDefault(Doubler)).metadata).toEqual({ ...fields, required_permissions: [] });
});

test('where a plugin has no metadata, plugin.json says what it is', async () => {
  expect((await adaptDefault(definePlugin({ tools: [echo] }))).metadata).toEqual(fields);
});

test('a ToolDefinition becomes its wire form, camelCase to snake_case, with every default [F003-9] [decision 14]', async () => {
  const tool = defineTool({
    ...echo,
    returns: { type: 'string' },
    idempotent: true,
    requiredPermissions: ['math:calculate'],
    needsApproval: true,
  });
  const { tools } = await adaptDefault(definePlugin({ tools: [tool, { ...echo, name: 'plain' }] }));
  expect(tools).toEqual([
    {
      name: 'echo',
      description: 'Echoes.',
      parameters: { type: 'object' },
      returns: { type: 'string' },
      idempotent: true,
      needs_approval: true,
      required_permissions: ['math:calculate'],
    },
    {
      name: 'plain',
      description: 'Echoes.',
      parameters: { type: 'object' },
      idempotent: false,
      needs_approval: false,
      required_permissions: [],
    },
  ]);
});

test('a permission that is spelled as on the wire is not lost', async () => {
  const tool = { ...echo, required_permissions: ['a:b'], needs_approval: true };
  const { tools } = await adaptDefault({ tools: [tool] });
  expect(tools).toMatchObject([{ required_permissions: ['a:b'], needs_approval: true }]);
});

test('a plain object with no import is a plugin; a tool’s return is the value, now or later', async () => {
  const plugin = await adaptDefault({
    tools: [
      { ...echo, name: 'now', execute: (params: { a: number }) => params.a },
      { ...echo, name: 'later', execute: async (params: { a: number }) => params.a },
      { ...echo, name: 'result', execute: () => ({ success: false, error: 'plain data here' }) },
    ],
  });
  expect(plugin.runTool('now', { a: 1 }, {})).toEqual({ value: 1 });
  await expect(plugin.runTool('later', { a: 2 }, {})).resolves.toEqual({ value: 2 });
  expect(plugin.runTool('result', {}, {})).toEqual({ value: { success: false, error: 'plain data here' } });
});

test('a tool is given its context, and itself as `this`', async () => {
  const tool = {
    ...echo,
    factor: 3,
    execute(this: { factor: number }, params: { n: number }, context: { tenantId: string }) {
      return `${context.tenantId}:${this.factor * params.n}`;
    },
  };
  const plugin = await adaptDefault({ tools: [tool] });
  expect(plugin.runTool('echo', { n: 2 }, { tenantId: 't' })).toEqual({ value: 't:6' });
});

const yes = (): boolean => true;
const wellness = (): object => ({ status: 'healthy' });

test.for([
  ['camelCase', { initPlugin: yes, getMetadata: () => fields, cleanup: yes, healthCheck: wellness }],
  ['snake_case', { init_plugin: yes, get_metadata: () => fields, cleanup: yes, health_check: wellness }],
] as const)('plain functions in %s are a plugin [F004-9] [F004-10] [F004-11] [F004-12]', async ([, main]) => {
  const plugin = await adaptMain(main);
  await plugin.load({});
  expect(plugin.metadata).toEqual(fields);
  expect(plugin.healthCheck?.()).toEqual({ status: 'healthy' });
  await plugin.unload();
  expect(plugin.exports).toEqual(Object.keys(main));
});

test('an initPlugin that answers false stops the load, and its log says why [F004-9] [X004-1]', async () => {
  const plugin = await adaptMain({ initPlugin: () => false, getMetadata: () => fields });
  await expect(plugin.load({})).rejects.toThrow('the plugin answered false when it was initialised; its log says why');
});

test('what onLoad throws passes through unchanged', async () => {
  const thrown = new Error('no model');
  const plugin = await adaptDefault({
    onLoad: () => {
      throw thrown;
    },
  });
  await expect(plugin.load({})).rejects.toBe(thrown);
});

test.for([
  ['initPlugin', 'getMetadata or get_metadata'],
  ['getMetadata', 'initPlugin or init_plugin'],
  ['cleanup', 'initPlugin or init_plugin'],
] as const)('plain functions with %s but without %s are refused [F004-9] [F004-10]', async ([present, missing]) => {
  expect(await refusal(adaptMain({ [present]: () => true }))).toBe(
    `main exports ${present} but not ${missing}, which is required`,
  );
});

test('a module of mere functions is a plugin whose exports run by name with positional arguments', async () => {
  const plugin = await adaptMain({ add: (a: number, b: number) => a + b, version: '1', default: undefined });
  expect(plugin.exports).toEqual(['add']);
  expect(plugin.runExport('add', [2, 3])).toBe(5);
  expect(() => plugin.runExport('version', [])).toThrow('the plugin has no exported function of the name "version"');
});

test.for(['default', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])(
  '"%s" is no export that can be run',
  async (name) => {
    const plugin = await adaptMain({ default: Doubler, add: () => 1 });
    expect(() => plugin.runExport(name, [])).toThrow(`no exported function of the name "${name}"`);
  },
);

const greet = (params: { name: string }): string => `hello ${params.name}`;

test('an entry point may be a plain function, whose return is the value', async () => {
  const plugin = await adaptPlugin({ main: {}, entryPoints: { tools: { greet } } }, manifest);
  expect(plugin.tools).toMatchObject([{ name: 'greet', parameters: { type: 'object' } }]);
  expect(plugin.runTool('greet', { name: 'you' }, {})).toEqual({ value: 'hello you' });
});

test('an entry point may be a tool, beside the tools of the default export', async () => {
  const tools = { other: { ...echo, name: 'other' } };
  const plugin = await adaptPlugin({ main: { default: { tools: [echo] } }, entryPoints: { tools } }, manifest);
  expect(plugin.tools.map((tool) => tool.name)).toEqual(['echo', 'other']);
});

test('an entry point and its tool carry the same name', async () => {
  const adapting = adaptPlugin({ main: {}, entryPoints: { tools: { other: echo } } }, manifest);
  expect(await refusal(adapting)).toBe(
    'the entry point "other" of tools exports the tool "echo"; expected the same name on both sides',
  );
});

test('two tools of one name are refused, wherever they come from', async () => {
  expect(await refusal(adaptDefault({ tools: [echo, echo] }))).toBe('the plugin has two tools of the name "echo"');
  const adapting = adaptPlugin({ main: { default: { tools: [echo] } }, entryPoints: { tools: { echo } } }, manifest);
  expect(await refusal(adapting)).toBe('the plugin has two tools of the name "echo"');
});

test('257 tools are one too many', async () => {
  const tools = Array.from({ length: 257 }, (_, index) => ({ ...echo, name: `t${index}` }));
  expect(await refusal(adaptDefault({ tools }))).toBe('the plugin has 257 tools; at most 256 are taken');
});

test.for([
  [42, 'main’s default export is 42;'],
  [null, 'main’s default export is null;'],
  ['plugin', 'main’s default export is "plugin";'],
  [[echo], 'main’s default export is an array;'],
  [{}, 'main’s default export is an empty object;'],
  [{ tool: echo, x: 1 }, 'main’s default export is an object with tool, x;'],
  [() => ({ tools: [] }), 'main’s default export is a function that is no class;'],
  [
    class {
      tool = 1;
    },
    'what main’s default export constructs is an object with tool;',
  ],
] as const)('a default export that is no plugin is named: %j', async ([exported, found]) => {
  const text = await refusal(adaptDefault(exported));
  expect(text.slice(0, found.length)).toBe(found);
  expect(text).toContain('export default a class or object of @bulkhead/sdk');
});

test('a plugin that is exported by name only is told to export it as default', async () => {
  expect(await refusal(adaptMain({ Doubler }))).toBe(
    'main exports the plugin "Doubler" but no default; write `export default Doubler`',
  );
  expect(await refusal(adaptMain({ plugin: { tools: [] } }))).toBe(
    'main exports the plugin "plugin" but no default; write `export default plugin`',
  );
});

test('a main that exports no function and no default is refused', async () => {
  expect(await refusal(adaptMain({}))).toMatch(/^main exports nothing; export default/);
  expect(await refusal(adaptMain({ a: 1, b: 2 }))).toMatch(/^main exports a, b; export default/);
});

test.for([undefined, null, 5, 'x'])('an artifact that is %j is refused', async (artifact) => {
  expect(await refusal(adaptPlugin(artifact, manifest))).toBe('the artifact’s main is missing; expected a module');
});

test.for([
  [{ tools: {} }, 'the plugin’s tools are an empty object; expected an array'],
  [{ tools: [5] }, 'tools[0] is 5; expected a tool { name, description, parameters, execute }'],
  [{ tools: [undefined, echo] }, 'tools[0] is missing; expected a tool { name, description, parameters, execute }'],
  [
    { tools: [{ ...echo, name: 'Add-1' }] },
    'tools[0] has the name "Add-1"; expected text that matches ^(?!.*__)[a-z][a-z0-9_]{0,63}$',
  ],
  [{ tools: [{ ...echo, description: '' }] }, 'the tool "echo" has the description ""; expected a sentence'],
  [{ tools: [{ ...echo, idempotent: 'yes' }] }, 'the tool "echo" has the idempotent "yes"; expected true or false'],
  [{ tools: [{ ...echo, needsApproval: 1 }] }, 'the tool "echo" has the needsApproval 1; expected true or false'],
  [
    { tools: [{ ...echo, requiredPermissions: 'a:b' }] },
    'the tool "echo" has the requiredPermissions "a:b"; expected an array of permissions',
  ],
  [
    { tools: [{ ...echo, parameters: undefined }] },
    'the parameters schema of the tool "echo" is missing; expected an object',
  ],
  [
    { tools: [{ ...echo, parameters: [] }] },
    'the parameters schema of the tool "echo" is an array; expected an object',
  ],
  [{ tools: [{ ...echo, returns: 'text' }] }, 'the returns schema of the tool "echo" is "text"; expected an object'],
  [{ tools: [{ ...echo, execute: undefined }] }, 'the tool "echo" has no execute, and neither has the plugin'],
  [{ tools: [{ ...echo, execute: 5 }] }, 'execute of the tool "echo" is 5; expected a function'],
  [{ onLoad: 'now' }, 'onLoad is "now"; expected a function'],
  [{ healthCheck: {} }, 'healthCheck is an empty object; expected a function'],
  [{ hooks: 5 }, 'the plugin’s hooks are 5; expected an object'],
  [{ metadata: 5 }, 'the plugin’s metadata is 5; expected an object'],
] as const)('a wrong shape is named with what was expected: %o', async ([exported, text]) => {
  expect(await refusal(adaptDefault(exported))).toBe(text);
});

test('a schema above 64 KiB is refused', async () => {
  const tool = { ...echo, parameters: { type: 'object', description: 'x'.repeat(65_536) } };
  expect(await refusal(adaptDefault({ tools: [tool] }))).toMatch(
    /^the parameters schema of the tool "echo" has 655\d\d bytes; at most 65536/,
  );
});

test('a schema with a cycle is refused by name', async () => {
  const cyclic: Record<string, unknown> = { type: 'object' };
  cyclic['self'] = cyclic;
  expect(await refusal(adaptDefault({ tools: [{ ...echo, parameters: cyclic }] }))).toMatch(
    /^the parameters schema of the tool "echo" cannot be written as JSON: TypeError: /,
  );
});

test('a schema that is changed later changes nothing', async () => {
  const changing = { type: 'object', required: ['a'] };
  const plugin = await adaptDefault({ tools: [{ ...echo, parameters: changing }] });
  changing.required.pop();
  expect(plugin.tools[0]?.parameters).toEqual({ type: 'object', required: ['a'] });
});

test('a getter that throws rejects with what it threw', async () => {
  const thrown = new Error('hostile');
  const hostile = {
    get tools() {
      throw thrown;
    },
  };
  await expect(adaptDefault(hostile)).rejects.toBe(thrown);
});

test('no property of a plugin, a tool or a namespace is read twice', async () => {
  const reads = new Map<string, number>();
  const watched = <T extends object>(what: string, target: T): T =>
    new Proxy(target, {
      get(object, key, receiver) {
        const name = `${what}.${String(key)}`;
        reads.set(name, (reads.get(name) ?? 0) + 1);
        return Reflect.get(object, key, receiver) as unknown;
      },
    });
  const tool = watched('tool', { ...echo });
  const hooks = watched('hooks', { on_error: () => undefined });
  const plugin = watched('plugin', {
    tools: [tool],
    hooks,
    onLoad: () => undefined,
    healthCheck: () => ({ status: 'healthy' }),
  });
  const adapted = await adaptMain(watched('main', { default: plugin }), { hooks: ['on_error'] });
  await adapted.load({});
  await adapted.runTool('echo', {}, {});
  await adapted.runTool('echo', {}, {});
  adapted.healthCheck?.();
  expect([...reads].filter(([, count]) => count > 1)).toEqual([]);
});

test('a handler of the object style sees data and context, and nothing returned says that nothing changed [F003-5]', async () => {
  const hooks = {
    before_tool_call: (data: { n: number }, context: unknown) => ({ n: data.n + 1, context }),
    on_error: async () => undefined,
  };
  const plugin = await adaptDefault({ hooks }, { hooks: ['before_tool_call', 'on_error'] });
  expect(plugin.hooks).toEqual(['before_tool_call', 'on_error']);
  expect(plugin.runHook('before_tool_call', { n: 1 }, 'context')).toEqual({ n: 2, context: 'context' });
  await expect(plugin.runHook('on_error', { n: 1 }, {})).resolves.toBeNull();
});

test.for([
  ['gate', { veto: 'no' }, { veto: 'no' }],
  ['gate', { veto: 'no', params: {} }, { veto: 'no' }],
  ['gate', { params: {} }, null],
  ['observe', 'anything', null],
  ['change', { params: {} }, { params: {} }],
] as const)('of a hook of mode %s that answers %j goes back %j', async ([mode, answer, back]) => {
  const main = { default: { hooks: { before_tool_call: () => answer } } };
  const hook_options = { modes: { before_tool_call: mode } };
  const plugin = await adaptPlugin(
    { main, entryPoints: {} },
    { ...manifest, hooks: ['before_tool_call'], hook_options },
  );
  expect(plugin.runHook('before_tool_call', {}, {})).toEqual(back);
});

test('handleHook of the class style serves every hook that plugin.json lists, and passes data through by default [F003-5] [X003-1]', async () => {
  class Plain extends BasePlugin {
    readonly metadata = new PluginMetadata(fields);
  }
  class Marking extends Plain {
    override async handleHook(hook: string, data: object): Promise<Record<string, never>> {
      return { ...data, seen: hook } as never;
    }
  }
  const hooks = { hooks: ['after_tool_call'] };
  await expect((await adaptDefault(Plain, hooks)).runHook('after_tool_call', { n: 1 }, {})).resolves.toEqual({ n: 1 });
  await expect((await adaptDefault(Marking, hooks)).runHook('after_tool_call', {}, {})).resolves.toEqual({
    seen: 'after_tool_call',
  });
  expect((await adaptDefault(Plain)).hooks).toEqual([]);
});

test('a hook that only one side names is refused', async () => {
  expect(await refusal(adaptDefault({ hooks: { on_eror: () => undefined } }))).toBe(
    'the plugin handles the hook "on_eror", which plugin.json does not list under "hooks"',
  );
  expect(await refusal(adaptDefault({ tools: [echo] }, { hooks: ['on_error'] }))).toBe(
    'plugin.json lists the hook "on_error", which the plugin does not handle; add hooks.on_error',
  );
});

test('without a health check there is none to run [X004-2]', async () => {
  expect((await adaptDefault(Doubler)).healthCheck).toBeUndefined();
});

test('what a health check answers is passed on as it is, for the host to judge [X004-2]', async () => {
  const plugin = await adaptDefault({ healthCheck: async () => 'fine' });
  await expect(plugin.healthCheck?.()).resolves.toBe('fine');
});
