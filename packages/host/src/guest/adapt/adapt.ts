/**
 * Turns whatever a plugin's main module exports into one uniform object for the guest to drive. It does no I/O and
 * decides nothing; what it cannot make sense of is an error that says what was found and what was expected.
 *
 *   default: class ------ new --.
 *   default: object ------------+--> members --> AdaptedPlugin
 *   no default: the namespace --'        ^
 *                entry_points.tools -----'      entry_points.<other> --> entries.ts
 *
 * A1: each property of the plugin is read once, here; what it becomes later changes nothing.
 * A2: shapes are judged by their members, never by `instanceof`, so any copy of the SDK will do, and none.
 */
import { LIMITS, type JsonObject, type WireEntry, type WireOffers, type WireTool } from '@bulkhead/protocol';
import { adaptEntries } from './entries.ts';
import { adaptOffers } from './offers.ts';
import { settle } from './settle.ts';
import { asMethod, describe, isRecord, plainJson, type Method } from './shape.ts';
import { withFormerNames } from './former-names.ts';
import { readEntryPointTool, readTool, type AdaptedTool, type ToolAnswer } from './tool.ts';

/** A plugin of any style, as the guest runtime drives it. What the plugin throws passes through unchanged. */
export type AdaptedPlugin = {
  /** What the plugin says of itself; plugin.json's own words where it says nothing. */
  readonly metadata: JsonObject;
  readonly tools: readonly WireTool[];
  readonly hooks: readonly string[];
  /** Names of the functions that main exports. */
  readonly exports: readonly string[];
  /** Its entry points other than tools; known once it is loaded. */
  readonly entries: () => readonly WireEntry[];
  readonly offers: Required<WireOffers>;
  /** Runs onLoad or initPlugin, then makes the entry points; rejects where one of them throws, or init answers false. */
  readonly load: (context: unknown) => Promise<void>;
  readonly unload: () => Promise<void>;
  /** @throws ToolReportedError where the tool answers success = false. */
  readonly runTool: (name: string, params: unknown, context: unknown) => ToolAnswer | Promise<ToolAnswer>;
  readonly runExport: (name: string, args: readonly unknown[]) => unknown;
  /** Runs a method of an entry point, named `group/name#method`, or of a resource or prompt. */
  readonly runEntry: (target: string, args: readonly unknown[], context: unknown) => unknown;
  /** Answers the data as it came where the handler returns nothing. */
  readonly runHook: (hook: string, data: unknown, context: unknown) => unknown;
  /** Answers what the plugin's own check answers; the host judges it. */
  readonly healthCheck: (() => unknown) | undefined;
};

/** Both spellings of the plain functions, and what they are in the other styles. */
const INIT = ['initPlugin', 'init_plugin'];
const LOAD = ['onLoad', ...INIT];
const UNLOAD = ['onUnload', 'cleanup'];
const GET_METADATA = ['getMetadata', 'get_metadata'];
const HEALTH_CHECK = ['healthCheck', 'health_check'];
const HANDLE_HOOK = ['handleHook', 'handle_hook'];
const LIFECYCLE = [...LOAD, ...UNLOAD, ...GET_METADATA, ...HEALTH_CHECK, ...HANDLE_HOOK];
const MEMBERS = [...LIFECYCLE, 'metadata', 'tools', 'hooks', 'execute', 'resources', 'prompts'];
const EXPECTED =
  'export default a class or object of @bulkhead/sdk, what definePlugin returns, or a plain object of that shape; ' +
  'or export the functions initPlugin and getMetadata';

/**
 * Adapts an imported artifact.
 *
 * @param artifact - `{ main, entryPoints }`: the namespace of the main module, and group -> name -> export.
 * @param manifest - plugin.json as JSON; `hooks` says which hooks the plugin handles.
 * @throws TypeError that names what main exports and what it may export; or what the plugin's own code throws.
 */
