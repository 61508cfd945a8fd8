/**
 * Stores the release in a folder for whoever moves to it. What is refused is told to whoever asked, and listed nowhere: no
 * folder of the operator's is at stake.
 */
import { resolve } from 'node:path';
import type { InstalledRelease } from '../host-api.ts';
import { installPlugin } from '../install.ts';
import { reasonOfFailure } from '../install/go-live.ts';
import type { InstallPath, Installed } from '../install/install-path.ts';
import { inActiveSpan } from '../tracing/install-span.ts';

/** See `Host.publish`. */
export function publishFolder(path: InstallPath, dir: string, by: string): Promise<InstalledRelease> {
  const request = { dir: resolve(dir), tenant: undefined, grantsOf: () => undefined, mayRecallTrial: false };
  return inActiveSpan('bulkhead.install', {}, async (span) => {
    const published = described(await installPlugin(path, { ...request, candidate: { by } }));
    const { name, version, state } = published;
    span.setAttributes({ 'bulkhead.plugin': name, 'bulkhead.plugin.version': version, 'bulkhead.state': state });
    return published;
  });
}

/** Its state is how its trial ended: nobody runs it whose state would be another. */
function described({ manifest, release, findings, trial }: Installed): InstalledRelease {
  const failure = trial?.failure;
  const failed = failure?.kind === 'unavailable' ? 'UNAVAILABLE' : 'FAILED';
  return {
    name: manifest.name,
    version: manifest.version,
    digest: release?.digest,
    state: failure === undefined ? 'INITIALIZED' : failed,
    reason: failure === undefined ? undefined : reasonOfFailure(failure),
    findings,
  };
}
