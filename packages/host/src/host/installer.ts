/**
 * Installs, one after another so that two installs of a name never interleave, and lists what was refused. It knows
 * folders, archives and reasons; the flow itself is install.ts.
 */
import { DEFAULT_TENANT, type ErrorCode } from '@bulkhead/protocol';
import { basename, isAbsolute, resolve } from 'node:path';
import { HostError } from '../base/host-error.ts';
import { EMBEDDER } from '../catalogue/audited.ts';
import type { Host, InstallOptions, InstalledRelease } from '../host-api.ts';
import { installPlugin } from '../install.ts';
import { fromPath } from '../install/read-plugin.ts';
import type { Installed } from '../install/install-path.ts';
import { dependencyOrder, type LeftOut } from '../registry/dependency-order.ts';
import { composeReason } from '../registry/reason.ts';
import { auditStartup } from '../registry/startup-audit.ts';
import { discoverPlugins } from '../source/discover-plugins.ts';
import { peekName, readManifest } from '../source/manifest-file.ts';
import { OPERATOR_FOLDER, SINGLE_FILE, readSource } from '../source/read-source.ts';
import { inActiveSpan } from '../tracing/install-span.ts';
import type { HostParts } from './open-parts.ts';
import { publishRelease } from './publish-release.ts';
import { uninstall, withdraw } from './take-out.ts';
import type { HostSettings } from './settings.ts';

/** The part of the embedding API that changes what is installed. */
export type Installer = Pick<Host, 'install' | 'installAll' | 'publish' | 'reload' | 'withdraw' | 'uninstall'>;

/** Makes the installer of a host. */
export function createInstaller(settings: HostSettings, parts: HostParts): Installer {
  const { registry, inTurn } = parts.install;
  /** For whom a folder was installed, and with which grants: reading it again is for them, too. */
  const optionsOf = new Map<string, InstallOptions>();

  async function installOne(dir: string, options: InstallOptions): Promise<InstalledRelease> {
    const grantsOf = (name: string): readonly string[] | undefined => options.grant ?? settings.grants[name];
    const { tenant, mayRecallTrial = false } = options;
    const installing = inActiveSpan('bulkhead.install', {}, async (span) => {
      const request = { tenant, grantsOf, mayRecallTrial };
      const installed = await installPlugin(parts.install, { from: await fromPath(resolve(dir)), ...request });
      const described = describeInstalled(parts, installed);
      const { name, version, state } = described;
      span.setAttributes({ 'bulkhead.plugin': name, 'bulkhead.plugin.version': version, 'bulkhead.state': state });
      return described;
    });
    // What is enabled for all tenants is no change of the catalogue that residents would hear of.
    return installing.finally(parts.residents.didChange);
  }

  async function installListed(dir: string, options: InstallOptions): Promise<InstalledRelease> {
    const wasKnown = registeredPlaces(parts);
    optionsOf.set(resolve(dir), options);
    try {
      return await installOne(dir, options);
    } catch (error) {
      await listRefusal(parts, { dir: resolve(dir), error, isRunning: wasKnown.has(resolve(dir)) });
      throw error;
    }
  }

  async function installAll(dir: string, options: InstallOptions): ReturnType<Host['installAll']> {
    const found = await discoverPlugins(resolve(dir));
    const order = await orderByDependencies(found.map((plugin) => plugin.dir));
    const installed: InstalledRelease[] = [];
    for (const folder of order.folders) {
      const release = await installListed(folder, options).catch(() => undefined); // Listed as refused, with the reason.
      if (release !== undefined) installed.push(release);
    }
    await parts.sandbox.driver.pool.settled(); // The trials took spares; whoever calls first finds one again.
    for (const left of order.leftOut) leaveOut(parts, left);
    for (const violation of auditOf(
      settings,
      parts,
      found.map((plugin) => plugin.dir),
    ))
      settings.log.error({}, violation);
    return { installed, refused: registry.refused() };
  }

  async function reload(name: string): Promise<InstalledRelease> {
    const place = placeToRead(parts, name);
    if (registry.registered().some((plugin) => plugin.name === name)) registry.reload(name);
    const options = { ...(optionsOf.get(place) ?? storedOptions(parts, name)), mayRecallTrial: false };
    return startedAfresh(parts, await installListed(place, options));
  }

  return {
    install: (dir, options = {}) => inTurn(() => installListed(dir, options)),
    installAll: (dir, options = {}) => inTurn(() => installAll(dir, options)),
    publish: (what, { by = EMBEDDER } = {}) => inTurn(() => publishRelease(parts.install, what, by)),
    reload: (name) => inTurn(() => reload(name)),
    withdraw: (name, tenant, by) => inTurn(() => withdraw(parts.install, { name, tenant, by })),
    uninstall: (name) => inTurn(() => uninstall(parts.install, name)),
  };
}

