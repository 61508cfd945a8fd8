/**
 * One load of a plugin that was bundled, in a host of its own that ends with it: what `check` says beside what it reads.
 */
import { DEFAULT_TENANT, type Finding } from '@bulkhead/protocol';
import { digestOf, encodeArtifact, type Storable } from './artifact/artifact.ts';
import { placeOf } from './bundle/map-stack.ts';
import { LivePlugin } from './fleet/live-plugin.ts';
import { openHost } from './host.ts';
import { resolveSettings } from './host/settings.ts';
import type { PreparedSandbox } from './sandbox/process/prepare-sandbox.ts';
import { problemsOfTrial } from './install/problems.ts';
import { prepareSchemas } from './schema/compile-schema.ts';

/** Loads a plugin, and answers what is wrong with it then; disposing ends the host. */
export type LoadOnce = AsyncDisposable & { readonly load: (bundle: Storable) => Promise<readonly Finding[]> };

/**
 * Opens the host behind whatever is done meanwhile: its sandbox is measured first, since code of the plugin will run, and that
 * takes as long as reading does.
 */
export function openLoadOnce(preparing: Promise<PreparedSandbox>): LoadOnce {
  const settings = resolveSettings({ spareCount: 0, measured: 'lately' });
  const opening = preparing.then((prepared) => openHost({ ...settings, prepared }));
  // What becomes of it `load` tells, where there is one; meanwhile the plugin is read in another process.
  opening.then(prepareSchemas, () => undefined);
  return {
    load: async (bundle) => {
      const { parts } = await opening;
      const { manifest, module: artifact, sourceMap } = bundle;
      const { name, version, limits } = manifest;
      const digest = digestOf(encodeArtifact(bundle));
      const spec = { kind: 'plugin', name, version, digest, manifest, artifact, sourceMap, limits } as const;
      const live = new LivePlugin(spec, parts.live);
      const tried = await live.tryOut(DEFAULT_TENANT, manifest.config);
      await live.close();
      if (tried.ok) return [];
      const place = placeOf(tried.stack, sourceMap);
      return problemsOfTrial(manifest, { failure: tried.error, health: 'error', place });
    },
    [Symbol.asyncDispose]: () =>
      opening.then(
        ({ host }) => host.close(),
        () => undefined,
      ),
  };
}
