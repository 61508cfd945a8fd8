/**
 * The end of a release on this node: for everybody when nobody runs it any more, or for one tenant that has left it. What
 * is in flight ends first.
 */
import type { InstallPath } from './install-path.ts';
import { retireRelease } from './retire-release.ts';

/** What ends releases. */
export type RetirePath = Pick<InstallPath, 'fleet' | 'releases' | 'registry' | 'tier'>;

/** Ends the releases of a plugin that nobody runs any more and nobody is about to run. */
export async function retireUnnamed(path: RetirePath, name: string): Promise<void> {
  const { fleet, releases } = path;
  const left = fleet
    .all()
    .filter(({ spec }) => spec.name === name && !releases.isNamed(name, spec.version) && !fleet.isHeld(spec.digest));
  showAnother(path, name);
  await Promise.all(left.map(({ spec }) => retireRelease(path, { name, digest: spec.digest })));
}

/** Lets somebody try a release out without its being retired meanwhile; where nobody runs it afterwards it is ended. */
export async function whileHeld<Answer>(
  path: RetirePath,
  { name, digest }: { readonly name: string; readonly digest: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const letGo = path.fleet.hold(digest);
  try {
    return await work();
  } finally {
    letGo();
    void retireUnnamed(path, name);
  }
}

/** Ends the instances of a tenant that has moved to another release, unless it has come back meanwhile. */
export async function retireScope(
  { fleet, releases, registry }: RetirePath,
  left: { readonly name: string; readonly tenant: string; readonly digest: string },
): Promise<void> {
  const { name, tenant, digest } = left;
  await fleet.find(digest)?.renew(tenant);
  const resolution = releases.resolve(tenant, name);
  if (resolution.kind === 'resolved' && resolution.release.digest === digest) return;
  registry.retire(name, { scope: tenant, digest });
}

/** Health shows a plugin by one of its releases; where nobody runs that one any more, by the highest that somebody runs. */
function showAnother({ fleet, releases, registry, tier }: RetirePath, name: string): void {
  const shown = registry.health(name, { showThrownText: false })?.version;
  if (shown === undefined || releases.isNamed(name, shown)) return;
  const run = releases
    .releasesOf(name)
    .filter(({ manifest, digest }) => releases.isNamed(name, manifest.version) && fleet.find(digest) !== undefined);
  const running = run.find(({ isPublic }) => isPublic) ?? run[0];
  if (running === undefined) return;
  const { version, description } = running.manifest;
  registry.show(name, { version, description, digest: running.digest, tier });
}