/** Where a plugin is read again from; what was sent to the server is nowhere. */
function placeToRead(parts: HostParts, name: string): string {
  const known = parts.install.registry.registered().find((plugin) => plugin.name === name);
  const place = known?.place ?? refusedPlace(parts, name);
  if (place === undefined) throw new HostError('PLUGIN_NOT_FOUND', { message: `Plugin not found: "${name}"` });
  if (isAbsolute(place)) return place;
  throw new HostError('SOURCE_NOT_FOUND', {
    message: `"${name}" was sent to the server ("${place}"), so there is no folder to read again`,
    hint: 'Install its next version; a tenant’s own token, or --tenant, starts its instances afresh.',
  });
}

/** What a folder holds may be what ran before; whoever reloads it need not wait for calls that may last minutes. */
function startedAfresh({ install }: HostParts, installed: InstalledRelease): InstalledRelease {
  if (installed.digest !== undefined) void install.fleet.find(installed.digest)?.renew();
  return installed;
}

/** For whom a plugin of an earlier start is read again: the built-in tenant where that has it, else everybody. */
function storedOptions({ install }: HostParts, name: string): InstallOptions {
  const isDefaults = install.releases.registrationsOf(DEFAULT_TENANT).some((row) => row.plugin_name === name);
  return isDefaults ? { tenant: DEFAULT_TENANT } : {};
}

function registeredPlaces(parts: HostParts): ReadonlySet<string | undefined> {
  return new Set(parts.install.registry.registered().map((plugin) => plugin.place));
}

function refusedPlace(parts: HostParts, name: string): string | undefined {
  return parts.install.registry.refused().find((refusal) => refusal.name === name)?.path;
}

function describeInstalled(parts: HostParts, installed: Installed): InstalledRelease {
  const { manifest, release, findings, problems } = installed;
  const health = parts.install.registry.health(manifest.name, { showThrownText: true, showPlaces: true });
  return {
    name: manifest.name,
    version: release?.manifest.version ?? manifest.version,
    digest: release?.digest,
    state: health?.state ?? 'FAILED',
    reason: health?.reason,
    findings,
    problems,
  };
}

/** Lists a folder as refused; where its plugin runs already, the running release is not touched. */
async function listRefusal(
  parts: HostParts,
  refused: { readonly dir: string; readonly error: unknown; readonly isRunning: boolean },
): Promise<void> {
  const { registry, log } = parts.install;
  const { code, message, hint } = refusalOf(refused.error);
  const name = (await nameIn(refused.dir)) ?? basename(refused.dir);
  const reason = composeReason({ code, message, cure: hint });
  log.warn({ plugin: name, code, path: refused.dir }, reason);
  if (refused.isRunning) return;
  const owner = registry.registered().find((plugin) => plugin.name === name);
  if (owner?.place === refused.dir) registry.unregister(name);
  registry.refuse({ name, path: refused.dir, code, reason });
}

function refusalOf(error: unknown): { readonly code: ErrorCode; readonly message: string; readonly hint: string } {
  if (error instanceof HostError) return error;
  return {
    code: 'HOST_FAULT',
    message: 'the server failed while it installed the plugin',
    hint: 'Read the server’s log.',
  };
}

async function nameIn(dir: string): Promise<string | undefined> {
  // Links are left out, not refused: a folder that is refused for one has its name all the same.
  const source = await readSource(dir, SINGLE_FILE).catch(() => undefined); // It is being refused for that.
  return source === undefined ? undefined : peekName(source);
}

type Order = { readonly folders: readonly string[]; readonly leftOut: readonly (LeftOut & { readonly dir: string })[] };

/** Folders whose manifest cannot be read keep their place at the end: installing them says what is wrong. */
async function orderByDependencies(folders: readonly string[]): Promise<Order> {
  const byName = new Map<
    string,
    { readonly dir: string; readonly manifest: Parameters<typeof dependencyOrder>[0][number] }
  >();
  const rest: string[] = [];
  for (const dir of folders) {
    const source = await readSource(dir, OPERATOR_FOLDER).catch(() => undefined); // Told when it is installed.
    const read = source === undefined ? undefined : readManifest(source);
    if (read?.ok !== true || byName.has(read.manifest.name)) rest.push(dir);
    else byName.set(read.manifest.name, { dir, manifest: read.manifest });
  }
  const { order, leftOut } = dependencyOrder([...byName.values()].map((entry) => entry.manifest));
  const dirOf = (name: string): string => byName.get(name)?.dir ?? '';
  return {
    folders: [...order.map(dirOf), ...rest],
    leftOut: leftOut.map((left) => ({ ...left, dir: dirOf(left.name) })),
  };
}

function leaveOut(parts: HostParts, left: LeftOut & { readonly dir: string }): void {
  const { registry } = parts.install;
  const { name, code, message, cure, dir } = left;
  const reason = composeReason({ code, message, cure, isPermanent: true });
  registry.register(name, { place: dir });
  if (left.state === 'UNAVAILABLE') registry.markUnavailable(name, reason, { code });
  else registry.markFailed(name, reason, { code });
}

function auditOf(settings: HostSettings, parts: HostParts, discovered: readonly string[]): readonly string[] {
  const { registry } = parts.install;
  const record = { discovered, registered: registry.registered(), refused: registry.refused() };
  return auditStartup(record, { strict: settings.isStrict });
}
