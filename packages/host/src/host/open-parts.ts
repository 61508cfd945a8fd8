/**
 * Opens the parts of a host in the order in which they need one another, and says how each is closed.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { createCallIds } from '../base/call-ids.ts';
import { createStayAwake } from '../base/stay-awake.ts';
import { systemTimer } from '../base/timer.ts';
import { createTurns } from '../base/turns.ts';
import type { CallPath } from '../call/call-run.ts';
import type { Agents } from '../agents/agents.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import type { TierPolicy } from '../fleet/needed-tier.ts';
import type { Residents } from '../fleet/residents.ts';
import { grantedAs, type LiveOptions } from '../fleet/live-plugin.ts';
import { createHookChain } from '../hooks/chain.ts';
import { createFollower, type Follower } from '../install/follow.ts';
import type { InstallPath } from '../install/install-path.ts';
import { createStandBy } from '../install/stand-by.ts';
import { findStanding } from '../moves/canary.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { createJournal, type Journal } from '../journal/journal.ts';
import type { RolloutDriver } from '../moves/rollout.ts';
import { openCatalogue, type Catalogue } from '../catalogue/catalogue.ts';
import type { SecretVault } from '../catalogue/secrets.ts';
import { createReleases, type Releases } from '../catalogue/releases.ts';
import type { ProcessSandbox } from '../sandbox/process/open-process-sandbox.ts';
import type { StdioDriver } from '../sandbox/stdio/driver.ts';
import type { Refusals } from '../refusals/refusals.ts';
import { findOperatorSecrets } from '../secrets/operator-secrets.ts';
import { createPlaceholders } from '../secrets/placeholders.ts';
import { readSdk } from '../source/host-package.ts';
import type { Storage } from '../storage/port.ts';
import type { Nodes } from '../nodes/nodes.ts';
import { openHostNodes } from './open-nodes.ts';
import { openBackground, type Background } from './open-background.ts';
import { openMoves, type Late } from './open-moves.ts';
import { openAdmission } from './open-admission.ts';
import { openArtifacts } from './open-artifacts.ts';
import { openDrivers, openSandbox, type Told } from './open-drivers.ts';
import { liveOptions } from './live-options.ts';
import { openCommands } from './open-commands.ts';
import { holdDataDirectory } from './hold-data-directory.ts';
import { openEgress } from './open-egress.ts';
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
import type { Drivers } from './open-guest.ts';
import { createPossessions, type Possessions } from './possessions.ts';
import type { HostSettings } from './settings.ts';

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

function countGuests(guests: { readonly fleet?: Fleet; readonly sandbox?: ProcessSandbox }): Record<string, number> {
  const live = guests.fleet?.all().flatMap((plugin) => plugin.sandboxes()) ?? [];
  const busy = live.filter((sandbox) => sandbox.diagnose().calls_in_flight > 0).length;
  return { spare: guests.sandbox?.driver.pool.spareCount() ?? 0, busy, idle: live.length - busy };
}
