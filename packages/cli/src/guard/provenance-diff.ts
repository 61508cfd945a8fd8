/**
 * `bulkhead guard provenance-diff`: whether two reports are of the same question. What was judged, by what, where and how it was asked;
 * nothing of what came out.
 */
import type { Report } from '@bulkhead/guard';
import type { JsonValue } from '@bulkhead/protocol';
import type { Terminal } from '../terminal.ts';
import { answering } from './answering.ts';
import type { CompareOptions } from './compare.ts';
import { tellDifferences, type Figures } from './differences.ts';
import { readReport } from './read-report.ts';

/** Compares; answers 0 where both were asked the same, 1 otherwise. */
export async function provenanceDiffVerb({ before, after, json }: CompareOptions, terminal: Terminal): Promise<number> {
  return answering(terminal, async () => {
    const [old, now] = [await readReport(before), await readReport(after)];
    return tellDifferences({ before: provenanceOf(old), after: provenanceOf(now), json }, terminal);
  });
}

function provenanceOf(report: Report): Figures {
  const { task, spec_fingerprint, hashes, n, seed, policy, config, provenance, environment, replay } = report;
  const { executor, ...settings } = config;
  return new Map<string, JsonValue>([
    ['task', task],
    ['task fingerprint', spec_fingerprint],
    ['baseline sha256', hashes.baseline],
    ['candidate sha256', hashes.candidate],
    ['cases', n],
    ['seed', seed],
    ...named('policy', policy),
    ...named('executor', executor),
    ...named('config', settings),
    ...named('provenance', provenance),
    ...named('environment', environment),
    ['command', replay.command],
    ['report schema', report.schema_version],
  ]);
}

function named(part: string, fields: object): readonly (readonly [string, JsonValue])[] {
  // Parts of a report, which is JSON.
  return Object.entries(fields as Readonly<Record<string, JsonValue>>).map(([key, value]) => [`${part} ${key}`, value]);
}