export async function adaptPlugin(artifact: unknown, manifest: JsonObject): Promise<AdaptedPlugin> {
  const { main, entryPoints } = readArtifact(artifact);
  const exports = functionsOf(main);
  const members = membersOf(pluginOf(main, exports, Object.keys(entryPoints).length > 0));
  const listed = toolsOf(members, isRecord(entryPoints['tools']) ? entryPoints['tools'] : {});
  const tools = withFormerNames(listed, manifest);
  const entries = adaptEntries(entryPoints, main['PLUGIN_METADATA'], manifest);
  const offers = adaptOffers(members.values['resources'], members.values['prompts']);
  const hooks = hooksOf(members, manifest['hooks']);
  const onLoad = methodOf(members, LOAD);
  const onUnload = methodOf(members, UNLOAD);
  const healthCheck = methodOf(members, HEALTH_CHECK);
  return {
    metadata: await metadataOf(members, manifest),
    tools: [...tools.values()].map((tool) => tool.wire),
    hooks: [...hooks.keys()],
    exports: [...exports.keys()],
    entries: entries.list,
    offers: { resources: offers.resources, prompts: offers.prompts },
    load: async (context) => {
      assertInitialised(await onLoad?.(context));
      await entries.open(context);
    },
    unload: async () => void (await onUnload?.()),
    runTool: (name, params, context) => found(tools, 'tool', name).run(params, context),
    runExport: (name, args) => found(exports, 'exported function', name)(...args),
    runEntry: (target, args, context) => (offers.has(target) ? offers : entries).run(target, args, context),
    runHook: (hook, data, context) => settle(found(hooks, 'hook', hook)(data, context), answerOf(hook, manifest)),
    healthCheck: healthCheck && (() => settle(healthCheck(), (report) => report)),
  };
}

type Bag = Readonly<Record<string, unknown>>;

/** Copies the namespace, because its getters are the plugin's (A1); groups that name nothing are left out. */
function readArtifact(artifact: unknown): { readonly main: Bag; readonly entryPoints: Bag } {
  const { main, entryPoints } = isRecord(artifact) ? artifact : {};
  if (!isRecord(main)) throw new TypeError(`the artifact’s main is ${describe(main)}; expected a module`);
  const groups = Object.entries(isRecord(entryPoints) ? entryPoints : {}).flatMap(([group, named]) =>
    isRecord(named) && Object.keys(named).length > 0 ? [[group, { ...named }] as const] : [],
  );
  return { main: { ...main }, entryPoints: Object.fromEntries(groups) };
}

function functionsOf(main: Bag): ReadonlyMap<string, Method> {
  const functions = new Map<string, Method>();
  for (const [name, value] of Object.entries(main)) {
    if (name !== 'default' && typeof value === 'function') functions.set(name, value as Method); // Just tested.
  }
  return functions;
}

/** Finds the object that holds the plugin's members: the default export, an instance of it, or the namespace. */
function pluginOf(main: Bag, exports: ReadonlyMap<string, Method>, hasEntries: boolean): object {
  const exported = main['default'];
  if (exported === undefined) return lifecycleOf(main, exports, hasEntries);
  const plugin = typeof exported === 'function' ? construct(exported) : exported;
  if (isRecord(plugin) && (hasEntries || MEMBERS.some((name) => name in plugin))) return plugin;
  const what = plugin === exported ? 'main’s default export' : 'what main’s default export constructs';
  throw new TypeError(`${what} is ${describe(plugin)}; ${EXPECTED}`);
}

function construct(exported: unknown): unknown {
  const constructor = exported as { new (): unknown; readonly prototype?: unknown }; // A function, maybe no constructor.
  if (isRecord(constructor.prototype)) return new constructor();
  throw new TypeError(`main’s default export is a function that is no class; ${EXPECTED}`);
}

/** The functions style. A module of mere functions is a plugin too: they run by name, in the sandbox, without a life. */
function lifecycleOf(main: Bag, exports: ReadonlyMap<string, Method>, hasEntries: boolean): object {
  const lifecycle = LIFECYCLE.filter((name) => exports.has(name));
  if (lifecycle.length > 0) assertRequired(lifecycle);
  else if (!hasEntries) assertNoForgottenDefault(main, exports);
  return Object.fromEntries(lifecycle.map((name) => [name, exports.get(name)]));
}

function assertRequired(lifecycle: readonly string[]): void {
  for (const spellings of [INIT, GET_METADATA]) {
    if (spellings.some((name) => lifecycle.includes(name))) continue;
    throw new TypeError(`main exports ${lifecycle.join(', ')} but not ${spellings.join(' or ')}, which is required`);
  }
}

