/**
 * Bundles for the tests of what comes after the bundler: made by the real step, with an answer in place of a workshop.
 */
import { parseManifest, type JsonObject } from '@bulkhead/protocol';
import type { ReviewedSource } from '../review/review-source.ts';
import { bundleSource, type Bundle } from './bundle-source.ts';

/** Makes a bundle of a module's text, its manifest's fields beyond the required ones, and a source map's text. */
export async function makeBundle(module: string, fields: JsonObject = {}, sourceMap?: string): Promise<Bundle> {
  const parsed = parseManifest({
    name: 'sample',
    version: '1.0.0',
    description: 'A sample.',
    author: 'Somebody',
    ...fields,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.findings));
  const reviewed = {
    manifest: parsed.manifest,
    main: 'main.ts',
    entryPoints: [],
    files: new Map(),
    packages: new Map(),
    findings: [],
  };
  const blobs = new Map([['module', new Uint8Array(Buffer.from(module))]]);
  if (sourceMap !== undefined) blobs.set('source_map', new Uint8Array(Buffer.from(sourceMap)));
  const result = await bundleSource(reviewed as unknown as ReviewedSource, async () => ({
    head: { findings: [] },
    blobs,
  })); // No review ran.
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.findings));
  return result.bundle;
}
