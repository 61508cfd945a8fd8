/**
 * Finds the manifest of a tree (plugin.json, or the object under "bulkhead" of package.json), judges its text before
 * anything is built from it, and says for each finding of the parser at which line the author wrote it. The pinned tools of an MCP
 * server may stand in a file of their own beside it: many of them are more than a person reads.
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

/** Holds what `mcp.tools` is where the manifest has none, as an array. */
export const TOOLS_FILE = 'plugin.tools.json';

/** A file in which something of a manifest stands. */
type WrittenIn = ManifestPath | typeof TOOLS_FILE;

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
  if (!leavesToolsOut(node)) return readNode(node, path);
  const tools = readTools(tree);
  return tools?.ok === false ? { ok: false, findings: tools.findings } : readNode(node, path, tools?.node);
}

function leavesToolsOut(manifest: ValueNode): boolean {
  const mcp = memberOf(manifest, 'mcp');
  return mcp?.type === 'Object' && memberOf(mcp, 'tools') === undefined;
}

type ToolsNode =
  { readonly ok: true; readonly node: ValueNode } | { readonly ok: false; readonly findings: readonly Finding[] };

/** Undefined where there is no such file: the parser then says what is missing. */
function readTools(tree: SourceTree): ToolsNode | undefined {
  const text = textOf(tree, TOOLS_FILE);
  const bytes = text === undefined ? tree.oversized.get(TOOLS_FILE) : Buffer.byteLength(text);
  if (bytes === undefined) return undefined;
  if (text === undefined || bytes > LIMITS.mcp_tools_bytes.value) return tooLarge(TOOLS_FILE, bytes);
  const parsed = parseText(text, TOOLS_FILE);
  if (!parsed.ok) return { ok: false, findings: [parsed.finding] };
  const { body } = parsed.document;
  const duplicates = duplicateKeys(body, '').map((found) => found(TOOLS_FILE));
  return duplicates.length > 0 ? { ok: false, findings: duplicates } : { ok: true, node: body };
}

function textOf(tree: SourceTree, path: WrittenIn): string | undefined {
  const bytes = tree.files.get(path);
  return bytes === undefined
    ? undefined
    : Buffer.from(bytes)
        .toString('utf8')
        .replace(/^\uFEFF/, '');
}

type ParsedText =
  { readonly ok: true; readonly document: DocumentNode } | { readonly ok: false; readonly finding: Finding };

function parseText(text: string, path: WrittenIn): ParsedText {
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

function readNode(node: ValueNode, path: ManifestPath, tools?: ValueNode): ManifestFileResult {
  const duplicates = duplicateKeys(node, '').map((found) => found(path));
  if (duplicates.length > 0) return { ok: false, findings: duplicates };
  const result = parseManifest(tools === undefined ? evaluate(node) : joined(evaluate(node), evaluate(tools)));
  if (result.ok) return { ok: true, manifest: result.manifest, path };
  return { ok: false, findings: result.findings.map((found) => locatedIn(found, { node, path, tools })) };
}

function joined(manifest: unknown, tools: unknown): unknown {
  const { mcp, ...rest } = Object(manifest) as { readonly mcp?: unknown };
  return { ...rest, mcp: { ...Object(mcp), tools } };
}

const TOOLS_POINTER = 'plugin.json#/mcp/tools';

type Written = { readonly node: ValueNode; readonly path: ManifestPath; readonly tools: ValueNode | undefined };

function locatedIn(found: Finding, { node, path, tools }: Written): Finding {
  if (tools === undefined || !found.path.startsWith(TOOLS_POINTER)) return located(found, node, path);
  return located({ ...found, path: `#${found.path.slice(TOOLS_POINTER.length)}` }, tools, TOOLS_FILE);
}

/** The prefix of JSON paths inside the file. */
function prefixOf(path: WrittenIn): string {
  return path === 'package.json' ? '/bulkhead' : '';
}

function duplicateKeys(node: ValueNode, pointer: string): readonly ((path: WrittenIn) => Finding)[] {
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
    const report = (path: WrittenIn): Finding =>
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
function located(found: Finding, node: ValueNode, path: WrittenIn): Finding {
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

function tooLarge(path: WrittenIn, bytes: number): ManifestFileResult & { readonly ok: false } {
  const isTools = path === TOOLS_FILE;
  const allowed = isTools ? LIMITS.mcp_tools_bytes.value : LIMITS.manifest_bytes.value;
  const hint = isTools ? 'Leave out tools that nobody calls.' : HINT_OF_SIZE;
  return refuse(path, `${path} has ${bytes} bytes; at most ${allowed} are read`, hint);
}

const HINT_OF_SIZE = `Move data into files of its own; the tools of an MCP server (mcp.tools) into ${TOOLS_FILE} beside it.`;

type Place = { readonly path: string; readonly line: number | null };

function refuse(path: string, message: string, hint: string): ManifestFileResult & { readonly ok: false } {
  return { ok: false, findings: [finding({ path, line: null }, message, hint)] };
}

function finding(place: Place, message: string, hint: string): Finding {
  return { id: 'MANIFEST_INVALID', severity: 'error', ...place, message, hint };
}
