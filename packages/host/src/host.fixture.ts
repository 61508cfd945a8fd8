/**
 * For tests: a real host and plugin folders written in a line or two.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost } from './host.ts';
import type { Host } from './host-api.ts';
import type { HostOptions } from './host-options.ts';

/** A temporary folder of plugin folders, removed when it is disposed. */
export type PluginFolders = AsyncDisposable & {
  readonly root: string;
  /** Writes a plugin folder and returns it; `manifest` is added to the least that a manifest holds. */
  readonly write: (name: string, code: string, manifest?: Readonly<Record<string, unknown>>) => Promise<string>;
};

/** Makes a temporary folder for plugin folders. */
export async function createPluginFolders(): Promise<PluginFolders> {
  const root = await mkdtemp(join(tmpdir(), 'bulkhead-test-plugins-'));
  return {
    root,
    write: async (name, code, manifest = {}) => {
      const dir = join(root, name);
      await mkdir(dir, { recursive: true });
      const full = { name, version: '1.0.0', description: `Plugin ${name}.`, author: 'Tests', ...manifest };
      await writeFile(join(dir, 'plugin.json'), JSON.stringify(full));
      await writeFile(join(dir, 'main.ts'), code);
      return dir;
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** Source of a plugin with tools; each is the body of an async function of `params` and `context`. */
export function toolsSource(
  tools: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
): string {
  const listed = Object.entries(tools).map(
    ([name, body]) => `{ name: '${name}', description: '${name}', parameters: ${more[name] ?? "{ type: 'object' }"},
      async execute(params: any, context: any) { ${body} } }`,
  );
  return `export default { tools: [${listed.join(',\n')}] };`;
}

/** Opens a host that starts fast: no spares, and the weakest tier unless a test is about another. */
export function openTestHost(options: HostOptions = {}): Promise<Host> {
  return createHost({ spareCount: 0, tierMax: 'process', ...options });
}

/** What a tool answered, or the error that the call ended with. */
export async function askTool<Value = unknown>(
  host: Host,
  tool: string,
  { plugin, params = {}, tenant = 'default' }: AskedTool,
): Promise<Value> {
  const outcome = await host.call({ plugin, tool, params, tenant });
  return (outcome.ok ? outcome.value : { failed: outcome.error }) as Value; // Each test says what it expects.
}

/** Which plugin's tool, with what, and for whom. */
export type AskedTool = { readonly plugin: string; readonly params?: object; readonly tenant?: string };

/** Lines of a plugin's log. */
export function logTexts(host: Host, plugin: string, tenant = 'default'): readonly string[] {
  const { lines } = host.logs.read(plugin, { tenant, linesMax: 1_000, isPlatform: true });
  return lines.map(({ text }) => text);
}
