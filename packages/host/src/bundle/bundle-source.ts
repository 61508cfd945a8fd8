/**
 * The bundling as a step of the install flow: a ReviewedSource in, a Bundle or the findings out. The work is done in the
 * workshop; what comes back is bounded here.
 */
import { LIMITS, askedPermissions, type Finding, type JsonObject, type Manifest } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { Parcel } from '../base/parcel.ts';
import { parseFindings } from '../base/parse-findings.ts';
import type { AskWorkshop } from '../base/workshop-port.ts';
import type { ReviewedSource } from '../review/review-source.ts';

declare const bundled: unique symbol;

/**
 * One plugin as one ES module, of the shape `export { main, entryPoints }` (see entry-module.ts); only
 * {@link bundleSource} makes one, and {@link recalledBundle} of its. `sourceMap` is version 3 without sourcesContent, its sources relative to the plugin
 * folder; undefined where it would be larger than the module may be.
 */
export type Bundle = {
  readonly [bundled]: true;
  readonly manifest: Manifest;
  readonly module: Uint8Array;
  readonly sourceMap: Uint8Array | undefined;
  /** Warnings of the review, kept with the release. */
  readonly findings: readonly Finding[];
};

/** What became of a bundling; `findings` of a refused one hold at least one error. */
export type BundleResult =
  | { readonly kind: 'bundled'; readonly bundle: Bundle }
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };

/**
 * Bundles what the review let pass.
 *
 * @throws {HostError} `REVIEW_LIMIT` when the workshop ran out of time or memory, or answered nonsense.
 */
export async function bundleSource(source: ReviewedSource, ask: AskWorkshop): Promise<BundleResult> {
  const answer = await ask({ verb: 'bundle', parcel: jobOf(source) });
  const refusals = parseFindings(answer.head['findings']);
  const module = answer.blobs.get('module');
  if (refusals === undefined) throw malformed();
  if (refusals.length > 0) return { kind: 'refused', findings: [...refusals, ...source.findings] };
  if (module === undefined || module.length === 0) throw malformed();
  if (module.length > LIMITS.artifact_bytes.value) return { kind: 'refused', findings: [tooLarge(module.length)] };
  const bundle: Omit<Bundle, typeof bundled> = {
    manifest: source.manifest,
    module,
    sourceMap: answer.blobs.get('source_map'),
    findings: source.findings,
  };
  return { kind: 'bundled', bundle: bundle as Bundle }; // The only place that makes a new one.
}

/** Makes one again of what {@link bundleSource} has made of the same source before, and was kept for this user alone. */
export function recalledBundle(bundle: Omit<Bundle, typeof bundled>): Bundle {
  return bundle as Bundle; // Whoever calls answers for its having been one.
}

function jobOf(source: ReviewedSource): Parcel {
  const entryPoints = source.entryPoints.map(({ group, name, module, exported }): JsonObject => ({
    group,
    name,
    module,
    exported,
  }));
  const asks = askedPermissions(source.manifest);
  return { head: { main: source.main, entryPoints, packages: [...source.packages], asks }, blobs: source.files };
}

function malformed(): HostError {
  const message = 'the bundler answered in the wrong form';
  return new HostError('REVIEW_LIMIT', { message, hint: 'Report this plugin: its bundling misbehaves.' });
}

function tooLarge(bytes: number): Finding {
  const message = `the bundle has ${bytes} bytes; at most ${LIMITS.artifact_bytes.value} are taken`;
  const hint = 'Use fewer or smaller dependencies.';
  return { id: 'BUNDLE_FAILED', severity: 'error', path: 'plugin.json', line: null, message, hint };
}
