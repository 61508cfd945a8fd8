/**
 * Finds the manifest of a tree (plugin.json, or the object under "bulkhead" of package.json), judges its text before
 * anything is built from it, and says for each finding of the parser at which line the author wrote it.
 */
import { evaluate, parse, type DocumentNode, type ValueNode } from '@humanwhocodes/momoa';
import { LIMITS, parseManifest, type Finding, type Manifest } from '@bulkhead/protocol';
import { HostError } from '../base/host-error.ts';
import type { SourceTree } from './source-tree.ts';

/** A manifest and the file that it stands in, or every finding. */
export type ManifestFileResult =
  | { readonly ok: true; readonly manifest: Manifest; readonly path: ManifestPath }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** The two files that may hold a manifest. */
export type ManifestPath = 'plugin.json' | 'package.json';

/**
 * Parses the manifest of a tree.
 *
 * @returns the manifest, or every finding (`MANIFEST_INVALID`) with file, JSON path and line: size, depth and duplicate
 *   keys first, as they make the rest meaningless.
 */
export function readManifest(tree: SourceTree): ManifestFileResult {
  if (tree.files.has('plugin.json') || tree.oversized.has('plugin.json')) return readFrom(tree, 'plugin.json');
  const fromPackage = tree.files.has('package.json') ? readFrom(tree, 'package.json') : undefined;
  return (
    fromPackage ?? refuse('plugin.json', 'plugin.json is missing', 'Write plugin.json; `bulkhead init NAME` makes one.')
  );
}

/**
 * Parses the manifest of a tree that goes no further without one.
 *
 * @throws {HostError} `MANIFEST_INVALID` with every finding; the message is the first.
 */
export function insistOnManifest(tree: SourceTree): Manifest {
  const read = readManifest(tree);
  if (read.ok) return read.manifest;
  const first = read.findings[0];
  const more = read.findings.length > 1 ? ` (and ${read.findings.length - 1} more)` : '';
  const message = first === undefined ? undefined : `${first.message}${more}`;
  throw new HostError('MANIFEST_INVALID', { findings: read.findings, ...(message !== undefined && { message }) });
}

/**
 * Tells the name that a manifest claims, however wrong the rest of it is; undefined where no name can be read.
 * For the list of refused folders only.
 */
export function peekName(tree: SourceTree): string | undefined {
  for (const path of ['plugin.json', 'package.json'] as const) {
    const text = textOf(tree, path);
    const document = text === undefined ? undefined : parseText(text, path);
    const node = document?.ok === true ? manifestNode(document.document, path) : undefined;
    const name = node === undefined ? undefined : memberOf(node, 'name');
    if (name?.type === 'String') return name.value;
  }
  return undefined;
}

/** Judges the text of a plugin.json as {@link readManifest} does, but for its size. */
export function judgeManifestText(text: string): ManifestFileResult {
  const parsed = parseText(text, 'plugin.json');
  return parsed.ok ? readNode(parsed.document.body, 'plugin.json') : { ok: false, findings: [parsed.finding] };
}

function readFrom(tree: SourceTree, path: 'plugin.json'): ManifestFileResult;
function readFrom(tree: SourceTree, path: ManifestPath): ManifestFileResult | undefined;
function readFrom(tree: SourceTree, path: ManifestPath): ManifestFileResult | undefined {
  const text = textOf(tree, path);
  if (text === undefined) return tooLarge(path, tree.oversized.get(path) ?? 0);
  if (Buffer.byteLength(text) > LIMITS.manifest_bytes.value && path === 'plugin.json') {
    return tooLarge(path, Buffer.byteLength(text));
  }
  const parsed = parseText(text, path);
  if (!parsed.ok) return { ok: false, findings: [parsed.finding] };
  const node = manifestNode(parsed.document, path);
  if (node === undefined) return path === 'plugin.json' ? readNode(parsed.document.body, path) : undefined;
  return readNode(node, path);
}

function textOf(tree: SourceTree, path: ManifestPath): string | undefined {
  const bytes = tree.files.get(path);
  return bytes === undefined
    ? undefined
    : Buffer.from(bytes)
        .toString('utf8')
        .replace(/^\uFEFF/, '');
}

type ParsedText =
  { readonly ok: true; readonly document: DocumentNode } | { readonly ok: false; readonly finding: Finding };

