/**
 * Stores the release of a folder or an archive for whoever moves to it. What is refused is told to whoever asked, and listed nowhere: no
 * folder of the operator's is at stake.
 */
import { resolve } from 'node:path';
import type { InstalledRelease, Upload } from '../host-api.ts';
import { installPlugin } from '../install.ts';
import { reasonOfFailure } from '../install/go-live.ts';
import type { InstallPath, Installed } from '../install/install-path.ts';
import { fromPath, type InstallFrom } from '../install/read-plugin.ts';
import { inActiveSpan } from '../tracing/install-span.ts';

/** See `Host.publish`. */
export function publishRelease(path: InstallPath, what: string | Upload, by: string): Promise<InstalledRelease> {
  const request = { tenant: undefined, grantsOf: () => undefined, mayRecallTrial: false, candidate: { by } };
  return inActiveSpan('bulkhead.install', {}, async (span) => {
    const from = typeof what === 'string' ? await fromPath(resolve(what)) : uploaded(what);
    const published = described(await installPlugin(path, { ...request, from }));
    const { name, version, state } = published;
    span.setAttributes({ 'bulkhead.plugin': name, 'bulkhead.plugin.version': version, 'bulkhead.state': state });
    return published;
  });
}

function uploaded({ bytes, signature, npm, index }: Upload): InstallFrom {
  if (index !== undefined) {
    const place = `index:${index.origin.place}`;
    return { kind: 'archive', form: 'archive', place, bytes, signature, index };
  }
  const place = npm === undefined ? 'upload' : `npm:${npm}`;
  return { kind: 'archive', form: npm === undefined ? 'archive' : 'npm', place, bytes, signature };
}

/** Its state is how its trial ended: nobody runs it whose state would be another. */
function described({ manifest, release, findings, problems, trial }: Installed): InstalledRelease {
  const failure = trial?.failure;
  const failed = failure?.kind === 'unavailable' ? 'UNAVAILABLE' : 'FAILED';
  return {
    name: manifest.name,
    version: manifest.version,
    digest: release?.digest,
    state: failure === undefined ? 'INITIALIZED' : failed,
    reason: failure === undefined ? undefined : reasonOfFailure(failure),
    findings,
    problems,
  };
}
