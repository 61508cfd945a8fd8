/**
 * Whether the candidate answers more often with what its operator wants to see in no answer: texts that match the operator's patterns.
 */
import { GuardError } from '../guard-error.ts';
import { compilePattern } from '../report/redaction-pattern.ts';
import type { BuiltInMonitor } from './monitor.ts';
import { createMarkedResults } from './marked-results.ts';
import { optionError, severityOf, type CommonOptions } from './settings.ts';

/**
 * `patterns` are regular expressions, as those of redaction: one range in the middle, no repeated group. A specification gives one as
 * `safety:patterns=TEXT`, with `|` between alternatives.
 *
 * @public
 */
export type SafetyOptions = CommonOptions & { readonly patterns?: readonly string[] | string };

const PATTERNS_MAX = 50;

/**
 * A monitor of patterns. It alerts (`safety_increase`) by the rule of {@link createPii}, of results that match one of the patterns.
 *
 * @returns A monitor `safety`. In the summary: as of {@link createPii}, the patterns by their number, from 1.
 * @throws {GuardError} `MONITOR_INVALID` where there is no pattern, or one could take more than linear time.
 * @see X002-10.
 * @public
 */
export function createSafety(options: SafetyOptions = {}): BuiltInMonitor {
  const { patterns = [] } = options;
  const sources = typeof patterns === 'string' ? [patterns] : patterns;
  if (sources.length === 0)
    throw optionError('patterns', undefined, 'at least one regular expression of what no answer may hold');
  const compiled = sources.map((source, index) => ({
    kind: `pattern_${index + 1}`,
    pattern: compiledOf(source, index),
  }));
  return createMarkedResults({
    ...{ id: 'safety', type: 'safety_increase', subject: 'what no answer may hold', severity: severityOf(options) },
    kinds: compiled.map(({ kind }) => kind),
    // `search` begins at the start whatever a global pattern met before.
    kindsIn: (text) => compiled.flatMap(({ kind, pattern }) => (text.search(pattern) >= 0 ? [kind] : [])),
  });
}

function compiledOf(source: string, index: number): RegExp {
  try {
    return compilePattern(source, { index, most: PATTERNS_MAX });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace('redaction pattern', 'pattern') : 'is none';
    throw new GuardError('MONITOR_INVALID', `option patterns of monitor "safety": ${why}`, { cause });
  }
}
