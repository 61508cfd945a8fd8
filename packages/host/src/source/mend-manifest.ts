/**
 * Mends the text of a plugin.json where there is one right way: a field whose name is nearly a known one, a version that is
 * nearly strict, required fields that package.json or a default supplies. All else in the text stays as the author wrote it. A
 * change is kept only where the manifest has fewer findings after it.
 */
import { parse, type MemberNode, type ObjectNode, type ValueNode } from '@humanwhocodes/momoa';
import { knownFields, parseVersion } from '@bulkhead/protocol';
import { distance } from 'fastest-levenshtein';
import { judgeManifestText } from './manifest-file.ts';

/** What is known beside plugin.json: what package.json says, and the one module that `main` can mean, if there is one. */
export type ManifestHelp = {
  readonly version: string | undefined;
  readonly description: string | undefined;
  readonly author: string | undefined;
  readonly main: string | undefined;
};

/** The mended text, and each change in words with the line that it was made at. */
export type MendedManifest = {
  readonly text: string;
  readonly changes: readonly { readonly line: number; readonly message: string }[];
};

/** A hand's typing errors; beyond it a name is another name. */
const DISTANCE_MAX = 2;
/** A manifest has no more fields than this that could be mended. */
const CHANGES_MAX = 64;

/** Mends; what is no JSON object is returned as it is. */
export function mendManifest(text: string, help: ManifestHelp): MendedManifest {
  let mended = text;
  const changes: MendedManifest['changes'][number][] = [];
  while (changes.length < CHANGES_MAX) {
    const change = nextChange(mended, help);
    if (change === undefined) break;
    mended = applied(mended, change);
    changes.push({ line: change.line, message: change.message });
  }
  return { text: mended, changes };
}

type Change = {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly line: number;
  readonly message: string;
};

/** The first change after which less is wrong than before. */
function nextChange(text: string, help: ManifestHelp): Change | undefined {
  const wrong = faultsIn(text);
  if (wrong === 0) return undefined;
  const root = rootOf(text);
  if (root === undefined) return undefined;
  const proposed = [...renames(root, ''), ...corrections(root), ...additions(text, root, help)];
  return proposed.find((change) => faultsIn(applied(text, change)) < wrong);
}

function applied(text: string, { start, end, text: written }: Change): string {
  return text.slice(0, start) + written + text.slice(end);
}

function faultsIn(text: string): number {
  const judged = judgeManifestText(text);
  return judged.ok ? 0 : judged.findings.length;
}

/** A text that is deeper than allowed never comes here: its only finding is that, and no change makes it fewer. */
function rootOf(text: string): ObjectNode | undefined {
  const judged = judgeManifestText(text);
  if (!judged.ok && judged.findings.some(({ path }) => path === 'plugin.json')) return undefined;
  const { body } = parse(text, { mode: 'json' });
  return body.type === 'Object' ? body : undefined;
}

function renames(object: ObjectNode, path: string): readonly Change[] {
  const known = knownFields(path);
  const written = object.members.map(nameOf);
  const free = known.filter((name) => !written.includes(name));
  return object.members.flatMap((member) => {
    const name = nameOf(member);
    const below = member.value.type === 'Object' ? renames(member.value, `${path}/${name}`) : [];
    const meant = known.length === 0 || known.includes(name) ? undefined : meantBy(name, free);
    return meant === undefined ? below : [renaming(member, name, meant), ...below];
  });
}

/** The one known name that is meant; two that are equally near are none. */
function meantBy(name: string, free: readonly string[]): string | undefined {
  const near = free.filter((known) => distance(name, known) <= DISTANCE_MAX || known.startsWith(`${name}_`));
  return near.length === 1 ? near[0] : undefined;
}

function renaming(member: MemberNode, name: string, meant: string): Change {
  const { start, end } = member.name.loc;
  const message = `field ${JSON.stringify(name)} is named "${meant}"`;
  return { start: start.offset, end: end.offset, text: JSON.stringify(meant), line: start.line, message };
}

/** `v1.2` and `1` are versions to people; strict semver has three numbers. */
function corrections(root: ObjectNode): readonly Change[] {
  const value = root.members.find((member) => nameOf(member) === 'version')?.value;
  const match = value?.type === 'String' ? /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(value.value) : null;
  if (value?.type !== 'String' || match === null) return [];
  const strict = `${match[1] ?? 0}.${match[2] ?? 0}.${match[3] ?? 0}`;
  const message = `version "${value.value}" is written "${strict}"`;
  return [replacement(value, strict, message)];
}

function replacement(value: ValueNode, text: string, message: string): Change {
  const { start, end } = value.loc;
  return { start: start.offset, end: end.offset, text: JSON.stringify(text), line: start.line, message };
}

function additions(text: string, root: ObjectNode, help: ManifestHelp): readonly Change[] {
  const name = root.members.find((member) => nameOf(member) === 'name')?.value;
  const described = name?.type === 'String' ? `The plugin ${name.value}.` : undefined;
  const version = parseVersion(help.version) === undefined ? '0.1.0' : help.version;
  const values = { version, description: help.description ?? described, author: help.author, main: help.main };
  const written = root.members.map(nameOf);
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined || value === '' || written.includes(key) ? [] : [addition({ text, root }, key, value)],
  );
}

/** After the last field, indented as it is. */
function addition(
  { text, root }: { readonly text: string; readonly root: ObjectNode },
  key: string,
  value: string,
): Change {
  const written = `${JSON.stringify(key)}: ${JSON.stringify(value)}`;
  const message = `field "${key}" is added: ${JSON.stringify(value)}`;
  const last = root.members.at(-1);
  if (last === undefined) {
    const at = root.loc.start.offset + 1;
    return { start: at, end: at, text: written, line: root.loc.start.line, message };
  }
  const { offset, line } = last.loc.end;
  const before = text.slice(text.lastIndexOf('\n', last.loc.start.offset) + 1, last.loc.start.offset);
  const gap = text.slice(0, last.loc.start.offset).includes('\n') && before.trim() === '' ? `\n${before}` : ' ';
  return { start: offset, end: offset, text: `,${gap}${written}`, line, message };
}

function nameOf({ name }: MemberNode): string {
  return name.type === 'String' ? name.value : name.name;
}
