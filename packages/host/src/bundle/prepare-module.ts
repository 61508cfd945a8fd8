/**
 * What is changed in a module's text before the bundler reads it, and why: the bundler would otherwise look beyond the
 * tree. Lines stay where they are.
 *
 * 1. A sourceMappingURL comment is blanked out: an author's map is ignored, and none is looked for.
 * 2. An import whose specifier only running tells is wrapped as `import((0, x))`: the bundler would take a pattern such as
 *    `./lang/${name}.js` for a list of files and fail. In the guest it is refused when it runs.
 */
import { parseSync } from 'oxc-parser';

const NEEDS_WORK = /sourceMappingURL|import\s*\(|require\s*\(|import\s*\/\*|require\s*\/\*/;

/** Returns the text to bundle. A module that does not parse is left to the bundler to report. */
export function prepareModule(path: string, text: string): string {
  if (!NEEDS_WORK.test(text)) return text;
  const edits = editsOf(path, text).toSorted((one, other) => other.start - one.start);
  return edits.reduce(
    (edited, { start, end, replacement }) => edited.slice(0, start) + replacement + edited.slice(end),
    text,
  );
}

type Edit = { readonly start: number; readonly end: number; readonly replacement: string };

function editsOf(path: string, text: string): readonly Edit[] {
  const lang = /\.[cm]?ts$/.test(path) ? 'ts' : 'js';
  const { program, comments, errors } = parseSync(path, text, {
    lang,
    sourceType: 'unambiguous',
    preserveParens: false,
  });
  if (errors.length > 0) return [];
  const maps = comments
    .filter(({ value }) => /^\s*[#@]\s*sourceMappingURL/.test(value))
    .map(({ start, end }) => ({
      start,
      end,
      replacement: text.slice(start, end).replace('sourceMappingURL', 'ignoredMappingURL'),
    }));
  return [...maps, ...runtimeSpecifiers(program).flatMap(wrapped)];
}

type Span = { readonly start: number; readonly end: number };

function wrapped({ start, end }: Span): readonly Edit[] {
  return [
    { start, end: start, replacement: '(0, ' },
    { start: end, end, replacement: ')' },
  ];
}

/** Finds the specifiers of import() and require() that are put together from parts. */
function runtimeSpecifiers(program: object): readonly Span[] {
  const found: Span[] = [];
  const pending: unknown[] = [program];
  for (let node = pending.pop(); pending.length > 0 || node !== undefined; node = pending.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    const specifier = specifierOf(node);
    if (specifier !== undefined) found.push(specifier);
    pending.push(...Object.values(node));
  }
  return found;
}

type Part = Span & { readonly type: string; readonly [key: string]: unknown };
type Call = {
  readonly type?: unknown;
  readonly source?: Part;
  readonly callee?: Part;
  readonly arguments?: readonly Part[];
};

function specifierOf(node: object): Span | undefined {
  const call = node as Call; // Any node of the tree; each field is looked at before it is used.
  const isRequire =
    call.type === 'CallExpression' && call.callee?.type === 'Identifier' && call.callee['name'] === 'require';
  const specifier = call.type === 'ImportExpression' ? call.source : isRequire ? call.arguments?.[0] : undefined;
  return specifier === undefined || isPlain(specifier, 0) ? undefined : specifier;
}

/** Sums of more literals than this are nobody's specifier. */
const DEPTH_MAX = 16;

/** Tells whether the bundler reads it as one string. */
function isPlain(part: Part, depth: number): boolean {
  if (part.type === 'Literal' || depth > DEPTH_MAX) return true;
  if (part.type === 'TemplateLiteral') return (part['expressions'] as readonly unknown[]).length === 0; // ESTree.
  if (part.type !== 'BinaryExpression') return false;
  return isPlain(part['left'] as Part, depth + 1) && isPlain(part['right'] as Part, depth + 1); // ESTree.
}