function parseText(text: string, path: ManifestPath): ParsedText {
  // Before the parser, which recurses: text that nests deeper than allowed never reaches it (FAULTS 86).
  const deep = depthLine(text, LIMITS.manifest_depth.value);
  if (deep !== undefined) {
    const message = `the manifest nests deeper than ${LIMITS.manifest_depth.value} levels`;
    return { ok: false, finding: finding({ path, line: deep }, message, 'Write a flatter config or config_schema.') };
  }
  try {
    return { ok: true, document: parse(text, { mode: 'json' }) };
  } catch (error) {
    const line = error instanceof Error && 'line' in error && typeof error.line === 'number' ? error.line : null;
    const why = error instanceof Error ? error.message : 'unreadable';
    return {
      ok: false,
      finding: finding({ path, line }, `${path} is not JSON: ${why}`, 'Correct the text at this line.'),
    };
  }
}

/** Returns the line at which brackets, outside of strings, first nest deeper than `depthMax`. */
function depthLine(text: string, depthMax: number): number | undefined {
  let depth = 0;
  let line = 1;
  for (const [token] of text.matchAll(/"(?:[^"\\\n]|\\.)*"|[[\]{}\n]/g)) {
    if (token === '\n') line += 1;
    else if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    if (depth > depthMax) return line;
  }
  return undefined;
}

function manifestNode(document: DocumentNode, path: ManifestPath): ValueNode | undefined {
  return path === 'plugin.json' ? document.body : memberOf(document.body, 'bulkhead');
}

function readNode(node: ValueNode, path: ManifestPath): ManifestFileResult {
  const duplicates = duplicateKeys(node, '').map((found) => found(path));
  if (duplicates.length > 0) return { ok: false, findings: duplicates };
  const result = parseManifest(evaluate(node));
  if (result.ok) return { ok: true, manifest: result.manifest, path };
  return { ok: false, findings: result.findings.map((found) => located(found, node, path)) };
}

/** The prefix of JSON paths inside the file. */
function prefixOf(path: ManifestPath): string {
  return path === 'plugin.json' ? '' : '/bulkhead';
}

function duplicateKeys(node: ValueNode, pointer: string): readonly ((path: ManifestPath) => Finding)[] {
  if (node.type === 'Array')
    return node.elements.flatMap((item, index) => duplicateKeys(item.value, `${pointer}/${index}`));
  if (node.type !== 'Object') return [];
  const seen = new Set<string>();
  return node.members.flatMap((member) => {
    const key = keyOf(member.name);
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const below = duplicateKeys(member.value, at);
    if (!seen.has(key)) {
      seen.add(key);
      return below;
    }
    const line = member.loc.start.line;
    const report = (path: ManifestPath): Finding =>
      finding(
        { path: `${path}#${prefixOf(path)}${at}`, line },
        `field "${key}" is written twice`,
        'Keep one of the two.',
      );
    return [report, ...below];
  });
}

function keyOf(name: { readonly type: string; readonly value?: string; readonly name?: string }): string {
  return name.value ?? name.name ?? '';
}

function memberOf(node: ValueNode, key: string): ValueNode | undefined {
  if (node.type === 'Array') return node.elements[Number(key)]?.value;
  if (node.type !== 'Object') return undefined;
  return node.members.find((member) => keyOf(member.name) === key)?.value;
}

/** Adds the line to a finding of the parser: that of the nearest part of its JSON path that the author wrote. */
function located(found: Finding, node: ValueNode, path: ManifestPath): Finding {
  const pointer = found.path.includes('#') ? found.path.slice(found.path.indexOf('#') + 1) : '';
  let nearest = node;
  for (const part of pointer.split('/').slice(1)) {
    const next = memberOf(nearest, part.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (next === undefined) break;
    nearest = next;
  }
  const at = prefixOf(path) + pointer;
  return { ...found, path: at === '' ? path : `${path}#${at}`, line: nearest.loc.start.line };
}

function tooLarge(path: ManifestPath, bytes: number): ManifestFileResult {
  const allowed = LIMITS.manifest_bytes.value;
  return refuse(path, `${path} has ${bytes} bytes; at most ${allowed} are read`, 'Move data into files of its own.');
}

type Place = { readonly path: string; readonly line: number | null };

function refuse(path: string, message: string, hint: string): ManifestFileResult & { readonly ok: false } {
  return { ok: false, findings: [finding({ path, line: null }, message, hint)] };
}

function finding(place: Place, message: string, hint: string): Finding {
  return { id: 'MANIFEST_INVALID', severity: 'error', ...place, message, hint };
}
