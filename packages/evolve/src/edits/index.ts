/**
 * `@bulkhead/evolve/edits`: how an edit is applied, strictly, and how a model is asked for one. Pure, without a parser and without the
 * host, so that it runs in a sandbox: a plugin brings this package as it brings any other.
 */
export { EvolveError, type EvolveErrorCode } from '../evolve-error.ts';
export { describeChange, type ChangeSummary } from './change-summary.ts';
export { EDIT_BYTES_MAX } from './edit-bounds.ts';
export { parseJson } from './parse-json.ts';
export { applyJsonMergePatch } from './json-merge-patch.ts';
export { applyJsonPatch } from './json-patch.ts';
export { applyUnifiedDiff } from './unified-diff.ts';
export { applyYamlOverlay } from './yaml-overlay.ts';
export { readWrittenEntry, type EntrySignature } from './written-entry.ts';
export { executeTaskOf, type Executable } from '../mutation/execute-task.ts';
export { mutateWith, type MutateParts } from '../mutation/mutate-with.ts';
export type { MutateRequest, MutationOutcome, Refusal } from '../mutation/mutate.ts';
export type { Proposal, ProposalRequest, Proposer, ProposalUsage } from '../mutation/proposer.ts';
