import { parseManifest, type JsonObject } from '@bulkhead/protocol';
import { build } from 'esbuild';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { adaptPlugin, type AdaptedPlugin } from './adapt.ts';

const plugins = new URL('../../../../../plugins/', import.meta.url);

type Written = JsonObject & { readonly main: string };

const manifestOf = async (name: string): Promise<Written> =>
  JSON.parse(await readFile(new URL(`${name}/plugin.json`, plugins), 'utf8')) as Written; // Our own files.

/** Bundles main and the tools' entry points into one module, and imports it without a file. */
async function importPlugin(name: string, manifest: Written): Promise<unknown> {
  const entryPoints = (manifest['entry_points'] ?? { tools: {} }) as {
    readonly tools: Readonly<Record<string, string>>;
  };
  const tools = Object.entries(entryPoints.tools).map(([tool, place], index) => [
    tool,
    ...place.split('#'),
    `e${index}`,
  ]);
  const contents = [
    `import * as main from './${manifest.main}';`,
    ...tools.map(([, path, exported, local]) => `import { ${exported} as ${local} } from '${path}';`),
    `export { main };`,
    `export const entryPoints = { tools: { ${tools.map(([tool, , , local]) => `${tool}: ${local}`).join(', ')} } };`,
  ].join('\n');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(name, plugins)), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    conditions: ['source'],
    alias: { '@bulkhead/sdk': fileURLToPath(new URL('../../../../sdk/src/index.ts', import.meta.url)) },
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]?.contents ?? []).toString('base64')}`);
}

async function adapt(name: string): Promise<AdaptedPlugin> {
  const manifest = await manifestOf(name);
  const plugin = await adaptPlugin(await importPlugin(name, manifest), manifest);
  const logger = { info: () => undefined, error: () => undefined };
  await plugin.load({ tenantId: 'default', config: manifest['config'], logger });
  return plugin;
}

test('every first-party folder is complete: plugin.json without a finding, main, README and tests [F004-1] [F004-8] [F003-39]', async () => {
  const folders = (await readdir(plugins, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(folders.map((folder) => folder.name)).toEqual([
    'calculator',
    'evaluate',
    'execute',
    'greeter',
    'llm_anthropic',
    'llm_mock',
    'llm_openai_compatible',
    'llm_openrouter',
    'memory_analyzer',
    'patch_mutator',
    'pattern_recognizer',
    'render',
    'system_diagnostics',
    'text_tools',
    'units',
  ]);
  for (const { name } of folders) {
    const manifest = await manifestOf(name);
    expect(parseManifest(manifest)).toMatchObject({
      ok: true,
      manifest: { name, license: 'Apache-2.0', config: { enabled: true } },
    });
    const files = await readdir(new URL(name, plugins));
    expect(files).toEqual(expect.arrayContaining(['README.md', 'plugin.json', 'tests', manifest.main]));
  }
});

test('the class style: add(2, 3) has the value {"result": 5} and tells operation and operands [F003-40] [X003-9] [decision 18]', async () => {
  const calculator = await adapt('calculator');
  expect(calculator.tools.map((tool) => tool.name)).toEqual(['add', 'subtract', 'multiply', 'divide']);
  await expect(calculator.runTool('add', { a: 2, b: 3 }, {})).resolves.toEqual({
    value: { result: 5 },
    metadata: { operation: 'add', operands: [2, 3] },
  });
});

test('a division by zero is the tool’s own error, with its text [decision 18]', async () => {
  const calculator = await adapt('calculator');
  await expect(calculator.runTool('divide', { a: 1, b: 0 }, {})).rejects.toMatchObject({
    code: 'TOOL_REPORTED_ERROR',
    message: 'Division by zero',
  });
});

test('the definePlugin style: a tool’s return is the value', async () => {
  const textTools = await adapt('text_tools');
  expect(textTools.runTool('slugify', { text: 'Hello, World!' }, {})).toEqual({ value: { slug: 'hello-world' } });
});

test('the functions style: entry points are plain functions, and the life is kept [F004-9] [F004-10] [F004-11] [F004-12]', async () => {
  const greeter = await adapt('greeter');
  const context = { config: { features: { remember: true } }, logger: { info: () => undefined } };
  expect(greeter.metadata).toMatchObject({ name: 'greeter', version: '1.0.0' });
  await expect(greeter.runTool('greet', { name: 'Ada' }, context)).resolves.toEqual({
    value: { greeting: 'Hello, Ada!', is_back: false },
  });
  expect(greeter.healthCheck?.()).toMatchObject({ status: 'healthy', metrics: { guests: 1 } });
  await greeter.unload();
  expect(greeter.runExport('healthCheck', [])).toMatchObject({ status: 'error' });
});

test('plain JavaScript without an import', async () => {
  const units = await adapt('units');
  expect(units.runTool('convert', { value: 1, from: 'ft', to: 'in' }, {})).toEqual({
    value: { value: 12, unit: 'in' },
  });
});
