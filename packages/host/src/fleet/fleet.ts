/**
 * The releases that are run on this host, by digest. It starts and retires them; which tenant runs which is not its
 * question.
 */
import type { HookName } from '@bulkhead/protocol';
import { LivePlugin, type LiveOptions, type LiveSpec } from './live-plugin.ts';

/** The running releases of one host, and the only way to add or end one. */
export type Fleet = {
  readonly find: (digest: string) => LivePlugin | undefined;
  /** Adds a release, or returns the one that is there. */
  readonly add: (spec: LiveSpec) => LivePlugin;
  /** Keeps a release from being retired as one that nobody runs, until the returned function is called. */
  readonly hold: (digest: string) => () => void;
  readonly isHeld: (digest: string) => boolean;
  /** Takes a release out at once; what it has in flight ends before the promise resolves, whoever took it out. */
  readonly retire: (digest: string) => Promise<void>;
  readonly all: () => readonly LivePlugin[];
  /** Releases whose manifest lists one of these hooks, a constant list; most calls ask, and most hosts have none. */
  readonly hooking: (hooks: readonly HookName[]) => readonly LivePlugin[];
  /** Ends every guest; calls in flight are answered with HOST_CLOSED. */
  readonly close: () => Promise<void>;
};

/** Makes an empty fleet. */
export function createFleet(options: LiveOptions): Fleet {
  const plugins = new Map<string, LivePlugin>();
  /** Until what they had in flight has ended; of one digest there are several where it came back meanwhile. */
  const retiring = new Map<LivePlugin, Promise<void>>();
  /** One entry for each holder. */
  const held = new Map<symbol, string>();
  const hooking = new Map<readonly HookName[], readonly LivePlugin[]>();
  return {
    find: (digest) => plugins.get(digest),
    add: (spec) => {
      const existing = plugins.get(spec.digest);
      if (existing !== undefined) return existing;
      const plugin = new LivePlugin(spec, options);
      plugins.set(spec.digest, plugin);
      hooking.clear();
      return plugin;
    },
    hold: (digest) => {
      const holder = Symbol(digest);
      held.set(holder, digest);
      return () => void held.delete(holder);
    },
    isHeld: (digest) => [...held.values()].includes(digest),
    retire: async (digest) => {
      const plugin = plugins.get(digest);
      if (plugin !== undefined) {
        plugins.delete(digest);
        hooking.clear();
        retiring.set(
          plugin,
          plugin.retire().finally(() => retiring.delete(plugin)),
        );
      }
      await Promise.all([...retiring].flatMap(([each, ended]) => (each.spec.digest === digest ? [ended] : [])));
    },
    all: () => [...plugins.values()],
    hooking: (hooks) => {
      const known = hooking.get(hooks);
      if (known !== undefined) return known;
      const isMeant = ({ spec }: LivePlugin): boolean => spec.manifest.hooks.some((hook) => hooks.includes(hook));
      const found = [...plugins.values()].filter(isMeant);
      hooking.set(hooks, found);
      return found;
    },
    close: async () => {
      await Promise.all([...plugins.values(), ...retiring.keys()].map((plugin) => plugin.close()));
    },
  };
}
