/**
 * A storage that fails on demand, to show that the health plane still answers and that no call's answer changes.
 */
import { HostError } from '../base/host-error.ts';
import type { EvaluationStorage } from './evaluations-port.ts';
import type { Storage } from './port.ts';
import type { RecordingStorage } from './recordings-port.ts';

/** A storage with a switch. */
export type FailingStorage = Storage & {
  /** From now on every method but `close` rejects with `STORAGE_UNAVAILABLE`. */
  readonly fail: () => void;
  /** From now on the storage beneath answers again. */
  readonly mend: () => void;
};

/** Wraps a storage, which answers until `fail` is called. */
export function createFailingStorage(beneath: Storage): FailingStorage {
  let isFailing = false;
  const pass: Pass = (answer) =>
    isFailing
      ? Promise.reject(new HostError('STORAGE_UNAVAILABLE', { message: 'the storage was made to fail' }))
      : answer();
  return {
    readCatalogue: () => pass(() => beneath.readCatalogue()),
    readSteps: (after) => pass(() => beneath.readSteps(after)),
    commit: (write) => pass(() => beneath.commit(write)),
    watch: (didCommit) => beneath.watch(didCommit),
    readAudit: (after, rowsMax) => pass(() => beneath.readAudit(after, rowsMax)),
    listAudit: (query) => pass(() => beneath.listAudit(query)),
    readSecret: (which) => pass(() => beneath.readSecret(which)),
    listSecretsOfOtherKeys: (keyId, rowsMax) => pass(() => beneath.listSecretsOfOtherKeys(keyId, rowsMax)),
    appendTransitions: (rows) => pass(() => beneath.appendTransitions(rows)),
    listTransitions: (query) => pass(() => beneath.listTransitions(query)),
    ...failingCalls(beneath, pass),
    claimKey: (claim) => pass(() => beneath.claimKey(claim)),
    settleKey: (callId, outcome) => pass(() => beneath.settleKey(callId, outcome)),
    listUnsettledKeys: (node) => pass(() => beneath.listUnsettledKeys(node)),
    freeKey: (callId) => pass(() => beneath.freeKey(callId)),
    putTrial: (row) => pass(() => beneath.putTrial(row)),
    getTrial: (key) => pass(() => beneath.getTrial(key)),
    addMemory: (owner, artifact) => pass(() => beneath.addMemory(owner, artifact)),
    queryMemory: (owner, query) => pass(() => beneath.queryMemory(owner, query)),
    readMemory: (owner, ids) => pass(() => beneath.readMemory(owner, ids)),
    removeMemory: (owner, id) => pass(() => beneath.removeMemory(owner, id)),
    trimMemory: (owner, bounds) => pass(() => beneath.trimMemory(owner, bounds)),
    addEvents: (node, rows) => pass(() => beneath.addEvents(node, rows)),
    lastEvent: () => pass(() => beneath.lastEvent()),
    readEvents: (query) => pass(() => beneath.readEvents(query)),
    trimEvents: (bounds) => pass(() => beneath.trimEvents(bounds)),
    watchEvents: (mayHaveCome) => beneath.watchEvents(mayHaveCome),
    prune: (retention) => pass(() => beneath.prune(retention)),
    putArtifact: (row, putAt) => pass(() => beneath.putArtifact(row, putAt)),
    getArtifact: (digest) => pass(() => beneath.getArtifact(digest)),
    sweepArtifacts: (before) => pass(() => beneath.sweepArtifacts(before)),
    addUsage: (rows) => pass(() => beneath.addUsage(rows)),
    listUsage: (query) => pass(() => beneath.listUsage(query)),
    addAgentRun: (row) => pass(() => beneath.addAgentRun(row)),
    changeAgentRun: (row, from) => pass(() => beneath.changeAgentRun(row, from)),
    getAgentRun: (which) => pass(() => beneath.getAgentRun(which)),
    ...{ ...failingRecordings(beneath, pass), ...failingEvaluations(beneath, pass) },
    listAgentRuns: (query) => pass(() => beneath.listAgentRuns(query)),
    listUnfinishedAgentRuns: (node) => pass(() => beneath.listUnfinishedAgentRuns(node)),
    pruneAgentRuns: (before) => pass(() => beneath.pruneAgentRuns(before)),
    seeIndex: (seen) => pass(() => beneath.seeIndex(seen)),
    isShared: beneath.isShared,
    beat: (report) => pass(() => beneath.beat(report)),
    removeNode: (id) => pass(() => beneath.removeNode(id)),
    forgetNodes: (silentMs) => pass(() => beneath.forgetNodes(silentMs)),
    close: () => beneath.close(),
    fail: () => void (isFailing = true),
    mend: () => void (isFailing = false),
  };
}

type Pass = <Answer>(answer: () => Promise<Answer>) => Promise<Answer>;

function failingCalls(beneath: Storage, pass: Pass) {
  return {
    addCalls: (rows) => pass(() => beneath.addCalls(rows)),
    putCalls: (rows) => pass(() => beneath.putCalls(rows)),
    listCalls: (query) => pass(() => beneath.listCalls(query)),
    countCalls: (query) => pass(() => beneath.countCalls(query)),
    listUnfinishedCalls: (node) => pass(() => beneath.listUnfinishedCalls(node)),
  } satisfies Partial<Storage>;
}

function failingRecordings(beneath: Storage, pass: Pass): RecordingStorage {
  return {
    addRecordings: (rows, rowsMax) => pass(() => beneath.addRecordings(rows, rowsMax)),
    listRecordings: (query) => pass(() => beneath.listRecordings(query)),
    countRecordings: (owner) => pass(() => beneath.countRecordings(owner)),
  };
}

function failingEvaluations(beneath: Storage, pass: Pass): EvaluationStorage {
  return {
    createEvaluation: (evaluation) => pass(() => beneath.createEvaluation(evaluation)),
    progressEvaluation: (at, progress) => pass(() => beneath.progressEvaluation(at, progress)),
    getEvaluation: (id) => pass(() => beneath.getEvaluation(id)),
    listEvaluations: (query) => pass(() => beneath.listEvaluations(query)),
    listRunningEvaluations: () => pass(() => beneath.listRunningEvaluations()),
    pruneEvaluations: (before) => pass(() => beneath.pruneEvaluations(before)),
  };
}
