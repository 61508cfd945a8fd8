/**
 * Storage that ends with its process: the default of an embedded host, and what tests start from.
 */
import { HostError } from '../base/host-error.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import type { AgentStorage } from './agents-port.ts';
import type { ArtifactStorage } from './artifact-port.ts';
import type { CatalogueChange } from './catalogue-port.ts';
import { createAgentRuns } from './memory-agents.ts';
import { createMemoryCatalogue } from './memory-catalogue.ts';
import { createHistory, createKeys, createLedger, createTrials } from './memory-records.ts';
import { createMemory } from './memory-artifacts.ts';
import { createEvents } from './memory-events.ts';
import { createRecordings } from './memory-recordings.ts';
import { createEvaluations } from './memory-evaluations.ts';
import { createIndexes } from './memory-indexes.ts';
import { createUsage } from './memory-usage.ts';
import { createArtifacts, createNodes } from './memory-shared.ts';
import type { EvaluationStorage } from './evaluations-port.ts';
import type { EventStorage } from './events-port.ts';
import type { IndexStorage } from './index-port.ts';
import type { MemoryStorage } from './memory-port.ts';
import type { NodeStorage } from './nodes-port.ts';
import type { Storage } from './port.ts';
import type { RecordingStorage } from './recordings-port.ts';
import type { RecordStorage } from './records-port.ts';
import type { UsageStorage } from './usage-port.ts';

/** Most rows of each kind that grows by itself; beyond it the oldest go. `steps` bounds the audit log, too. */
export type MemoryBounds = {
  readonly steps: number;
  readonly calls: number;
  readonly transitions: number;
  readonly keys: number;
  readonly trials: number;
  readonly agentRuns: number;
};

const BOUNDS: MemoryBounds = {
  ...{ steps: 10_000, calls: 1_000, transitions: 10_000, keys: 10_000, trials: 1_000 },
  agentRuns: 1_000,
};

/**
 * Creates a storage that is new; nothing is shared between two of them. `clock` tells how long a node has been silent.
 *
 * @public
 */
export function createMemoryStorage(
  bounds: Partial<MemoryBounds> = {},
  clock: Pick<Clock, 'wallTime'> = systemClock,
): Storage {
  const { steps, calls, transitions, keys: keysMax, trials: trialsMax, agentRuns } = { ...BOUNDS, ...bounds };
  const catalogue = createMemoryCatalogue(steps);
  const history = createHistory(transitions);
  const ledger = createLedger(calls);
  const keys = createKeys(keysMax);
  const trials = createTrials(trialsMax);
  const artifacts = createArtifacts((digest) =>
    catalogue.readCatalogue().releases.some((row) => row.digest === digest),
  );
  const nodes = createNodes(clock.wallTime);
  const events = createEvents(nodes.hasOther);
  const indexes = createIndexes();
  const recordings = createRecordings();
  const evaluations = createEvaluations();
  const owned = {
    memory: createMemory(),
    events,
    usage: createUsage(),
    agents: createAgentRuns(agentRuns),
    recordings,
    evaluations,
  };
  let isClosed = false;

  /** Runs a step at once, so that it cannot interleave with another, and answers a copy by a promise (S1). */
  async function step<Answer>(run: () => Answer): Promise<Answer> {
    if (isClosed) throw new HostError('STORAGE_UNAVAILABLE', { message: 'the storage has been closed' });
    return structuredClone(run());
  }

  return {
    readCatalogue: () => step(() => catalogue.readCatalogue()),
    readSteps: (after) => step(() => catalogue.readSteps(after)),
    commit: (write) =>
      step(() => {
        const committed = catalogue.commit(write);
        if (committed.kind === 'done') write.changes.forEach((change) => forgetWith(owned, change));
        return committed;
      }),
    watch: () => () => undefined, // Nobody else can commit here.
    ...readMethods(catalogue, step),
    appendTransitions: (rows) => step(() => history.append(rows)),
    listTransitions: (query) => step(() => history.list(query)),
    ...callMethods({ ledger, keys, trials }, step),
    ...memoryMethods(owned.memory, step),
    ...eventMethods(events, step),
    prune: (retention) =>
      step(() => [history, ledger, keys, owned.usage, recordings].forEach((part) => part.prune(retention))),
    ...recordingMethods(recordings, step),
    ...evaluationMethods(evaluations, step),
    ...artifactMethods(artifacts, step),
    ...sumMethods({ indexes, usage: owned.usage }, step),
    ...agentMethods(owned.agents, step),
    ...nodeMethods(nodes, step),
    close: async () => {
      isClosed = true;
    },
  };
}

type Step = <Answer>(run: () => Answer) => Promise<Answer>;

function readMethods({ readAudit, listAudit, secrets }: ReturnType<typeof createMemoryCatalogue>, step: Step) {
  return {
    readAudit: (after, rowsMax) => step(() => readAudit(after, rowsMax)),
    listAudit: (query) => step(() => listAudit(query)),
    readSecret: (which) => step(() => secrets.read(which)),
    listSecretsOfOtherKeys: (keyId, rowsMax) => step(() => secrets.listOfOtherKeys(keyId, rowsMax)),
  } satisfies Partial<Storage>;
}

type Calls = {
  readonly ledger: ReturnType<typeof createLedger>;
  readonly keys: ReturnType<typeof createKeys>;
  readonly trials: ReturnType<typeof createTrials>;
};

