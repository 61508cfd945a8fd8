/**
 * Evolution: code that gets better under an honest judge.
 */
export type { EvolveErrorCode } from './evolve-error.ts';
export { EvolveError } from './evolve-error.ts';
export type { ChangeSummary } from './edits/change-summary.ts';
export { summarizeChange, unifiedDiff } from './edits/change-summary.ts';
export { EDIT_BYTES_MAX } from './edits/edit-bounds.ts';
export type { EntryPoint, EntrySignature } from './edits/entry-signature.ts';
export { checkEntry, readEntry } from './edits/entry-signature.ts';
export { applyFullRewrite } from './edits/full-rewrite.ts';
export { applyJsonMergePatch } from './edits/json-merge-patch.ts';
export { applyJsonPatch } from './edits/json-patch.ts';
export { checkRegions, hasRegions } from './edits/regions.ts';
export { applySearchReplace } from './edits/search-replace.ts';
export { applyUnifiedDiff } from './edits/unified-diff.ts';
export { applyYamlOverlay } from './edits/yaml-overlay.ts';
export type { EditForm, Proposal, ProposalRequest, ProposalUsage, Proposer } from './mutation/proposer.ts';
export { EDIT_FORMS } from './mutation/proposer.ts';
export type { PromptOptions } from './mutation/prompt.ts';
export { buildMutatePrompt, INSPIRATION_LENGTH_MAX, INSPIRATIONS_MAX, PARENT_LENGTH_MAX } from './mutation/prompt.ts';
export type { MutateRequest, MutationOutcome, Refusal } from './mutation/mutate.ts';
export { mutate, RESAMPLES_MAX } from './mutation/mutate.ts';
export type { MutatedFile, MutateFileParts, MutateFileRequest } from './mutation/mutate-file.ts';
export { defaultOutput, mutateFile, TARGET_BYTES_MAX } from './mutation/mutate-file.ts';
export type { CassetteMode, CassetteOptions } from './mutation/stand-ins/cassette.ts';
export { CASSETTE_MODES, cassetteKey, openCassette } from './mutation/stand-ins/cassette.ts';
export { createEcho } from './mutation/stand-ins/echo.ts';
export type { Fault, FaultyOptions, Wait } from './mutation/stand-ins/faulty.ts';
export { createFaulty, FAULTS } from './mutation/stand-ins/faulty.ts';
export type { GrammarOptions } from './mutation/stand-ins/grammar.ts';
export { createGrammar } from './mutation/stand-ins/grammar.ts';
export type { ProposerParts } from './mutation/stand-ins/open-proposer.ts';
export { openProposer, PROPOSER_FORMS } from './mutation/stand-ins/open-proposer.ts';
export type { ScriptedAnswer } from './mutation/stand-ins/scripted.ts';
export { createScripted, parseScript, SCRIPT_ANSWERS_MAX } from './mutation/stand-ins/scripted.ts';
