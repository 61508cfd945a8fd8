/**
 * The files of a new plugin (F004-1, F004-8, F004-13). They import nothing, so that the folder works, and its tests run,
 * wherever it stands and with nothing installed.
 */
import type { PluginName } from '@bulkhead/protocol';

/** Returns text by path, relative to the plugin's folder. */
export function pluginFiles(name: PluginName): ReadonlyMap<string, string> {
  return new Map([
    ['plugin.json', manifest(name)],
    ['main.ts', main(name)],
    ['README.md', readme(name)],
    ['package.json', packageJson(name)],
    ['tests/plugin.test.ts', tests()],
  ]);
}

function manifest(name: PluginName): string {
  const value = {
    name,
    version: '0.1.0',
    description: 'Says hello.',
    author: 'The author',
    license: 'Apache-2.0',
    main: 'main.ts',
    dependencies: [],
    capabilities: [],
    required_permissions: [],
    limits: { timeout_ms: 5000, memory_mb: 128 },
    config: { enabled: true, interval: 300, log_level: 'INFO', features: { politely: true } },
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function main(name: PluginName): string {
  return `/**
 * ${name}: what it does, and what it never does.
 *
 * The default export is the plugin. \`execute\` gets the parameters, checked against \`parameters\`, and returns plain data.
 * It may throw: the caller gets an error, and the plugin stays up. With \`npm install @bulkhead/sdk\`, \`definePlugin\` and
 * \`defineTool\` type all this.
 */
type Context = { readonly config: { readonly features?: { readonly politely?: boolean } } };

function hello({ name }: { readonly name: string }, { config }: Context) {
  const greeting = \`Hello, \${name}.\`;
  return { greeting: config.features?.politely === true ? \`\${greeting} Nice to meet you.\` : greeting };
}

export default {
  tools: [
    {
      name: 'hello',
      description: 'Says hello to somebody.',
      parameters: {
        type: 'object',
        properties: { name: { type: 'string', minLength: 1 } },
        required: ['name'],
        additionalProperties: false,
      },
      returns: { type: 'object', properties: { greeting: { type: 'string' } }, required: ['greeting'] },
      idempotent: true,
      execute: hello,
    },
  ],
  healthCheck: () => ({ status: 'healthy', message: 'Ready to say hello.', metrics: {} }),
};
`;
}

function readme(name: PluginName): string {
  return `# ${name}

Says hello.

| tool    | takes              | returns                |
| ------- | ------------------ | ---------------------- |
| \`hello\` | \`{"name": string}\` | \`{"greeting": string}\` |

Configuration, in \`plugin.json\` under \`config\`: \`features.politely\` adds a second sentence. \`enabled\`, \`interval\` and
\`log_level\` are there for what the plugin will do on its own.

\`\`\`sh
bulkhead check .                                        # what would stop an install
bulkhead call . hello --params '{"name":"world"}'       # one call, in the sandbox
bulkhead serve --plugins .. --watch                     # serve it, and reload it on change
npm test                                                # its own tests
\`\`\`
`;
}

function packageJson(name: PluginName): string {
  const value = {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    scripts: { test: 'node --test "tests/*.test.ts"' },
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function tests(): string {
  return `import assert from 'node:assert/strict';
import { test } from 'node:test';
import plugin from '../main.ts';

const [hello] = plugin.tools;

test('hello greets by name', () => {
  assert.deepEqual(hello?.execute({ name: 'Ada' }, { config: {} }), { greeting: 'Hello, Ada.' });
});

test('hello is polite where the configuration says so', () => {
  const context = { config: { features: { politely: true } } };
  assert.deepEqual(hello?.execute({ name: 'Ada' }, context), { greeting: 'Hello, Ada. Nice to meet you.' });
});

test('the plugin is healthy', () => {
  assert.equal(plugin.healthCheck().status, 'healthy');
});
`;
}
