/**
 * The host's Storage port on an open database, whichever engine is behind it. The one place where an error of a database
 * becomes the port's (S3).
 */
import {
  AUDIT_ORIGIN,
  HostError,
  type AgentStorage,
  type EvaluationStorage,
  type Retention,
  type Storage,
} from '@bulkhead/host';
import { DEFAULT_TENANT } from '@bulkhead/protocol';
import type { Database } from '../engine/database.ts';
import {
  addAgentRun,
  changeAgentRun,
  getAgentRun,
  listAgentRuns,
  listUnfinishedAgentRuns,
  pruneAgentRuns,
} from './agent-runs.ts';
import { getArtifact, putArtifact, sweepArtifacts } from './artifacts.ts';
import { commit, CATALOGUE_CHANNEL } from './commit.ts';
import { claimKey, freeKey, listUnsettledKeys, pruneKeys, settleKey } from './keys.ts';
import {
  createEvaluation,
  getEvaluation,
  listEvaluations,
  listRunningEvaluations,
  progressEvaluation,
  pruneEvaluations,
} from './evaluations.ts';
import { EVENTS_CHANNEL, addEvents, lastEvent, readEvents, trimEvents } from './events.ts';
import { addCalls, countCalls, listCalls, listUnfinishedCalls, pruneCalls, putCalls } from './ledger.ts';
import { addMemory, queryMemory, readMemory, removeMemory, trimMemory } from './memory.ts';
import { seeIndex } from './indexes.ts';
import { beat, forgetNodes, removeNode } from './nodes.ts';
import { listAudit, readAudit, readCatalogue, readSteps } from './read-catalogue.ts';
import { listSecretsOfOtherKeys, readSecret } from './secrets.ts';
import { addRecordings, countRecordings, listRecordings, pruneRecordings } from './recordings.ts';
import { storedWord, tenantUuid } from './tenant-id.ts';
import { addUsage, listUsage, pruneUsage } from './usage.ts';
import { appendTransitions, listTransitions, pruneTransitions } from './transitions.ts';
import { getTrial, putTrial } from './trials.ts';

const CLOSED = 'the storage has been closed';
/** Steps that a node which was away may still follow one by one. */
const STEPS_KEPT = 10_000;

/**
 * Makes a Storage of a migrated database, which it closes at its own end.
 *
 * @throws {HostError} `STORAGE_UNAVAILABLE`.
 */
export async function openStorage(database: Database): Promise<Storage> {
  await translated(() => putOrigin(database));
  let isClosed = false;
  const answer: Translate = (ask) =>
    isClosed ? Promise.reject(new HostError('STORAGE_UNAVAILABLE', { message: CLOSED })) : translated(ask);
  return {
    readCatalogue: () => answer(() => readCatalogue(database)),
    readSteps: (after) => answer(() => readSteps(database, after)),
    commit: (write) => answer(() => commit(database, write)),
    watch: (didCommit) => database.listen(CATALOGUE_CHANNEL, () => didCommit()),
    readAudit: (after, rowsMax) => answer(() => readAudit(database, after, rowsMax)),
    listAudit: (query) => answer(() => listAudit(database, query)),
    readSecret: (which) => answer(() => readSecret(database, which)),
    listSecretsOfOtherKeys: (keyId, rowsMax) => answer(() => listSecretsOfOtherKeys(database, keyId, rowsMax)),
    appendTransitions: (rows) => answer(() => appendTransitions(database, rows)),
    listTransitions: (query) => answer(() => listTransitions(database, query)),
    addCalls: (rows) => answer(() => addCalls(database, rows)),
    putCalls: (rows) => answer(() => putCalls(database, rows)),
    listCalls: (query) => answer(() => listCalls(database, query)),
    countCalls: (query) => answer(() => countCalls(database, query)),
    listUnfinishedCalls: (node) => answer(() => listUnfinishedCalls(database, node)),
    claimKey: (claim) => answer(() => claimKey(database, claim)),
    settleKey: (callId, outcome) => answer(() => settleKey(database, callId, outcome)),
    listUnsettledKeys: (node) => answer(() => listUnsettledKeys(database, node)),
    freeKey: (callId) => answer(() => freeKey(database, callId)),
    putTrial: (row) => answer(() => putTrial(database, row)),
    getTrial: (key) => answer(() => getTrial(database, key)),
    addMemory: (owner, artifact) => answer(() => addMemory(database, owner, artifact)),
    queryMemory: (owner, query) => answer(() => queryMemory(database, owner, query)),
    readMemory: (owner, ids) => answer(() => readMemory(database, owner, ids)),
    removeMemory: (owner, id) => answer(() => removeMemory(database, owner, id)),
    trimMemory: (owner, bounds) => answer(() => trimMemory(database, owner, bounds)),
    addEvents: (node, rows) => answer(() => addEvents(database, node, rows)),
    lastEvent: () => answer(() => lastEvent(database)),
    readEvents: (query) => answer(() => readEvents(database, query)),
    trimEvents: (bounds) => answer(() => trimEvents(database, bounds)),
    watchEvents: (mayHaveCome) => database.listen(EVENTS_CHANNEL, () => mayHaveCome()),
    prune: (retention) => answer(() => prune(database, retention)),
    putArtifact: (row, putAt) => answer(() => putArtifact(database, row, putAt)),
    getArtifact: (digest) => answer(() => getArtifact(database, digest)),
    sweepArtifacts: (before) => answer(() => sweepArtifacts(database, before)),
    addUsage: (rows) => answer(() => addUsage(database, rows)),
    listUsage: (query) => answer(() => listUsage(database, query)),
    addRecordings: (rows, rowsMax) => answer(() => addRecordings(database, rows, rowsMax)),
    listRecordings: (query) => answer(() => listRecordings(database, query)),
    countRecordings: (owner) => answer(() => countRecordings(database, owner)),
    ...agentMethods(database, answer),
    ...evaluationMethods(database, answer),
    seeIndex: (seen) => answer(() => seeIndex(database, seen)),
    isShared: database.engine === 'postgres', // PGlite's folder is locked for one node.
    beat: (report) => answer(() => beat(database, report)),
    removeNode: (id) => answer(() => removeNode(database, id)),
    forgetNodes: (silentMs) => answer(() => forgetNodes(database, silentMs)),
    close: async () => {
      isClosed = true;
      await database.close();
    },
  };
}

