/**
 * The plugins of a server that is killed: one with each kind of ledger, and one that administrators change meanwhile.
 */
import { writeFiles } from '../../support/scratch.ts';

/** `hold` never ends; `seen` lists the calls of `hold` that the guest has seen. */
const CODE = `const held = [];
const parameters = { type: 'object', properties: { n: { type: 'number' } } };
export default { tools: [
  { name: 'mark', description: 'Answers what it was given.', parameters, execute: ({ n }) => ({ n }) },
  { name: 'hold', description: 'Never ends.', parameters, execute: ({ n }) => (held.push(n), new Promise(() => {})) },
  { name: 'seen', description: 'Lists what is held.', parameters, execute: () => ({ held }) },
] };
`;

/** Plugins whose calls are judged, by the ledger that each asks for. */
export const LEDGERS = ['strict', 'batched'] as const;
/** The plugin whose registration changes. */
export const CHANGED = 'changed';

/** Releases of that plugin, oldest first: each is stored by a start of its own. */
export const VERSIONS = ['1.0.0', '2.0.0'] as const;

/** Writes the plugin folders into one; the plugin whose registration changes with that version. */
export async function writePlugins(folder: string, version: string): Promise<string> {
  for (const name of [...LEDGERS, CHANGED]) {
    const ledger = name === 'strict' ? 'strict' : 'batched';
    const about = { name, version: name === CHANGED ? version : '1.0.0', description: `${name}.`, author: 'Tests' };
    const manifest = { ...about, main: 'main.js', ledger, limits: { instances: 1, concurrency: 64 } };
    await writeFiles(`${folder}/${name}`, { 'plugin.json': JSON.stringify(manifest), 'main.js': CODE });
  }
  return folder;
}
