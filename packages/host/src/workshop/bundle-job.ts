/**
 * A bundling as the workshop does it.
 */
import { isJsonObject } from '@bulkhead/protocol';
import { assertInvariant } from '../base/host-error.ts';
import type { Parcel } from '../base/parcel.ts';
import { bundleTree } from '../bundle/bundle-tree.ts';

/** A map larger than the largest artifact is of no use to anybody, and is left out. */
const SOURCE_MAP_BYTES_MAX = 32 * 1024 * 1024;

/** Serves one bundling. */
export async function bundleJob({ head, blobs }: Parcel): Promise<Parcel> {
  const output = await bundleTree({
    entry: { main: textOf(head['main']), entryPoints: entryPointsOf(head['entryPoints']) },
    files: blobs,
    packages: new Map(pairsOf(head['packages'])),
    asks: (Array.isArray(head['asks']) ? head['asks'] : []).map(textOf),
  });
  if (!output.ok) return { head: { findings: output.findings.map((finding) => ({ ...finding })) }, blobs: new Map() };
  const made = new Map([['module', output.module]]);
  if (output.sourceMap.length <= SOURCE_MAP_BYTES_MAX) made.set('source_map', output.sourceMap);
  return { head: { findings: [] }, blobs: made };
}

type EntryPoint = {
  readonly group: string;
  readonly name: string;
  readonly module: string;
  readonly exported: string;
};

function entryPointsOf(value: unknown): readonly EntryPoint[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter(isJsonObject).map((point) => ({
    group: textOf(point['group']),
    name: textOf(point['name']),
    module: textOf(point['module']),
    exported: textOf(point['exported']),
  }));
}

/** The host wrote these from a parsed manifest, so another type is a mistake of ours. */
function textOf(value: unknown): string {
  assertInvariant(typeof value === 'string', 'the host sends texts');
  return value;
}

function pairsOf(value: unknown): readonly (readonly [string, string])[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return list.filter((pair) => Array.isArray(pair)).map(([place, root]: unknown[]) => [textOf(place), textOf(root)]);
}
