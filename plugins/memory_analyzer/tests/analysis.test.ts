import fc from 'fast-check';
import { expect, test } from 'vitest';
import { analyzeArtifacts, growthOf, type Facts } from '../analysis.ts';

const NOW = Date.parse('2026-06-01T12:00:00.000Z');

const artifact = (id: string, more: Partial<Facts> = {}): Facts => ({
  id,
  source: 'notes',
  tags: [],
  confidence: 1,
  timestamp: new Date(NOW).toISOString(),
  related_artifacts: [],
  ...more,
});

const ago = (seconds: number): { readonly timestamp: string } => ({
  timestamp: new Date(NOW - seconds * 1_000).toISOString(),
});

test('sources and tags are counted, the most frequent first [X004-8]', () => {
  const artifacts = [
    artifact('1', { source: 'b', tags: ['x', 'y'] }),
    artifact('2', { source: 'a', tags: ['y'] }),
    artifact('3', { source: 'a' }),
  ];
  expect(analyzeArtifacts(artifacts, NOW)).toMatchObject({
    count: 3,
    sources: [
      { name: 'a', count: 2 },
      { name: 'b', count: 1 },
    ],
    tags: [
      { name: 'y', count: 2 },
      { name: 'x', count: 1 },
    ],
  });
});

test('confidence has a mean, a least value, and a distribution by tenths [X004-8]', () => {
  const artifacts = [0, 0.05, 0.1, 0.95, 1].map((confidence, index) => artifact(String(index), { confidence }));
  expect(analyzeArtifacts(artifacts, NOW).confidence).toEqual({
    mean: 0.42,
    least: 0,
    tenths: [2, 1, 0, 0, 0, 0, 0, 0, 0, 2],
  });
});

test('ages are told in seconds; what is from the future is new', () => {
  const artifacts = [artifact('1', ago(-60)), artifact('2', ago(7_200)), artifact('3', ago(200_000))];
  expect(analyzeArtifacts(artifacts, NOW).age).toEqual({
    newest_seconds: 0,
    median_seconds: 7_200,
    oldest_seconds: 200_000,
    within_hour: 1,
    within_day: 2,
  });
});

test('relations: what hangs together is a cluster, in either direction and through circles; the rest are orphans', () => {
  const artifacts = [
    artifact('a', { related_artifacts: ['b'] }),
    artifact('b', { related_artifacts: ['c', 'a'] }),
    artifact('c'),
    artifact('d', { related_artifacts: ['e'] }),
    artifact('e'),
    artifact('self', { related_artifacts: ['self'] }),
    artifact('lost', { related_artifacts: ['gone'] }),
  ];
  expect(analyzeArtifacts(artifacts, NOW).relations).toEqual({
    links: 6,
    dangling: 1,
    orphans: 2,
    clusters: 2,
    largest_cluster: 3,
  });
});

test('growth is the share of 10,000 artifacts, and the days until they are reached at the pace of the last day [X004-8]', () => {
  const artifacts = Array.from({ length: 8_001 }, (_, index) =>
    artifact(String(index), ago(index < 1_000 ? 60 : 90_000)),
  );
  expect(growthOf(analyzeArtifacts(artifacts, NOW))).toEqual({
    artifacts_max: 10_000,
    share: 0.8001,
    added_last_day: 1_000,
    days_until_full: 1.999,
  });
  expect(growthOf(analyzeArtifacts([], NOW))).toMatchObject({ share: 0, days_until_full: null });
});

const anyArtifacts = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 30 }).chain((ids) =>
  fc.tuple(
    ...ids.map((id) =>
      fc.record({
        id: fc.constant(String(id)),
        source: fc.string({ minLength: 1 }),
        tags: fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 4 }),
        confidence: fc.double({ min: 0, max: 1, noNaN: true }),
        timestamp: fc.constantFrom(ago(1).timestamp, ago(5_000).timestamp, ago(500_000).timestamp),
        related_artifacts: fc.uniqueArray(fc.integer({ min: 0, max: 40 }).map(String), { maxLength: 4 }),
      }),
    ),
  ),
);

test('whatever the artifacts are: nothing is counted twice or not at all, and their order does not matter', () => {
  fc.assert(
    fc.property(anyArtifacts, (artifacts) => {
      const analysis = analyzeArtifacts(artifacts, NOW);
      const { confidence, relations } = analysis;
      expect(confidence.tenths.reduce((a, b) => a + b, 0)).toBe(artifacts.length);
      expect(confidence.mean).toBeLessThanOrEqual(1);
      expect(relations.orphans + relations.clusters).toBeLessThanOrEqual(artifacts.length);
      expect(relations.orphans + 2 * relations.clusters).toBeLessThanOrEqual(artifacts.length);
      expect(relations.dangling).toBeLessThanOrEqual(relations.links);
      const reversed = analyzeArtifacts(artifacts.toReversed(), NOW);
      expect({ ...reversed, confidence: 0 }).toEqual({ ...analysis, confidence: 0 });
    }),
  );
});

test('the largest memory with as many links as it may have is analysed at once', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => String(index));
  const artifacts = ids.map((id, index) =>
    artifact(id, { related_artifacts: ids.slice(index + 1, index + 65), tags: ids.slice(0, 32) }),
  );
  const startedAt = performance.now();
  expect(analyzeArtifacts(artifacts, NOW).relations).toMatchObject({ clusters: 1, largest_cluster: 10_000 });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
