/**
 * The contract tests of a plugin, by name: what `bulkhead test` runs in the sandbox and `testPlugin` registers with the
 * author's own runner. Which there are is known from plugin.json alone, before anything of the plugin runs.
 */
import { parseObjectGroup, type ObjectGroup } from './entry-points.ts';
import { isJsonObject } from './json.ts';

/**
 * One contract test. `title` is a sentence about the plugin.
 *
 * @experimental
 */
export type ContractTest = { readonly id: string; readonly title: string };

/**
 * How one went; where it failed, `path` and `line` are where to look, and `hint` is what to do.
 *
 * @experimental
 */
export type ContractOutcome = ContractTest &
  (
    | { readonly ok: true }
    | {
        readonly ok: false;
        readonly message: string;
        readonly hint: string;
        /** Relative to the plugin's folder. */
        readonly path: string;
        readonly line: number | null;
      }
  );

const KINDS: Readonly<Record<ObjectGroup, string>> = {
  task_handlers: 'task handler',
  llm_backends: 'LLM backend',
  parent_selectors: 'parent selector',
  executors: 'executor',
  monitors: 'monitor',
};

/** Tests of every plugin, in their order: each can only go well where `loads` did. */
const OF_EVERY_PLUGIN = {
  loads: 'it loads in the sandbox',
  metadata: 'what it says of itself equals plugin.json',
  bad_input: 'bad input ends in an outcome',
  survives: 'the server survives it, and it answers on',
  cleanup: 'its cleanup leaves nothing behind',
} as const;

/**
 * Ids of the tests that every plugin has; an entry point's is `group/name`.
 *
 * @experimental
 */
export type ContractId = keyof typeof OF_EVERY_PLUGIN;

/**
 * Returns the tests for a plugin.
 *
 * @param manifest - plugin.json as JSON, whatever it holds; what is no entry point has no test.
 * @experimental
 */
export function contractTests(manifest: unknown): readonly ContractTest[] {
  const groups = isJsonObject(manifest) && isJsonObject(manifest['entry_points']) ? manifest['entry_points'] : {};
  const ofEntries = Object.entries(groups).flatMap(([word, named]) => {
    const group = parseObjectGroup(word);
    if (group === undefined || !isJsonObject(named)) return [];
    return Object.keys(named).map((name) => ({
      id: `${group}/${name}`,
      title: `its ${KINDS[group]} "${name}" keeps the contract of its kind`,
    }));
  });
  const { loads, metadata, ...after } = Object.fromEntries(
    Object.entries(OF_EVERY_PLUGIN).map(([id, title]) => [id, { id, title }]),
  ) as Record<ContractId, ContractTest>; // fromEntries forgets its keys.
  return [loads, metadata, ...ofEntries, after.bad_input, after.survives, after.cleanup];
}
