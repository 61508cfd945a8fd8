/**
 * Parameters written with a schema library: bundled from the plugin's node_modules, turned into JSON Schema in the guest,
 * judged by the host, and parsed again (defaults, transforms) before the tool runs.
 */
import { createHost, type Host } from '@bulkhead/host';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const INSTALLED = resolve(import.meta.dirname, '../../node_modules');

const LIBRARIES = [
  {
    name: 'zod',
    packages: ['zod'],
    code: "import { z } from 'zod'; const parameters = z.object({ n: z.number().int().min(1), unit: z.string().default('m') });",
  },
  {
    name: 'valibot',
    packages: ['valibot', '@valibot/to-json-schema'],
    code: `import * as v from 'valibot'; import { toStandardJsonSchema } from '@valibot/to-json-schema';
      const parameters = toStandardJsonSchema(v.object({ n: v.pipe(v.number(), v.integer(), v.minValue(1)), unit: v.optional(v.string(), 'm') }));`,
  },
  {
    name: 'arktype',
    packages: ['arktype', 'arkregex', '@ark/schema', '@ark/util'],
    code: "import { type } from 'arktype'; const parameters = type({ n: 'number.integer >= 1', unit: \"string = 'm'\" });",
  },
] as const;

let host: Host;
let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bulkhead-test-schemas-'));
  host = await createHost({ spareCount: 0 });
});

afterAll(async () => {
  await host.close();
  await rm(root, { recursive: true });
});

async function writePlugin(library: (typeof LIBRARIES)[number]): Promise<string> {
  const dir = join(root, library.name);
  for (const name of library.packages) {
    const link = join(dir, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(INSTALLED, name), link);
  }
  const manifest = { name: library.name, version: '1.0.0', description: 'Measures.', author: 'Tests' };
  await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
  const tool =
    "{ name: 'measure', description: 'Measures.', parameters, execute: (params) => ({ text: params.n + params.unit }) }";
  await writeFile(
    join(dir, 'main.ts'),
    `import { definePlugin, defineTool } from '@bulkhead/sdk';\n${library.code}\nexport default definePlugin({ tools: [defineTool(${tool})] });`,
  );
  return dir;
}

test.each(LIBRARIES)(
  '$name: parameters become JSON Schema, are judged by the host and completed by the library',
  async (library) => {
    const release = await host.install(await writePlugin(library));
    expect(release).toMatchObject({ state: 'INITIALIZED' });
    const tool = host.tools().find(({ plugin }) => plugin === library.name);
    expect(tool?.parameters).toMatchObject({ type: 'object', properties: { n: { type: 'integer', minimum: 1 } } });
    const call = (params: unknown): Promise<unknown> => host.call({ plugin: library.name, tool: 'measure', params });
    expect(await call({ n: 3 })).toMatchObject({ ok: true, value: { text: '3m' } });
    expect(await call({ n: 0 })).toMatchObject({ ok: false, error: { kind: 'invalid_input', code: 'PARAMS_INVALID' } });
    expect(await call({ n: 'three' })).toMatchObject({
      ok: false,
      error: { kind: 'invalid_input', code: 'PARAMS_INVALID' },
    });
  },
);
