/**
 * Sources of new plugins with tools and with hooks, in each of the three styles.
 */
import type { Choices, Style } from './choices.ts';
import { inLanguage, type Sources } from './source-text.ts';

const CONTEXT = `/** What these tests need of a context; in the sandbox there is more. */
const contextOf = (config«: JsonObject» = {}) =>
  ({ tenantId: 'test', config, logger: console, signal: new AbortController().signal })« as unknown as PluginContext & ToolContext»;
`;

const METADATA_FUNCTIONS = `
/** Runs once before the first call. It does not throw: it logs, and answers false. */
export function initPlugin(context«: PluginContext»)«: boolean» {
  context.logger.info('ready');
  return true;
}

export function getMetadata()«: JsonObject» {
  const { name, version, author, description } = manifest;
  return { name, version, author, description };
}

/** Runs once before the instance ends in good order. */
export function cleanup()«: boolean» {
  return true;
}
`;

const GREET = `/** Greets; politely where the configuration says so. */
function greet(name«: string», config«: JsonObject»)«: JsonObject» {
  const features = config['features']« as JsonObject | undefined»;
  const greeting = \`Hello, \${name}.\`;
  return { greeting: features?.['politely'] === true ? \`\${greeting} Nice to meet you.\` : greeting };
}
`;

const PARAMETERS = `parameters: {
    type: 'object',
    properties: { name: { type: 'string', minLength: 1, maxLength: 200 } },
    required: ['name'],
    additionalProperties: false,
  },
  returns: { type: 'object', properties: { greeting: { type: 'string' } }, required: ['greeting'] },
  idempotent: true,`;

const TOOL_MAINS: Readonly<Record<Style, string>> = {
  define: `/**
 * Says hello. The default export is the plugin; \`execute\` gets parameters that fit \`parameters\`, returns plain data, and may
 * throw: the caller gets an error, and the plugin stays up.
 */
import { definePlugin, defineTool«, type JsonObject» } from '@bulkhead/sdk';

${GREET}
const hello = defineTool({
  name: 'hello',
  description: 'Says hello to somebody.',
  ${PARAMETERS}
  execute: ({ name }, { config }) => greet(name, config),
});

export default definePlugin({
  tools: [hello],
  healthCheck: () => ({ status: 'healthy', message: 'Ready to say hello.', metrics: {} }),
});
`,
  class: `/**
 * Says hello. The sandbox constructs the class once; \`execute\` serves all tools and answers with a ToolResult.
 */
import {
  BaseToolPlugin,
  PluginMetadata,
  ToolResult,
  «type HealthReport,»
  «type JsonObject,»
  «type ToolContext,»
} from '@bulkhead/sdk';
import manifest from './plugin.json' with { type: 'json' };

${GREET}
const hello = {
  name: 'hello',
  description: 'Says hello to somebody.',
  ${PARAMETERS}
};

export default class Greeter extends BaseToolPlugin {
  «readonly »metadata = new PluginMetadata(manifest);
  «readonly »tools = [hello];

  «override »async execute(toolName«: string», params«: JsonObject», context«: ToolContext»)«: Promise<ToolResult>» {
    if (toolName !== 'hello') return super.execute(toolName, params, context);
    return ToolResult.ok(greet(String(params['name']), context.config));
  }

  «override »healthCheck()«: HealthReport» {
    return { status: 'healthy', message: 'Ready to say hello.', metrics: {} };
  }
}
`,
  functions: `/**
 * Says hello. Without a default export these functions are the plugin; its tool stands in tools.ts, which plugin.json names.
 */
«import type { HealthReport, JsonObject, PluginContext } from '@bulkhead/sdk';»
import manifest from './plugin.json' with { type: 'json' };
${METADATA_FUNCTIONS}
export function healthCheck()«: HealthReport» {
  return { status: 'healthy', message: 'Ready to say hello.', metrics: {} };
}
`,
};

const TOOL_MODULE = `/**
 * The tools that plugin.json names under entry_points.
 */
«import type { JsonObject, ToolContext } from '@bulkhead/sdk';»

${GREET}
export const hello = {
  name: 'hello',
  description: 'Says hello to somebody.',
  ${PARAMETERS}
  execute: ({ name }«: { readonly name: string }», { config }«: ToolContext»)«: JsonObject» => greet(name, config),
};
`;

const CALLS: Readonly<Record<Style, readonly [string, string, string]>> = {
  define: [
    `import plugin from '../main.ts';`,
    'const run = (name«: string», config«: JsonObject») => plugin.tools[0].execute({ name }, contextOf(config));',
    'plugin',
  ],
  class: [
    `import Greeter from '../main.ts';`,
    `const plugin = new Greeter();
const run = async (name«: string», config«: JsonObject») => (await plugin.execute('hello', { name }, contextOf(config))).data;`,
    'plugin',
  ],
  functions: [
    `import * as plugin from '../main.ts';\nimport { hello } from '../tools.ts';`,
    'const run = (name«: string», config«: JsonObject») => hello.execute({ name }, contextOf(config));',
    'plugin',
  ],
};

