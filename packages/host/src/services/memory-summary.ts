/**
 * What several artifacts have in common, in a few lines (X004-6). Computed from the artifacts alone, with no model: the same of the
 * same, and so testable.
 */
import type { MemoryArtifact, MemorySummary } from '@bulkhead/protocol';

const SHOWN_ARTIFACTS = 10;
const SHOWN_CHARACTERS = 160;

/** Summarizes artifacts that come newest first. */
export function summarizeMemory(artifacts: readonly MemoryArtifact[]): MemorySummary {
  const confidence = artifacts.reduce((sum, artifact) => sum + artifact.confidence, 0) / (artifacts.length || 1);
  return {
    summary: linesOf(artifacts).join('\n'),
    count: artifacts.length,
    confidence: Math.round(confidence * 1e6) / 1e6,
    sources: sorted(artifacts.map(({ source }) => source)),
    tags: sorted(artifacts.flatMap(({ tags }) => tags)),
    from: artifacts.at(-1)?.timestamp ?? null,
    to: artifacts[0]?.timestamp ?? null,
  };
}

function linesOf(artifacts: readonly MemoryArtifact[]): readonly string[] {
  const lines = artifacts.slice(0, SHOWN_ARTIFACTS).map(({ source, content }) => `${source}: ${shortened(content)}`);
  const left = artifacts.length - lines.length;
  return left > 0 ? [...lines, `and ${left} more`] : lines;
}

function shortened(content: MemoryArtifact['content']): string {
  const text = (typeof content === 'string' ? content : JSON.stringify(content)).replaceAll(/\s+/gu, ' ').trim();
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text;
}

function sorted(words: readonly string[]): readonly string[] {
  return [...new Set(words)].toSorted((a, b) => (a < b ? -1 : Number(a > b)));
}
