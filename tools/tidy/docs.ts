/**
 * Rules for what people read: links lead somewhere, decisions are numbered and complete, change notes have their form.
 */
import { posix } from 'node:path';
import { lineAt, type TidyFinding, type Tree } from './tree.ts';

/** Sections that a decision record has, in this order; a heading may say more after these words. */
export const ADR_SECTIONS = ['Context', 'Options', 'Decision', 'Consequences', 'What would change our mind'] as const;

/** Kinds of change, which are also the headings of CHANGELOG.md. */
export const CHANGE_KINDS = ['added', 'changed', 'deprecated', 'removed', 'fixed', 'security'] as const;

const CHANGE_LINE_CHARACTERS_MAX = 120;

/** Finds links between documents that lead to no file or to no heading. */
export function checkLinks(tree: Tree): readonly TidyFinding[] {
  const documents = [...tree].filter(([path]) => path.endsWith('.md') && !path.startsWith('fixtures/'));
  return documents.flatMap(([path, text]) => {
    const prose = withoutCode(text);
    const links = [...prose.matchAll(/\[[^\]]*\]\(([^()\s]+)\)/g)];
    return links.flatMap((link) => {
      const target = link[1] ?? '';
      const message = linkFinding(tree, path, target);
      return message === undefined ? [] : [{ path, line: lineAt(prose, link.index), message }];
    });
  });
}

/** Finds decision records that are misnamed, misnumbered or lack a section. */
export function checkDecisions(tree: Tree): readonly TidyFinding[] {
  const paths = [...tree.keys()].filter((path) => path.startsWith('docs/adr/')).toSorted();
  return paths.flatMap((path, index) => {
    const number = String(index + 1).padStart(4, '0');
    const messages = [];
    if (!new RegExp(`^docs/adr/${number}-[a-z0-9-]+\\.md$`).test(path)) {
      messages.push(`expected the name docs/adr/${number}-<slug>.md; numbers follow one another and are used once`);
    }
    const headings = headingsOf(tree.get(path) ?? '');
    const missing = ADR_SECTIONS.filter((section) => !headings.some((heading) => heading.startsWith(section)));
    if (missing.length > 0) messages.push(`lacks the section ${missing.map((name) => `"## ${name}"`).join(', ')}`);
    return messages.map((message) => ({ path, line: 1, message }));
  });
}

/** Finds change notes that are not named, or not written, as changes/README.md says. */
export function checkChanges(tree: Tree): readonly TidyFinding[] {
  const paths = [...tree.keys()].filter((path) => path.startsWith('changes/') && path !== 'changes/README.md');
  return paths.flatMap((path) => {
    const message = changeFinding(path, tree.get(path) ?? '');
    return message === undefined ? [] : [{ path, line: 1, message }];
  });
}

function changeFinding(path: string, text: string): string | undefined {
  if (!new RegExp(`^changes/[a-z0-9-]+\\.(${CHANGE_KINDS.join('|')})\\.md$`).test(path)) {
    return `expected the name changes/<slug>.<kind>.md, kind one of ${CHANGE_KINDS.join(', ')}`;
  }
  const [first = '', second, ...rest] = text.trimEnd().split('\n');
  if (!/^[A-Z].*\.$/.test(first) || first.length > CHANGE_LINE_CHARACTERS_MAX) {
    return `the first line is one imperative sentence of at most ${CHANGE_LINE_CHARACTERS_MAX} characters`;
  }
  const isComplete =
    second === '' && ['Before: ', 'After: '].every((word) => rest.some((line) => line.startsWith(word)));
  return isComplete ? undefined : 'after an empty line, say "Before: ..." and "After: ..." for the reader';
}

function linkFinding(tree: Tree, from: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined; // Another site, or mail: not ours to hold.
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : posix.normalize(posix.join(posix.dirname(from), file)).replace(/\/$/, '');
  const isThere = tree.has(path) || [...tree.keys()].some((each) => each.startsWith(`${path}/`));
  if (!isThere) return `link "${target}" leads to no file`;
  if (anchor === undefined || !path.endsWith('.md')) return undefined;
  const anchors = headingsOf(tree.get(path) ?? '').map(anchorOf);
  return anchors.includes(anchor) ? undefined : `link "${target}" leads to no heading of ${path}`;
}

function headingsOf(text: string): readonly string[] {
  return [...withoutCode(text).matchAll(/^#{1,6} +(.+)$/gm)].map((match) => (match[1] ?? '').trim());
}

/** As public hosts make anchors: lower case, letters, digits, hyphens; spaces become hyphens. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}

/** Blanks what stands in code, keeping every line, so that positions stay. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, blank).replaceAll(/`[^`\n]*`/g, blank);
}

function blank(code: string): string {
  return code.replaceAll(/[^\n]/g, ' ');
}