function assertNoForgottenDefault(main: Bag, exports: ReadonlyMap<string, Method>): void {
  for (const [name, value] of Object.entries(main)) {
    const shape: unknown = typeof value === 'function' ? value.prototype : value;
    if (isRecord(shape) && MEMBERS.some((member) => member in shape)) {
      throw new TypeError(`main exports the plugin "${name}" but no default; write \`export default ${name}\``);
    }
  }
  if (exports.size === 0) throw new TypeError(`main exports ${Object.keys(main).join(', ') || 'nothing'}; ${EXPECTED}`);
}

type Members = { readonly self: object; readonly values: Bag };

/** Reads every member once (A1). */
function membersOf(plugin: object): Members {
  return { self: plugin, values: Object.fromEntries(MEMBERS.map((name) => [name, Reflect.get(plugin, name)])) };
}

/** Returns the member under the first of its spellings that is there. */
function methodOf(members: Members, spellings: readonly string[]): Method | undefined {
  const name = spellings.find((spelling) => members.values[spelling] !== undefined) ?? '';
  return asMethod(members.values[name], name, members.self);
}

async function metadataOf(members: Members, manifest: JsonObject): Promise<JsonObject> {
  const told = members.values['metadata'] ?? (await methodOf(members, GET_METADATA)?.());
  if (told !== undefined) return plainJson(told, 'the plugin’s metadata');
  const { name = null, version = null, author = null, description = null } = manifest;
  return { name, version, author, description };
}

function toolsOf(members: Members, entryPointTools: Bag): ReadonlyMap<string, AdaptedTool> {
  const listed = members.values['tools'] ?? [];
  if (!Array.isArray(listed)) throw new TypeError(`the plugin’s tools are ${describe(listed)}; expected an array`);
  const execute = methodOf(members, ['execute']);
  const adapted = [
    ...Array.from(listed, (definition, index) => readTool(definition, `tools[${index}]`, execute)),
    ...Object.entries(entryPointTools).map(([name, value]) => readEntryPointTool(name, value)),
  ];
  const toolsMax = LIMITS.tools.value;
  if (adapted.length > toolsMax)
    throw new TypeError(`the plugin has ${adapted.length} tools; at most ${toolsMax} are taken`);
  const tools = new Map<string, AdaptedTool>();
  for (const tool of adapted) {
    if (tools.has(tool.wire.name)) throw new TypeError(`the plugin has two tools of the name "${tool.wire.name}"`);
    tools.set(tool.wire.name, tool);
  }
  return tools;
}

/** Pairs the hooks that plugin.json lists with their handlers; neither side may name one that the other does not. */
function hooksOf(members: Members, listed: unknown): ReadonlyMap<string, Method> {
  const names = Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : [];
  const handlers = members.values['hooks'] ?? {};
  if (!isRecord(handlers)) throw new TypeError(`the plugin’s hooks are ${describe(handlers)}; expected an object`);
  const unlisted = Object.keys(handlers).find((name) => !names.includes(name));
  if (unlisted !== undefined) {
    throw new TypeError(`the plugin handles the hook "${unlisted}", which plugin.json does not list under "hooks"`);
  }
  const handleHook = methodOf(members, HANDLE_HOOK);
  return new Map(names.map((name) => [name, hookOf(handlers, name, handleHook)]));
}

function hookOf(handlers: Bag, name: string, handleHook: Method | undefined): Method {
  const own = asMethod(handlers[name], `hooks.${name}`, handlers);
  if (own !== undefined) return own;
  if (handleHook !== undefined) return (data) => handleHook(name, data);
  throw new TypeError(`plugin.json lists the hook "${name}", which the plugin does not handle; add hooks.${name}`);
}

/** What goes back: of a hook that changes nothing a veto alone, since the host would throw the rest away. */
function answerOf(hook: string, manifest: JsonObject): (answer: unknown) => unknown {
  const options = manifest['hook_options'];
  const modes = isRecord(options) ? options['modes'] : undefined;
  const mode = isRecord(modes) ? modes[hook] : undefined;
  if (mode === undefined || mode === 'change') return (answer) => (answer === undefined ? null : answer);
  return (answer) => {
    const veto = isRecord(answer) ? answer['veto'] : undefined;
    return veto === undefined ? null : { veto };
  };
}

function assertInitialised(answer: unknown): void {
  if (answer === false) throw new Error('the plugin answered false when it was initialised; its log says why');
}

function found<T>(map: ReadonlyMap<string, T>, what: string, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new TypeError(`the plugin has no ${what} of the name "${name}"`);
  return value;
}
