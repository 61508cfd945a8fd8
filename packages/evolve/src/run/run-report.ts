/**
 * What a run came to, as it is written: report.json, whose keys are in snake_case as on every wire. All that differs between two runs of
 * one seed stands in `timing`, and what follows from times where speed is what counts.
 */
import type { Verdict } from '@bulkhead/guard';
import type { JsonObject } from '@bulkhead/protocol';
import type { EvolveEnd, SearchSoFar } from '../loop/evolve.ts';
import type { Commit } from '../loop/lineage.ts';
import type { ProposalUsage } from '../mutation/proposer.ts';
import type { ModelTally } from '../search/models/model-tallies.ts';
import type { Estimate } from './estimate.ts';

/** Version of the shape. It grows when a key is renamed or removed, and not when one is added. */
export const RUN_REPORT_VERSION = 1;

/**
 * Tokens and US dollars.
 *
 * @public
 */
export type RunUsage = { readonly input_tokens: number; readonly output_tokens: number; readonly cost_usd: number };

/**
 * One side of a promotion on fresh cases.
 *
 * @public
 */
export type PromotedSide = { readonly pass_rate: number | null; readonly p50_ms: number | null };

/**
 * A program that was compared with the first on fresh cases: guard's verdict and its reasons, in how many cases it was better, the test's
 * level and e-value (as a natural logarithm), and whether it takes the first program's place.
 *
 * @public
 */
export type RunPromotion = {
  readonly id: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
  readonly better: number;
  readonly same: number;
  readonly worse: number;
  readonly level: number;
  readonly log_e: number;
  readonly is_promoted: boolean;
  readonly first: PromotedSide;
  readonly winner: PromotedSide;
};

/**
 * One evaluation of a search: the score, null where there is none, and the best one until then.
 *
 * @public
 */
export type CurvePoint = { readonly evaluation: number; readonly score: number | null; readonly best: number };

/**
 * A program of the line from the first to the best, with what was changed.
 *
 * @public
 */
export type LineStep = {
  readonly id: string;
  readonly evaluation: number;
  readonly score: number | null;
  readonly diff: string;
};

/**
 * The control: the best of as many children of the first program alone.
 *
 * @public
 */
export type RunControl = {
  readonly best: number;
  readonly evaluations: number;
  readonly lineage_hash: string;
  readonly usage: RunUsage;
  readonly curve: readonly CurvePoint[];
};

/**
 * A cell of the archive that has a program: its place in each descriptor.
 *
 * @public
 */
export type RunCell = { readonly bins: readonly number[]; readonly score: number; readonly id: string };

/**
 * A model of a search: evaluations that it was asked for, those of them that are committed, and those with a gain over the better of the
 * parent and the first program; the sum of gains; and what it took.
 *
 * @public
 */
export type RunModel = {
  readonly name: string;
  readonly submitted: number;
  readonly answered: number;
  readonly improved: number;
  readonly gain: number;
  readonly usage: RunUsage;
};

/**
 * The report of a run.
 *
 * @public
 */
export type RunReport = {
  readonly schema_version: typeof RUN_REPORT_VERSION;
  readonly name: string;
  readonly seed: number | string;
  readonly target: { readonly file: string; readonly entry: string };
  readonly task: string;
  readonly objective: string;
  readonly proposer: string;
  readonly selector: string;
  readonly best: {
    readonly id: string;
    readonly score: number;
    readonly evaluation: number;
    readonly generation: number;
    readonly measures: Readonly<Record<string, number>>;
    readonly source_sha256: string;
    readonly file: string;
  };
  readonly start: { readonly id: string; readonly score: number };
  readonly is_better: boolean;
  readonly evaluations: number;
  readonly ended: EvolveEnd;
  readonly lineage_hash: string;
  readonly usage: RunUsage;
  /** Of the search, in the order of the configuration; none where one proposer is all there is. */
  readonly models: readonly RunModel[];
  /** Null where there was none. */
  readonly control: RunControl | null;
  /** Null where none was asked for, or no program is better than the first. */
  readonly promotion: { readonly is_promoted: boolean; readonly tests: readonly RunPromotion[] } | null;
  readonly promotion_enabled: boolean;
  readonly archive: {
    readonly descriptors: readonly string[];
    readonly cells: readonly RunCell[];
    readonly coverage: number | null;
    readonly qd_score: number;
  };
  readonly curve: readonly CurvePoint[];
  readonly best_line: readonly LineStep[];
  readonly lineage: readonly Commit[];
  readonly estimate: Estimate;
  readonly config: JsonObject;
  readonly timing: { readonly elapsed_ms: number };
};

/**
 * A run while it goes on: how many evaluations, or tries, of its phase are done, and its report as it stands, in which a search that goes
 * on has not ended.
 *
 * @public
 */
export type RunView = {
  readonly phase: 'search' | 'control' | 'promotion' | 'done';
  readonly done: number;
  readonly of: number;
  readonly report: Omit<RunReport, 'ended'> & { readonly ended: EvolveEnd | null };
};

/** Usage as it is written. */
export function runUsage({ inputTokens, outputTokens, costUsd }: ProposalUsage): RunUsage {
  return { input_tokens: inputTokens, output_tokens: outputTokens, cost_usd: costUsd };
}

/** Models as they are written. */
export function runModels(tallies: readonly ModelTally[]): readonly RunModel[] {
  return tallies.map(({ name, submitted, answered, improved, gain, usage }) => ({
    ...{ name, submitted, answered, improved, gain },
    usage: runUsage(usage),
  }));
}

/** The best score until each evaluation. */
export function curveOf({ commits }: Pick<SearchSoFar, 'commits'>): readonly CurvePoint[] {
  let best = Number.NEGATIVE_INFINITY;
  return commits.map(({ index, score }) => {
    best = Math.max(best, score ?? best);
    return { evaluation: index, score, best };
  });
}

/** The line of a program back to the first, the first at the head. */
export function lineOf(commits: readonly Commit[], id: string): readonly Commit[] {
  const byId = new Map(commits.map((commit) => [commit.id, commit]));
  const line: Commit[] = [];
  for (let at = byId.get(id); at !== undefined; at = byId.get(at.parents[0] ?? '')) line.unshift(at);
  return line;
}
