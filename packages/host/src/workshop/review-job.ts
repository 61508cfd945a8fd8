/**
 * A review as the workshop does it: joins the review to the resolver over one tree that grows by what the host answers.
 */
import { isJsonObject, type JsonObject } from '@bulkhead/protocol';
import type { Parcel } from '../base/parcel.ts';
import { createTreeResolver } from '../bundle/tree-resolver.ts';
import { inspectTree, type InspectedTree, type WantedPackage } from '../review/inspect-tree.ts';

/** As many as the host looks up for one question. */
const WANTED_MAX = 1_000;

/** Serves one review; `ask` puts a question to the host. */
export async function reviewJob(job: Parcel, ask: (question: JsonObject) => Promise<Parcel>): Promise<Parcel> {
  const inspection = await inspectTree(growingTree(job, ask), stringsOf(job.head['entries']));
  const { findings, reached, missing } = inspection;
  return { head: { findings: findings.map((finding) => ({ ...finding })), reached, missing }, blobs: new Map() };
}

function growingTree(job: Parcel, ask: (question: JsonObject) => Promise<Parcel>): InspectedTree {
  const files = new Map(job.blobs);
  const packages = new Map<string, string>();
  const oversized = isJsonObject(job.head['oversized']) ? job.head['oversized'] : {};
  const text = (path: string): string | undefined => {
    const bytes = files.get(path);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  };
  const has = (path: string): boolean => files.has(path) || Object.hasOwn(oversized, path);
  const fetchSome = async (wanted: readonly WantedPackage[]): Promise<void> => {
    const answer = await ask({ wanted: wanted.map(({ name, from }) => ({ name, from })) });
    for (const [path, bytes] of answer.blobs) files.set(path, bytes);
    const places = answer.head['places'];
    for (const pair of Array.isArray(places) ? places : []) {
      const [place, root] = stringsOf(pair);
      if (place !== undefined && root !== undefined) packages.set(place, root);
    }
  };
  const fetchPackages = async (wanted: readonly WantedPackage[]): Promise<void> => {
    for (let at = 0; at < wanted.length; at += WANTED_MAX) await fetchSome(wanted.slice(at, at + WANTED_MAX));
  };
  const asks = stringsOf(job.head['asks']);
  return {
    asks,
    text,
    has,
    isAuthors: (path) => !path.split('/').includes('node_modules'),
    oversizeOf: (path) => (typeof oversized[path] === 'number' ? oversized[path] : undefined),
    resolve: createTreeResolver({ has, text, packageAt: (place) => packages.get(place), asks }),
    fetchPackages,
  };
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