/** A plugin whose one tool says hello. */
export function toolSources({ style, lang }: Choices): Sources {
  const [imports, run] = CALLS[style];
  const isSplit = style === 'functions';
  const modules = [[`main.${lang}`, inLanguage(lang, TOOL_MAINS[style])] as const];
  return {
    about: 'Says hello.',
    usage: `| tool    | takes              | returns                |
| ------- | ------------------ | ---------------------- |
| \`hello\` | \`{"name": string}\` | \`{"greeting": string}\` |

\`config.features.politely\` adds a second sentence.`,
    manifestFields: () => ({
      limits: { timeout_ms: 5000, memory_mb: 128 },
      ...(isSplit ? { entry_points: { tools: { hello: `./tools.${lang}#hello` } } } : {}),
      config: { features: { politely: true } },
    }),
    modules: isSplit ? [...modules, [`tools.${lang}`, inLanguage(lang, TOOL_MODULE)]] : modules,
    tests: inLanguage(
      lang,
      `«import type { JsonObject, PluginContext, ToolContext } from '@bulkhead/sdk';»
import assert from 'node:assert/strict';
import { test } from 'node:test';
${imports}

${CONTEXT}${run}

test('hello greets by name', async () => {
  assert.deepEqual(await run('Ada', {}), { greeting: 'Hello, Ada.' });
});

test('hello is polite where the configuration says so', async () => {
  const polite = await run('Ada', { features: { politely: true } });
  assert.deepEqual(polite, { greeting: 'Hello, Ada. Nice to meet you.' });
});

test('the plugin is healthy', () => {
  assert.equal(plugin.healthCheck().status, 'healthy');
});
`,
    ),
  };
}

const HOOK_MAINS: Readonly<Record<Style, string>> = {
  define: `/**
 * Notes the tools that agents call. A handler gets the data of its hook and returns it, changed or not; it has 2 s.
 */
import { definePlugin } from '@bulkhead/sdk';

export default definePlugin({
  hooks: {
    before_tool_call: (data, { logger }) => {
      logger.info('a tool is about to run', { tool: data['tool'] ?? null });
      return data;
    },
    on_error: (data, { logger }) => {
      logger.warn('something went wrong');
      return data;
    },
  },
});
`,
  class: `/**
 * Notes the tools that agents call. \`handleHook\` gets the data of each hook that plugin.json lists, and returns it.
 */
import {
  BasePlugin,
  PluginHook,
  PluginMetadata,
  «type JsonObject,»
  «type Logger,»
  «type PluginContext,»
} from '@bulkhead/sdk';
import manifest from './plugin.json' with { type: 'json' };

export default class Notes extends BasePlugin {
  «readonly »metadata = new PluginMetadata(manifest);
  #logger«: Logger | undefined»;

  «override »async onLoad(context«: PluginContext»)«: Promise<void>» {
    this.#logger = context.logger;
  }

  «override »async handleHook(hook«: PluginHook», data«: JsonObject»)«: Promise<JsonObject>» {
    if (hook === PluginHook.ON_ERROR) this.#logger?.warn('something went wrong');
    else this.#logger?.info('a tool is about to run', { tool: data['tool'] ?? null });
    return data;
  }
}
`,
  functions: `/**
 * Notes the tools that agents call. Without a default export these functions are the plugin.
 */
«import type { HookName, JsonObject, Logger, PluginContext } from '@bulkhead/sdk';»
import manifest from './plugin.json' with { type: 'json' };

let logger«: Logger | undefined»;

/** Runs once before the first call. It does not throw: it logs, and answers false. */
export function initPlugin(context«: PluginContext»)«: boolean» {
  logger = context.logger;
  return true;
}

export function getMetadata()«: JsonObject» {
  const { name, version, author, description } = manifest;
  return { name, version, author, description };
}

/** Runs once before the instance ends in good order. */
export function cleanup()«: boolean» {
  return true;
}

/** Gets the data of each hook that plugin.json lists, and returns it, changed or not; it has 2 s. */
export function handleHook(hook«: HookName», data«: JsonObject»)«: JsonObject» {
  if (hook === 'on_error') logger?.warn('something went wrong');
  else logger?.info('a tool is about to run', { tool: data['tool'] ?? null });
  return data;
}
`,
};

const HANDLES: Readonly<Record<Style, readonly [string, string]>> = {
  define: [
    `import plugin from '../main.ts';`,
    `const handle = (hook«: 'before_tool_call' | 'on_error'», data«: JsonObject») => plugin.hooks[hook](data, contextOf());`,
  ],
  class: [
    `import Notes from '../main.ts';`,
    `const plugin = new Notes();
await plugin.onLoad(contextOf());
const handle = (hook«: 'before_tool_call' | 'on_error'», data«: JsonObject») => plugin.handleHook(hook, data);`,
  ],
  functions: [
    `import { handleHook, initPlugin } from '../main.ts';`,
    `initPlugin(contextOf());
const handle = (hook«: 'before_tool_call' | 'on_error'», data«: JsonObject») => handleHook(hook, data);`,
  ],
};

/** A plugin that sees hooks and has no tools. */
export function hookSources({ style, lang }: Choices): Sources {
  const [imports, handle] = HANDLES[style];
  return {
    about: 'Notes in its log which tools agents call.',
    usage: 'It handles the hooks `before_tool_call` and `on_error`, and changes nothing.',
    manifestFields: () => ({ hooks: ['before_tool_call', 'on_error'] }),
    modules: [[`main.${lang}`, inLanguage(lang, HOOK_MAINS[style])]],
    tests: inLanguage(
      lang,
      `«import type { JsonObject, PluginContext, ToolContext } from '@bulkhead/sdk';»
import assert from 'node:assert/strict';
import { test } from 'node:test';
${imports}

${CONTEXT}${handle}

test('a call passes through as it came', async () => {
  const data = { tool: 'hello', params: { name: 'Ada' } };
  assert.deepEqual(await handle('before_tool_call', data), data);
});

test('an error passes through as it came', async () => {
  assert.deepEqual(await handle('on_error', { code: 'PLUGIN_THREW' }), { code: 'PLUGIN_THREW' });
});
`,
    ),
  };
}
