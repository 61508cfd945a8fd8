/**
 * The files of a new plugin (F004-1, F004-8, F004-13, F004-21). The folder works as it stands, wherever it is: where it imports
 * the SDK, the host supplies it, and `bulkhead test` does so for its tests.
 */
import type { JsonObject, PluginName } from '@bulkhead/protocol';
import type { Choices, Kind } from './choices.ts';
import { kindSources } from './kind-sources.ts';
import { licenceText } from './licence.ts';
import { hookSources, toolSources } from './plugin-sources.ts';
import type { Sources } from './source-text.ts';

/** Returns text by path, relative to the plugin's folder. */
export function pluginFiles(name: PluginName, choices: Choices): ReadonlyMap<string, string> {
  const sources = sourcesOf(choices);
  return new Map([
    ['plugin.json', json(manifest(name, choices, sources))],
    ...sources.modules,
    ['README.md', readme(name, choices, sources)],
    ['LICENSE', licenceText(AUTHOR)],
    ['package.json', json(packageJson(name, choices))],
    [`tests/plugin.test.${choices.lang}`, sources.tests],
  ]);
}

const AUTHOR = 'The author';

function sourcesOf(choices: Choices): Sources {
  switch (choices.kind) {
    case 'tool':
      return toolSources(choices);
    case 'hooks':
      return hookSources(choices);
    default:
      return kindSources({ ...choices, kind: choices.kind });
  }
}

function json(value: JsonObject): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function manifest(name: PluginName, { lang }: Choices, { about, manifestFields }: Sources): JsonObject {
  const { config = {}, ...fields } = manifestFields(name);
  return {
    name,
    version: '0.1.0',
    description: about,
    author: AUTHOR,
    license: 'MIT',
    main: `main.${lang}`,
    dependencies: [],
    capabilities: [],
    required_permissions: [],
    ...fields,
    config: { enabled: true, interval: 300, log_level: 'INFO', features: {}, ...(config as JsonObject) }, // Ours, below.
  };
}

const TRY: Readonly<Partial<Record<Kind, string>>> = {
  tool: `bulkhead call . hello --params '{"name":"world"}'      # one call, in the sandbox\n`,
};

function readme(name: PluginName, { kind }: Choices, { about, usage }: Sources): string {
  return `# ${name}

${about}

${usage}

Configuration stands in \`plugin.json\` under \`config\`. \`enabled\`, \`interval\`, \`log_level\` and \`features\` are there for what
the plugin will do on its own. It declares no capability tags yet; name under \`capabilities\` what it is for.

\`\`\`sh
bulkhead check .                                        # what would stop an install
bulkhead test .                                         # its contracts in the sandbox, then its own tests
${TRY[kind] ?? ''}bulkhead serve --plugins .. --watch                     # serve it, and reload it on change
\`\`\`

After \`npm install\` the editor knows the SDK's types, and \`npm test\` runs its own tests.
`;
}

function packageJson(name: PluginName, { lang }: Choices): JsonObject {
  return {
    name: `bulkhead-plugin-${name}`,
    version: '0.1.0',
    license: 'MIT',
    type: 'module',
    keywords: ['bulkhead-plugin'],
    scripts: { test: `node --test "tests/*.test.${lang}"` },
    devDependencies: { '@bulkhead/sdk': '^0.1.0' },
  };
}
