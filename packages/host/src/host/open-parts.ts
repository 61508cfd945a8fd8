/**
 * Opens the parts of a host in the order in which they need one another, and says how each is closed.
 */
import { isTierAtLeast } from '@bulkhead/protocol';
import { randomBytes, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createArtifactStore } from '../artifact/disk-store.ts';
import { shareArtifacts } from '../artifact/shared-store.ts';
import { createMemoryArtifactStore, type ArtifactStore } from '../artifact/store.ts';
import { createCallIds } from '../base/call-ids.ts';
import { HostError } from '../base/host-error.ts';
import { createStayAwake } from '../base/stay-awake.ts';
import { systemTimer } from '../base/timer.ts';
import { createTurns } from '../base/turns.ts';
import type { CallPath } from '../call/call-run.ts';
import { compileTool, recallTool } from '../fleet/compile-tool.ts';
import type { Agents } from '../agents/agents.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import type { TierPolicy } from '../fleet/needed-tier.ts';
import type { Residents } from '../fleet/residents.ts';
import { grantedAs, type LiveOptions, type LiveSpec } from '../fleet/live-plugin.ts';
import { createHookChain } from '../hooks/chain.ts';
import { createFollower, type Follower } from '../install/follow.ts';
import type { InstallPath } from '../install/install-path.ts';
import { createStandBy } from '../install/stand-by.ts';
import { findStanding } from '../moves/canary.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { createJournal, type Journal } from '../journal/journal.ts';
import type { RolloutDriver } from '../moves/rollout.ts';
import type { Registry, Subject } from '../registry/registry.ts';
import { openCatalogue, type Catalogue } from '../catalogue/catalogue.ts';
import type { SecretVault } from '../catalogue/secrets.ts';
import { createReleases, type Releases } from '../catalogue/releases.ts';
import type { ProcessDriverOptions } from '../sandbox/process/driver.ts';
import { openProcessSandbox, type ProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import {
  SHARED_SCOPE,
  type AnswerGuest,
  type EventLine,
  type EventLink,
  type SandboxDeath,
} from '../sandbox/sandbox.ts';
import type { StdioDriver } from '../sandbox/stdio/driver.ts';
import { openStdioDriver } from '../sandbox/stdio/open-stdio-driver.ts';
import { createRefusals, type Refusals } from '../refusals/refusals.ts';
import { findOperatorSecrets } from '../secrets/operator-secrets.ts';
import { createPlaceholders } from '../secrets/placeholders.ts';
import type { AnswerAsk } from '../services/desk.ts';
import { readSdk } from '../source/host-package.ts';
import type { Storage } from '../storage/port.ts';
import type { Nodes } from '../nodes/nodes.ts';
import { openHostNodes } from './open-nodes.ts';
import { openBackground, type Background } from './open-background.ts';
import { openMoves, type Late } from './open-moves.ts';
import { openAdmission, type HostAdmission } from './open-admission.ts';
import { openCommands, type HostCommands } from './open-commands.ts';
import { holdDataDirectory } from './hold-data-directory.ts';
import { openEgress, type HostEgress } from './open-egress.ts';
import { openSecrets } from './open-secrets.ts';
import { openAgents } from './open-agents.ts';
import { backendKeys, openLlm, type HostLlm } from './open-llm.ts';
import { openEvents, type HostEvents } from './open-events.ts';
import type { LateCalls } from './late-calls.ts';
import { keepState } from './keep-state.ts';
import { openRegisters, type Registers } from './open-registers.ts';
import { openServices } from './open-services.ts';
import { openRecordings, type HostRecordings } from './open-recordings.ts';
import { openRecords } from './open-records.ts';
import type { Workshop } from '../toolchain/workshop.ts';
import { openWorkshop } from './open-workshop.ts';
import { createHookLists, invokeHook } from './hook-calls.ts';
import { openRegistry } from './open-registry.ts';
import { tellEnd } from './plugin-logs.ts';
import { openGuest, type Drivers } from './open-guest.ts';
import { createPossessions, type Possessions } from './possessions.ts';
import { debugLimits, type HostSettings } from './settings.ts';

/** The opened parts, joined to the paths that the two flows take. */
export type HostParts = Registers & {
  readonly call: CallPath;
  readonly install: InstallPath;
  readonly follower: Follower;
  readonly rollouts: RolloutDriver;
  readonly nodes: Nodes;
  readonly sandbox: ProcessSandbox;
  readonly stdio: StdioDriver;
  readonly refusals: Refusals;
  readonly live: LiveOptions;
  readonly journal: Journal;
  readonly background: Background;
  readonly residents: Residents;
  readonly events: HostEvents;
  readonly llm: HostLlm;
  readonly agents: Agents;
  readonly recordings: HostRecordings['recordings'];
  readonly mirror: HostRecordings['mirror'];
};

/** Opens everything; what was opened is closed in reverse by `closing`, also when a later step fails. */
export async function openParts(settings: HostSettings, closing: AsyncDisposableStack): Promise<HostParts> {
  const { clock, log, env, platformVersion, minTier, untrustedMinTier, signatures, guard, installNotes } = settings;
  if (settings.dataDir !== undefined) closing.use(await holdDataDirectory(settings.dataDir));
  const [guests, late, lateCalls]: [Guests, Late, LateCalls] = [{}, {}, {}];
  const metrics = createMetrics({ guests: () => countGuests(guests) });
  const journal = createJournal(() => clock.wallTime());
  const { storage, sandbox } = await openSlowParts(settings, { metrics, journal }, closing);
  guests.sandbox = sandbox;
  const { transitions, usage, agentRuns, ...records } = await openRecords(settings, { storage, metrics }, closing);
  const events = openEvents(settings, { storage, metrics, journal, node: records.node, late: lateCalls }, closing);
  const registry = openRegistry(clock, { transitions, journal, events, late }, closing);
  const workshop = openHostWorkshop(settings, sandbox, closing);
  const catalogue = await openReadCatalogue(settings, storage, closing);
  const { recordings, ...told } = openRecordings(settings, { storage, catalogue, metrics }, closing);
  const { admitter, chargeGuest, chargeUse } = openAdmission(settings, catalogue, closing);
  const background = openBackground(settings, { registry, journal }, closing);
  const releases = createReleases({ catalogue, clock, newId: randomUUID });
  const { possessions, secrets, standingOf } = await openOwned(settings, { catalogue, releases, storage });
  const egress = await openEgress(settings, { storage, usage, metrics, catalogue, secrets, possessions }, closing);
  const llm = openLlm(settings, { storage, usage, catalogue, metrics, late: lateCalls });
  const commands = await openCommands(settings, { sandbox, charge: chargeUse }, closing);
  const asked = { storage, metrics, events, egress, llm, commands, threads: background.methods, late: lateCalls };
  const artifacts = await openArtifacts(settings, releases, storage);
  const drivers = await openDrivers(settings, { sandbox, artifacts, standingOf, metrics, journal, egress }, closing);
  await keepState(settings, { catalogue, guests, state: drivers.stdio.state }, closing);
  const watchers = { registry, metrics, chargeGuest, journal, background, events, egress, llm, commands, possessions };
  const live = liveOptions(settings, { drivers, ...watchers, answerAsk: openServices(settings, asked) });
  const fleet = openFleet(live, guests, closing);
  closing.defer(() => admitter.close());
  catalogue.onChange(() => keepInStep(fleet, standingOf, possessions));
  const { tier } = sandbox.receipt;
  const shared = { log, releases, registry, metrics, journal, fleet, tier, minTier, untrustedMinTier, installNotes };
  const brought = { workshop, supplied: [await readSdk()], artifacts, storage, clock, inTurn: createTurns() };
  const install = { ...shared, ...brought, env, platformVersion, signatures, guard, state: drivers.stdio.state };
  const follower = openFollower(install, { catalogue, events }, closing);
  const nodes = await openHostNodes(settings, { ...shared, node: records.node, storage });
  closing.defer(() => nodes.close());
  const rollouts = openMoves({ install, catalogue, nodes, node: records.node, late }, closing);
  const arriving = { bring: follower.bring, missing: follower.missing, standBy: openStandBy(install, closing) };
  const called = { ...shared, ...records, ...told, storage, admitter, secrets, events: events.calls, ...arriving };
  const call = callPath(settings, called);
  lateCalls.path = call;
  return {
    call,
    background,
    residents: background.keep(call, catalogue),
    install,
    follower,
    rollouts,
    nodes,
    ...drivers,
    live,
    journal,
    events,
    ...{ llm, recordings, mirror: told.mirror },
    agents: openAgents(settings, { ...call, agentRuns }, closing),
    ...openRegisters(settings, { catalogue, storage, node: records.node }),
  };
}

/** What is opened late, and looked at only after that. */
type Guests = { fleet?: Fleet; sandbox?: ProcessSandbox };

function openFleet(live: LiveOptions, guests: Guests, closing: AsyncDisposableStack): Fleet {
  const fleet = createFleet(live);
  closing.defer(() => fleet.close());
  guests.fleet = fleet;
  return fleet;
}

/**
 * Opens at once what takes long and knows nothing of each other: an embedded database that is new, and the self-test of
 * the sandbox. The storage is closed last.
 */
async function openSlowParts(
  settings: HostSettings,
  told: Told,
  closing: AsyncDisposableStack,
): Promise<{ readonly storage: Storage; readonly sandbox: ProcessSandbox }> {
  const [storage, sandbox] = await Promise.allSettled([settings.openStorage(), openSandbox(settings, told)]);
  for (const opened of [storage, sandbox]) if (opened.status === 'fulfilled') closing.defer(() => opened.value.close());
  if (storage.status === 'rejected') throw storage.reason;
  if (sandbox.status === 'rejected') throw sandbox.reason;
  return { storage: storage.value, sandbox: sandbox.value };
}

function openHostWorkshop(settings: HostSettings, sandbox: ProcessSandbox, closing: AsyncDisposableStack): Workshop {
  const workshop = openWorkshop({ settings, sandbox: { ...sandbox, tier: sandbox.receipt.tier } });
  closing.defer(() => workshop.close());
  return workshop;
}

async function openReadCatalogue(
  { clock, log }: HostSettings,
  storage: Storage,
  closing: AsyncDisposableStack,
): Promise<Catalogue> {
  const catalogue = await openCatalogue(storage, clock);
  closing.defer(() => catalogue.close());
  for (const name of catalogue.shelf.unreadable()) log.warn({ release: name }, UNREADABLE);
  return catalogue;
}

function openFollower(
  path: InstallPath,
  { catalogue, events }: { readonly catalogue: Catalogue; readonly events: HostEvents },
  closing: AsyncDisposableStack,
): Follower {
  const follower = createFollower({ path, clock: path.clock, startTimer: systemTimer });
  catalogue.onChange(follower.didChange);
  catalogue.onChange(events.offers.didChange);
  closing.defer(() => follower.close());
  return follower;
}

function openStandBy(path: InstallPath, closing: AsyncDisposableStack): CallPath['standBy'] {
  const standBy = createStandBy({ path, clock: path.clock, startTimer: systemTimer });
  closing.defer(standBy.close);
  return standBy.keep;
}

const UNREADABLE = 'a stored release is not understood by this version of the host, and left where it is';

type Shared = Pick<CallPath & InstallPath, 'log' | 'releases' | 'registry' | 'metrics' | 'fleet' | keyof TierPolicy>;

type CallParts = Shared &
  Pick<
    CallPath,
    | ('journal' | 'events' | 'node' | 'ledger' | 'settlements' | 'storage' | 'admitter' | 'bring' | 'secrets')
    | ('recorder' | 'mirror' | 'standBy')
  >;

function callPath(settings: HostSettings, shared: CallParts & Pick<Follower, 'missing'>): CallPath {
  const { clock } = settings;
  const hooking = { ...shared, hookRules: settings.hooks };
  const hookChain = createHookChain({
    invoke: (invocation) => invokeHook(hooking, clock, invocation),
    startTimer: systemTimer,
    stayAwake: createStayAwake({ processors: availableParallelism(), now: clock.now, nextTurn: setImmediate }),
    defer: (work) => void setImmediate(work),
    didFail: (failure) => settings.log.warn(failure, 'a hook failed'),
  });
  return {
    ...shared,
    clock,
    hookChain,
    newCallId: createCallIds(),
    hooksFor: createHookLists(hooking),
  };
}

/** What instances have of their own, and the secrets that stand behind their placeholders. */
async function openOwned(
  settings: HostSettings,
  joined: { readonly catalogue: Catalogue; readonly releases: Releases; readonly storage: Storage },
): Promise<{ readonly possessions: Possessions; readonly secrets: SecretVault; readonly standingOf: StandingOf }> {
  const operatorSecret = findOperatorSecrets(backendKeys(settings.backends));
  const placeholderOf = createPlaceholders(randomBytes(32));
  const standingOf = standingBy(settings, joined.releases);
  return {
    standingOf,
    possessions: createPossessions({ ...joined, standingOf, placeholderOf, operatorSecret }),
    secrets: await openSecrets(settings, { ...joined, operatorSecret }),
  };
}

function standingBy({ clock }: HostSettings, releases: Releases): StandingOf {
  return (tenant, spec) => findStanding({ releases, clock }, tenant, { name: grantedAs(spec), digest: spec.digest });
}

type StandingOf = Drivers['standingOf'];

/** What a tenant decided holds for the guests that run. */
function keepInStep(fleet: Fleet, standing: StandingOf, possessions: Possessions): void {
  reconfigureGuests(fleet, standing);
  possessions.didChange(fleet);
}

/** A configuration holds for the guests that run, without a restart (DESIGN 8); of another release it is not theirs. */
function reconfigureGuests(fleet: Fleet, standing: StandingOf): void {
  for (const live of fleet.all()) {
    live.reconfigure((tenant) => {
      const resolution = standing(tenant, live.spec);
      return resolution.kind === 'resolved' && resolution.release.digest === live.spec.digest
        ? resolution.config
        : undefined;
    });
  }
}

type Told = { readonly metrics: Metrics; readonly journal: Journal };

async function openSandbox(settings: HostSettings, { metrics, journal }: Told): Promise<ProcessSandbox> {
  const { clock, log, guestPath, probePath, spareCount, spareMemoryMb, tierMax, minTier } = settings;
  const sandbox = await openProcessSandbox({
    ...{ clock, log, guestPath, probePath, spareCount, spareMemoryMb, tierMax, notes: settings.notes },
    prepared: settings.prepared,
    isDebugged: settings.debugging !== undefined,
    onOpened: (kind, durationMs) => metrics.observeStart(kind === 'warm' ? 'pool' : 'cold', durationMs),
    onDropped: () => metrics.countDroppedFrames(1),
    onSaid: saidTo(journal),
  });
  const { tier } = sandbox.receipt;
  if (isTierAtLeast(tier, minTier)) return sandbox;
  await sandbox.close();
  throw new HostError('SANDBOX_TOO_WEAK', {
    message: `the sandbox of this machine is of tier "${tier}"; the operator asks for "${minTier}"`,
  });
}

type Opened = Told & Pick<Drivers, 'sandbox' | 'artifacts' | 'standingOf'> & { readonly egress: HostEgress };

/** MCP servers end before the run folder goes, in which their files are. */
async function openDrivers(
  { clock, log, dataDir, env }: HostSettings,
  { metrics, journal, egress, ...brought }: Opened,
  closing: AsyncDisposableStack,
): Promise<Drivers & Pick<HostParts, 'refusals'>> {
  const refusals = createRefusals(clock.wallTime);
  const stdio = await openStdioDriver({
    ...{ clock, log, sandbox: brought.sandbox },
    stateRoot: dataDir === undefined ? undefined : join(dataDir, 'state'),
    onOpened: (durationMs) => metrics.observeStart('cold', durationMs),
    onDropped: () => metrics.countDroppedFrames(1),
    onSaid: saidTo(journal),
    onErrorText: refusals.note,
  });
  closing.defer(() => stdio.close());
  const proxyOf: Drivers['proxyOf'] = (spec, { name: tenant, isTrial }) =>
    egress.proxyOf({
      ...{ spec, tenant, isTrial },
      didRefuse: (one) => refusals.add({ plugin: spec.name, tenant }, one),
    });
  return { ...brought, stdio, proxyOf, refusals, env };
}

function saidTo(journal: Journal): ProcessDriverOptions['onSaid'] {
  return ({ plugin, tenant, instanceId }, { source, level, text, fields }) => {
    const entry = { source, level, text, instanceId, ...(fields !== undefined && { fields }) };
    journal.add({ plugin, scope: tenant }, entry);
  };
}

/** Of one node alone, or passed on by a storage that others use, too. */
async function openArtifacts(settings: HostSettings, releases: Releases, storage: Storage): Promise<ArtifactStore> {
  const local = await openLocalArtifacts(settings, releases);
  return storage.isShared ? shareArtifacts(local, { storage, wallTime: settings.clock.wallTime }) : local;
}

/** What an install that was cut off left behind goes now, while none is in flight; so does what no release names. */
async function openLocalArtifacts({ dataDir, clock }: HostSettings, releases: Releases): Promise<ArtifactStore> {
  if (dataDir === undefined) return createMemoryArtifactStore(clock.wallTime);
  const artifacts = await createArtifactStore(join(dataDir, 'artifacts'));
  const named = releases.plugins().flatMap((plugin) => releases.releasesOf(plugin));
  await artifacts.sweep({ referenced: new Set(named.map(({ digest }) => digest)), before: clock.wallTime() });
  return artifacts;
}

type Watchers = Pick<HostAdmission, 'chargeGuest'> & {
  readonly drivers: Drivers;
  readonly registry: Registry;
  readonly metrics: Metrics;
  readonly journal: Journal;
  readonly answerAsk: AnswerAsk;
  readonly background: Background;
  readonly events: HostEvents;
  readonly egress: HostEgress;
  readonly llm: HostLlm;
  readonly commands: HostCommands;
  readonly possessions: Possessions;
};

function liveOptions(
  settings: HostSettings,
  {
    drivers,
    registry,
    metrics,
    chargeGuest,
    journal,
    answerAsk,
    background,
    events,
    egress,
    llm,
    commands,
    possessions,
  }: Watchers,
): LiveOptions {
  return {
    clock: settings.clock,
    idleTimeoutMs: settings.idleTimeoutMs,
    healthTimeoutMs: settings.healthTimeoutMs,
    callsPerSecondMax: settings.pluginCallsPerSecond,
    compileTool,
    recallTool,
    secretsOf: possessions.secretsOf,
    limitsOf: (limits) => (settings.debugging === undefined ? limits : debugLimits(limits)),
    mayBeShared: (plugin) => settings.sharedPlugins.includes(plugin),
    open: async (spec, scope) => {
      const speaker = background.speakerOf(spec, scope);
      egress.didOpen(speaker, spec);
      const answer: AnswerGuest = (ask, call) => answerAsk(speaker, ask, call);
      const connect = (line: EventLine): EventLink => events.connect(speaker, line);
      const ways = { scope, answer, connect, belongings: possessions.of(spec, scope) };
      const opening = await openGuest(drivers, spec, ways);
      background.didOpen(speaker, opening);
      const didLeave = (): void => [egress, llm, commands].forEach((service) => service.didLeave(speaker));
      if (opening.ok) void opening.sandbox.died.then(didLeave);
      else didLeave();
      if (opening.ok) settings.debugging?.didOpen(opening.sandbox, spec.sourceMap);
      if (opening.ok && scope.name !== SHARED_SCOPE) chargeGuest(scope.name, opening.sandbox);
      return opening;
    },
    isKept: background.isKept,
    onDeath: ({ spec, scope }, guest, death) => {
      background.didEnd({ spec, scope }, death.cause !== 'closed');
      if (death.isKilled) metrics.countKill(death.error.code);
      if (death.cause === 'fault')
        tellEnd(journal, { plugin: spec.name, scope }, { ...death, instanceId: guest.instanceId });
      registry.recordDeath(spec.name, subjectOf(spec, scope, death.tenant), toGuestDeath(guest.instanceId, death));
    },
    onFailedStart: ({ spec, scope }, error) => {
      background.didEnd({ spec, scope }, true);
      tellEnd(journal, { plugin: spec.name, scope }, { error });
      // It had no id of its own that anybody was told, and is not heard of again. Calls that waited for it may have
      // gone by now, each at its own deadline.
      const death = { instanceId: randomUUID(), error, isCallerShortened: false, isToldByCall: false };
      registry.recordDeath(spec.name, subjectOf(spec, scope), death);
    },
  };
}

/** Whom the end of a guest concerns: of a shared one the tenant whose call it died of, or else everybody. */
function subjectOf({ digest }: LiveSpec, scope: string, tenant?: string): Subject {
  const concerned = scope === SHARED_SCOPE ? tenant : scope;
  return concerned === undefined ? { digest } : { scope: concerned, digest };
}

function toGuestDeath(instanceId: string, death: SandboxDeath): Parameters<Registry['recordDeath']>[2] {
  const { told, cause, isTold } = death;
  return { instanceId, error: told, isCallerShortened: cause !== 'fault', isToldByCall: isTold };
}

function countGuests(guests: { readonly fleet?: Fleet; readonly sandbox?: ProcessSandbox }): Record<string, number> {
  const live = guests.fleet?.all().flatMap((plugin) => plugin.sandboxes()) ?? [];
  const busy = live.filter((sandbox) => sandbox.diagnose().calls_in_flight > 0).length;
  return { spare: guests.sandbox?.driver.pool.spareCount() ?? 0, busy, idle: live.length - busy };
}
