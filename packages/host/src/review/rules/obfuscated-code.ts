/**
 * Code that was made hard to read: what nobody can read, nobody reviews. None of it is certain to be hostile, packed code
 * least of all, so it is a warning; whatever it hides, the sandbox refuses.
 */
import type { Hit, ParsedModule, Rule } from '../rule.ts';
import { child, children, identifierName, type SyntaxNode } from '../syntax.ts';
import type { Meaning } from '../meaning.ts';
import { memberKey } from './member.ts';

/** Warns of code that hides what it says; each kind at most once a module. */
export const obfuscatedCode: Rule = {
  id: 'OBFUSCATED_CODE',
  severity: 'warning',
  about: 'hides what it says: escaped names and texts, names that are decoded, lists of encoded texts, packed lines',
  binds: 'what it hides is refused like what is written plainly: `ACCESS_REFUSED`',
  looksAt: 'text',
  check: (module) =>
    KINDS.flatMap(({ find, what }) => {
      const start = find(module);
      return start === undefined ? [] : [hitAt(start, what)];
    }),
};

function hitAt(start: number, what: string): Hit {
  return { start, message: `obfuscated code: ${what}`, hint: 'Ship the code as it was written.' };
}

/** Each returns the offset of the first place, undefined where there is none. */
type Kind = { readonly what: string; readonly find: (module: ParsedModule) => number | undefined };

const KINDS: readonly Kind[] = [
  { what: 'a name is written with escapes', find: findEscapedName },
  { what: 'a text of plain letters is written with escapes', find: findEscapedText },
  { what: 'a member’s name is decoded when it runs', find: findDecodedMember },
  { what: 'names like _0x1a2b, as a packer makes them', find: findPackerNames },
  { what: 'code of brackets and signs only', find: findSignsOnly },
  { what: 'a packed line', find: findPackedLine },
];

/** Escapes for letters beyond ASCII are how some tools write them; for plain letters nobody needs any. */
function findEscapedName({ nodes, text }: ParsedModule): number | undefined {
  if (!text.includes(String.raw`\u`)) return undefined;
  const found = nodes.find(({ node }) => {
    const name = identifierName(node);
    if (name === undefined || text.startsWith(name, node.start)) return false;
    return /^[\w$]*\\u/.test(text.slice(node.start, node.end)) && /^[\w$]+$/.test(name);
  });
  return found?.node.start;
}

const ESCAPES_MIN = 8;

function findEscapedText({ nodes }: ParsedModule): number | undefined {
  const found = nodes.find(({ node, type }) => {
    if (type !== 'Literal') return false;
    const { value, raw } = node;
    if (typeof value !== 'string' || typeof raw !== 'string') return false;
    const escapes = raw.match(/\\x[2-7][0-9a-f]|\\u00[2-7][0-9a-f]|\\u\{0*[2-7][0-9a-f]\}/gi)?.length ?? 0;
    return escapes >= ESCAPES_MIN && escapes * 2 >= value.length;
  });
  return found?.node.start;
}

function findDecodedMember({ nodes, meaning }: ParsedModule): number | undefined {
  const found = nodes.find(
    ({ node, type }) =>
      type === 'MemberExpression' && node['computed'] === true && isDecoding(child(node, 'property'), meaning),
  );
  return found?.node.start;
}

const DECODERS: readonly string[] = ['atob', 'unescape', 'String.fromCharCode', 'String.fromCodePoint'];

/** `atob(…)`, `String.fromCharCode(…)`, `Buffer.from(…, "base64").toString()`. */
function isDecoding(node: SyntaxNode | undefined, meaning: Meaning): boolean {
  if (node?.type !== 'CallExpression') return false;
  const callee = child(node, 'callee');
  if (DECODERS.includes(meaning.globalPath(callee)?.join('.') ?? '')) return true;
  const bytes = child(callee, 'object');
  if (callee === undefined || memberKey(callee, meaning, undefined) !== 'toString') return false;
  const encoding = meaning.textOf(children(bytes, 'arguments')[1]);
  return (
    meaning.globalPath(child(bytes, 'callee'))?.join('.') === 'Buffer.from' &&
    (encoding === 'base64' || encoding === 'hex')
  );
}

const PACKER_NAMES_MIN = 5;

function findPackerNames({ nodes, text }: ParsedModule): number | undefined {
  if (!text.includes('_0x')) return undefined;
  const names = new Map<string, number>();
  for (const { node } of nodes) {
    const name = identifierName(node);
    if (name !== undefined && /^_0x[0-9a-f]{3,}$/i.test(name) && !names.has(name)) names.set(name, node.start);
  }
  return names.size >= PACKER_NAMES_MIN ? [...names.values()][0] : undefined;
}

const SIGNS_MIN = 200;

function findSignsOnly({ text }: ParsedModule): number | undefined {
  const signs = /[[\]()!+{}\s]{200,}/.exec(text);
  return signs !== null && signs[0].replaceAll(/\s/g, '').length >= SIGNS_MIN ? signs.index : undefined;
}

const LINE_CHARACTERS_MAX = 2_000;
const STATEMENTS_MAX = 200;

/** Of the author's own files only: published packages are packed as a rule. Long texts and data are no code. */
function findPackedLine({ path, text }: ParsedModule): number | undefined {
  if (path.split('/').includes('node_modules')) return undefined;
  let at = 0;
  for (const line of text.split('\n')) {
    if (line.length > LINE_CHARACTERS_MAX && isPacked(line)) return at;
    at += line.length + 1;
  }
  return undefined;
}

function isPacked(line: string): boolean {
  const code = line.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '');
  return (code.match(/[;()]/g)?.length ?? 0) > STATEMENTS_MAX;
}
