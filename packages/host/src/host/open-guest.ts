/**
 * Opens what runs a release for one scope: a guest of the `process` driver, or an MCP server of the `stdio` driver. What the release
 * asks becomes here what a driver is told.
 */
import { LIMITS, askedPermissions, callError, envNameOf, type Digest, type Manifest } from '@bulkhead/protocol';
import type { ArtifactStore } from '../artifact/store.ts';
import type { Resolution } from '../catalogue/releases.ts';
import type { LiveScope, LiveSpec } from '../fleet/live-plugin.ts';
import type { ProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import type { AnswerGuest, EventLine, EventLink, SandboxOpening } from '../sandbox/sandbox.ts';
import type { StdioDriver, StdioSpec } from '../sandbox/stdio/driver.ts';
import type { OpenProxy } from '../sandbox/stdio/proxy-doors.ts';
import { findCommand } from '../requirements/system-probe.ts';
import { refuseBackground, refuseJudged } from '../services/refuse-judged.ts';
import type { Belongings } from './possessions.ts';

/** The drivers of a host, and what MCP servers are made of. */
export type Drivers = {
  readonly sandbox: ProcessSandbox;
  readonly stdio: StdioDriver;
  /** The host's end of the proxy of a server that was granted `internet`. */
  readonly proxyOf: (spec: LiveSpec, scope: LiveScope) => OpenProxy;
  readonly artifacts: Pick<ArtifactStore, 'get'>;
  /** How a release stands for a tenant, also where it stands in for another. */
  readonly standingOf: (tenant: string, spec: LiveSpec) => Resolution;
  /** The host's own environment: of it a server is given what its registration was granted. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Whom it is for, who answers it, who takes its line of events, and what it has. */
export type GuestWays = {
  readonly scope: LiveScope;
  readonly answer: AnswerGuest;
  readonly connect: (line: EventLine) => EventLink;
  readonly belongings: Belongings;
};

/** Opens it. */
export function openGuest(drivers: Drivers, spec: LiveSpec, ways: GuestWays): Promise<SandboxOpening> {
  return spec.manifest.driver === 'stdio' ? openServer(drivers, spec, ways.scope) : openPlugin(drivers, spec, ways);
}

function openPlugin(drivers: Drivers, spec: LiveSpec, ways: GuestWays): Promise<SandboxOpening> {
  const { scope, belongings } = ways;
  const { kind, name, version, manifest, artifact, limits } = spec;
  return drivers.sandbox.driver.open({
    shape: { memoryMb: limits.memory_mb, hasTempDir: belongings.hasTempDir },
    cpuMsMax: limits.cpu_ms,
    binding: {
      ...{ kind, name, version, artifact, tenant: scope.name, config: scope.config },
      secrets: belongings.secrets,
      manifest: manifest.source,
      outputBytesMax: limits.output_bytes,
      // Of its own: a plugin's shorter call limit does not lower it.
      initTimeoutMs: LIMITS.init_timeout_ms.value,
      closeGraceMs: closeGraceMs(manifest),
    },
    ...(kind === 'plugin' && servicesOf(drivers, spec, ways)),
  });
}

/** Events are not told to what is judged: they are the live plugin's. What stands for no registration is answered nothing. */
function servicesOf(
  { standingOf }: Drivers,
  spec: LiveSpec,
  { scope, answer, connect }: GuestWays,
): Pick<GuestWays, 'answer'> & Partial<Pick<GuestWays, 'connect'>> {
  if (spec.isJudged !== true) return { answer, connect };
  const mayAsk = (): boolean => standingOf(scope.name, spec).kind === 'resolved';
  const answerGranted = refuseBackground(answer);
  return { answer: (ask, call) => (mayAsk() ? answerGranted : refuseJudged)(ask, call) };
}

/** What has threads has time to stop them before it unloads (X004-7). */
function closeGraceMs(manifest: Manifest): number {
  const threadsMs = askedPermissions(manifest).includes('threads') ? LIMITS.thread_stop_ms.value : 0;
  return LIMITS.shutdown_grace_ms.value + threadsMs;
}

async function openServer(drivers: Drivers, spec: LiveSpec, scope: LiveScope): Promise<SandboxOpening> {
  const { mcp } = spec.manifest;
  if (mcp === undefined) return notFound('a plugin of driver "stdio" without an MCP server');
  const command = mcp.command === 'node' ? undefined : await findCommand(mcp.command, drivers.env['PATH'] ?? '');
  if (mcp.command !== 'node' && command === undefined)
    return notFound(`the command "${mcp.command}" is not on the server's PATH any more`);
  const granted = grantedTo(drivers, spec, scope);
  return drivers.stdio.open({
    ...serverOf(spec, { command, readTree: readerOf(drivers, spec) }),
    tenant: scope.name,
    env: { ...mcp.env, ...valuesOf(drivers, granted) },
    keepsState: !scope.isTrial && spec.isJudged !== true && spec.manifest.sandbox.scope === 'tenant',
    allowChildren: granted.includes('children'),
    openProxy: granted.includes('internet') ? drivers.proxyOf(spec, scope) : undefined,
  });
}

type Found = Pick<StdioSpec, 'readTree'> & { readonly command: string | undefined };

function serverOf({ name, digest, manifest, limits }: LiveSpec, { command, readTree }: Found) {
  const { mcp, main } = manifest;
  return {
    ...{ name, digest, readTree },
    program: { main: command === undefined ? main : undefined, command, args: mcp?.args ?? [] },
    tools: mcp?.tools ?? [],
    memoryMb: limits.memory_mb,
    cpuMsMax: limits.cpu_ms,
    outputBytesMax: limits.output_bytes,
    initTimeoutMs: LIMITS.init_timeout_ms.value,
  };
}

/** What was read a moment ago is at hand; else it is in the store. */
function readerOf({ artifacts }: Drivers, { artifact, digest }: LiveSpec): StdioSpec['readTree'] {
  if (artifact.length > 0) return async () => artifact;
  return async () => (await artifacts.get(digest as Digest))?.module; // Of a release, so the store made it.
}

/** A trial has what the plugin cannot do without, but no value of the server's: nobody has granted any yet. */
function grantedTo({ standingOf }: Drivers, spec: LiveSpec, scope: LiveScope): readonly string[] {
  const { manifest } = spec;
  const asked = askedPermissions(manifest);
  if (scope.isTrial) return manifest.required_permissions.filter((word) => envNameOf(word) === undefined);
  const resolution = standingOf(scope.name, spec);
  if (resolution.kind !== 'resolved') return [];
  return resolution.registration.granted_permissions.filter((word) => asked.includes(word));
}

function valuesOf({ env }: Drivers, granted: readonly string[]): Readonly<Record<string, string>> {
  const given = granted.flatMap((word): readonly (readonly [string, string])[] => {
    const name = envNameOf(word);
    const value = name === undefined ? undefined : env[name];
    return name === undefined || value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(given);
}

function notFound(message: string): SandboxOpening {
  return { ok: false, error: callError('PLUGIN_UNAVAILABLE', { message }), stack: undefined };
}
