/**
 * A module of which only its named functions are called: a file given to runSandboxed, and the host's self-test.
 */
import type { AdaptedPlugin } from './adapt.ts';
import { isRecord } from './shape.ts';

/** Adapts an imported artifact to its named exports; it has no tools, no hooks and no life of its own. */
export function adaptFunctions(artifact: unknown): AdaptedPlugin {
  const main = isRecord(artifact) && isRecord(artifact['main']) ? artifact['main'] : {};
  const functions = new Map(Object.entries(main).filter(([, value]) => typeof value === 'function'));
  const nothing = async (): Promise<void> => undefined;
  return {
    metadata: {},
    tools: [],
    hooks: [],
    exports: [...functions.keys()],
    entries: () => [],
    offers: { resources: [], prompts: [] },
    load: nothing,
    unload: nothing,
    runTool: unknownName,
    runExport: (name, args) => {
      const found = functions.get(name);
      if (typeof found !== 'function') return unknownName(name);
      return Reflect.apply(found, undefined, [...args]);
    },
    runEntry: unknownName,
    runHook: unknownName,
    healthCheck: undefined,
  };
}

function unknownName(name: string): never {
  throw new Error(`the module exports no function "${name}"`);
}