/** Runs what is asked, and makes an error of the database the port's. */
type Translate = <Answer>(ask: () => Promise<Answer>) => Promise<Answer>;

function agentMethods(database: Database, answer: Translate): AgentStorage {
  return {
    addAgentRun: (row) => answer(() => addAgentRun(database, row)),
    changeAgentRun: (row, from) => answer(() => changeAgentRun(database, row, from)),
    getAgentRun: (which) => answer(() => getAgentRun(database, which)),
    listAgentRuns: (query) => answer(() => listAgentRuns(database, query)),
    listUnfinishedAgentRuns: (node) => answer(() => listUnfinishedAgentRuns(database, node)),
    pruneAgentRuns: (before) => answer(() => pruneAgentRuns(database, before)),
  };
}

function evaluationMethods(database: Database, answer: Translate): EvaluationStorage {
  return {
    createEvaluation: (evaluation) => answer(() => createEvaluation(database, evaluation)),
    progressEvaluation: (at, progress) => answer(() => progressEvaluation(database, at, progress)),
    getEvaluation: (id) => answer(() => getEvaluation(database, id)),
    listEvaluations: (query) => answer(() => listEvaluations(database, query)),
    listRunningEvaluations: () => answer(() => listRunningEvaluations(database)),
    pruneEvaluations: (before) => answer(() => pruneEvaluations(database, before)),
  };
}

/** What a new storage has: the head of an empty audit log, and the built-in tenant. */
async function putOrigin({ db }: Database): Promise<void> {
  await db
    .insertInto('audit_head')
    .values({ is_only: true, seq: 0, hash: AUDIT_ORIGIN })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const tenant = { id: tenantUuid(DEFAULT_TENANT), word: storedWord(DEFAULT_TENANT), name: DEFAULT_TENANT };
  await db
    .insertInto('tenants')
    .values(tenant)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

async function prune(database: Database, retention: Retention): Promise<void> {
  await pruneCalls(database, retention);
  await pruneTransitions(database, retention);
  await pruneKeys(database, retention);
  await pruneUsage(database, retention);
  await pruneRecordings(database, retention);
  await pruneSteps(database);
}

async function pruneSteps({ db }: Database): Promise<void> {
  await db
    .deleteFrom('catalogue_steps')
    .where('revision', '<=', (select) =>
      select.selectFrom('audit_head').select((head) => head('seq', '-', STEPS_KEPT).as('oldest')),
    )
    .execute();
}

/** A database that is there and refuses is a fault of ours; the caller cannot tell it from one that is away, and need not. */
async function translated<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    const message = 'the database refused what it was asked';
    throw new HostError('STORAGE_UNAVAILABLE', { message, details: { isRefused: true }, cause });
  }
}