function callMethods({ ledger, keys, trials }: Calls, step: Step) {
  return {
    addCalls: (rows) => step(() => ledger.putAll(rows)),
    putCalls: (rows) => step(() => ledger.putAll(rows)),
    listCalls: (query) => step(() => ledger.list(query)),
    countCalls: (query) => step(() => ledger.count(query)),
    listUnfinishedCalls: (node) => step(() => ledger.listUnfinished(node)),
    claimKey: (claim) => step(() => keys.claim(claim)),
    settleKey: (callId, outcome) => step(() => keys.settle(callId, outcome)),
    listUnsettledKeys: (node) => step(() => keys.listUnsettled(node)),
    freeKey: (callId) => step(() => keys.free(callId)),
    putTrial: (row) => step(() => trials.put(row)),
    getTrial: (key) => step(() => trials.get(key)),
  } satisfies Partial<RecordStorage>;
}

function memoryMethods(memory: ReturnType<typeof createMemory>, step: Step): MemoryStorage {
  return {
    addMemory: (owner, artifact) => step(() => memory.add(owner, artifact)),
    queryMemory: (owner, query) => step(() => memory.query(owner, query)),
    readMemory: (owner, ids) => step(() => memory.read(owner, ids)),
    removeMemory: (owner, id) => step(() => memory.remove(owner, id)),
    trimMemory: (owner, bounds) => step(() => memory.trim(owner, bounds)),
  };
}

function artifactMethods(artifacts: ReturnType<typeof createArtifacts>, step: Step): ArtifactStorage {
  return {
    putArtifact: (row, putAt) => step(() => artifacts.put(row, putAt)),
    getArtifact: (digest) => step(() => artifacts.get(digest)),
    sweepArtifacts: (before) => step(() => artifacts.sweep(before)),
  };
}

type Sums = { readonly indexes: ReturnType<typeof createIndexes>; readonly usage: ReturnType<typeof createUsage> };

function sumMethods({ indexes, usage }: Sums, step: Step): IndexStorage & UsageStorage {
  return {
    seeIndex: (seen) => step(() => indexes.see(seen)),
    addUsage: (rows) => step(() => usage.add(rows)),
    listUsage: (query) => step(() => usage.list(query)),
  };
}

function agentMethods(agents: ReturnType<typeof createAgentRuns>, step: Step): AgentStorage {
  return {
    addAgentRun: (row) => step(() => agents.add(row)),
    changeAgentRun: (row, from) => step(() => agents.change(row, from)),
    getAgentRun: (which) => step(() => agents.get(which)),
    listAgentRuns: (query) => step(() => agents.list(query)),
    listUnfinishedAgentRuns: (node) => step(() => agents.listUnfinished(node)),
    pruneAgentRuns: (before) => step(() => agents.prune(before)),
  };
}

function recordingMethods(recordings: ReturnType<typeof createRecordings>, step: Step): RecordingStorage {
  return {
    addRecordings: (rows, rowsMax) => step(() => recordings.add(rows, rowsMax)),
    listRecordings: (query) => step(() => recordings.list(query)),
    countRecordings: (owner) => step(() => recordings.count(owner)),
  };
}

function evaluationMethods(evaluations: ReturnType<typeof createEvaluations>, step: Step): EvaluationStorage {
  return {
    createEvaluation: (evaluation) => step(() => evaluations.create(evaluation)),
    progressEvaluation: (at, progress) => step(() => evaluations.progress(at, progress)),
    getEvaluation: (id) => step(() => evaluations.get(id)),
    listEvaluations: (query) => step(() => evaluations.list(query)),
    listRunningEvaluations: () => step(() => evaluations.listRunning()),
    pruneEvaluations: (before) => step(() => evaluations.prune(before)),
  };
}

function nodeMethods(nodes: ReturnType<typeof createNodes>, step: Step): NodeStorage {
  return {
    isShared: false, // It ends with this process.
    beat: (report) => step(() => nodes.beat(report)),
    removeNode: (id) => step(() => nodes.remove(id)),
    forgetNodes: (silentMs) => step(() => nodes.forget(silentMs)),
  };
}

function eventMethods(events: ReturnType<typeof createEvents>, step: Step): EventStorage {
  return {
    addEvents: (node, rows) => step(() => events.add(node, rows)),
    lastEvent: () => step(() => events.last()),
    readEvents: (query) => step(() => events.read(query)),
    trimEvents: (bounds) => step(() => events.trim(bounds)),
    watchEvents: () => () => undefined, // Nobody else can tell anything here.
  };
}

type Forgotten = {
  readonly memory: ReturnType<typeof createMemory>;
  readonly events: ReturnType<typeof createEvents>;
  readonly usage: ReturnType<typeof createUsage>;
  readonly agents: ReturnType<typeof createAgentRuns>;
  readonly recordings: ReturnType<typeof createRecordings>;
  readonly evaluations: ReturnType<typeof createEvaluations>;
};

/**
 * What a plugin remembers, and what was recorded of its calls, goes with its tenant, its registration, or itself; what it tells other
 * nodes, and what was used, with its tenant; evaluations with tenant and plugin.
 */
function forgetWith(
  { memory, events, usage, agents, recordings, evaluations }: Forgotten,
  change: CatalogueChange,
): void {
  const { kind } = change;
  if (kind === 'remove_tenant') events.forget(change.tenant_id);
  if (kind === 'remove_tenant') usage.forget(change.tenant_id);
  if (kind === 'remove_tenant') agents.forget(change.tenant_id);
  if (kind === 'remove_tenant') evaluations.forgetTenant(change.tenant_id);
  if (kind === 'remove_plugin') evaluations.forgetPlugin(change.plugin_name);
  if (kind === 'forget_recordings') recordings.forget(change);
  if (kind !== 'remove_tenant' && kind !== 'remove_registration' && kind !== 'remove_plugin') return;
  memory.forget(change);
  recordings.forget(change);
}
