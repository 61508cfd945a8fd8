/**
 * What callers see of a source: its entry function and what the module exports. Mutation must leave it as it is. TypeScript and
 * JavaScript are parsed; of other languages, the line that declares the function is compared.
 */
import { EvolveError } from '../evolve-error.ts';
import { quoted } from './edit-bounds.ts';
import { isParsed, nodeAt, nodesAt, parseModule } from './module-syntax.ts';

/**
 * The entry function: its name, how it is written up to its body, its parameters (of other languages than TypeScript and JavaScript
 * as one text), and the sorted names that its module exports.
 *
 * @public
 */
export type EntrySignature = {
  readonly name: string;
  readonly text: string;
  readonly parameters: number | string;
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  readonly exports: readonly string[];
};

/**
 * Which function of which file; the ending of the file says in which language it is.
 * @public
 */
export type EntryPoint = { readonly name: string; readonly fileName: string };

const NAME = /^[A-Za-z_$][\w$]{0,199}$/;

/**
 * Reads the entry function.
 *
 * @throws {EvolveError} `SOURCE_INVALID` where the source cannot be parsed, with the parser's words; `ENTRY_NOT_FOUND`.
 * @public
 */
export function readEntry(source: string, { name, fileName }: EntryPoint): EntrySignature {
  if (!NAME.test(name))
    throw new EvolveError('ENTRY_NOT_FOUND', `the entry is ${quoted(name)}; expected the name of a function`);
  return isParsed(fileName) ? parsedEntry(source, { name, fileName }) : writtenEntry(source, name);
}

/**
 * Checks that a change kept the entry as it was.
 *
 * @throws {EvolveError} `ENTRY_CHANGED` with what differs.
 * @public
 */
export function checkEntry(before: EntrySignature, after: EntrySignature): void {
  const differs = (what: string, was: unknown, is: unknown): EvolveError =>
    new EvolveError('ENTRY_CHANGED', `${what} ${quoted(String(is))}; expected ${quoted(String(was))}, as before`);
  const { name } = before;
  if (before.parameters !== after.parameters) {
    throw differs(`the parameters of ${name} are`, before.parameters, after.parameters);
  }
  if (before.isAsync !== after.isAsync) throw differs(`${name} is async:`, before.isAsync, after.isAsync);
  if (before.isGenerator !== after.isGenerator) {
    throw differs(`${name} is a generator:`, before.isGenerator, after.isGenerator);
  }
  const [was, is] = [before.exports.join(', '), after.exports.join(', ')];
  if (was !== is) throw differs('the module exports', was, is);
}

function parsedEntry(source: string, { name, fileName }: EntryPoint): EntrySignature {
  const { functions, exports } = parseModule(source, fileName);
  const local = exports.find((each) => each.name === name)?.local ?? name;
  const found = functions.findLast((each) => each.name === local); // Overloads stand before it.
  if (found === undefined) {
    throw new EvolveError(
      'ENTRY_NOT_FOUND',
      `there is no function ${quoted(name)} at the top of the source; expected one`,
    );
  }
  const { start, node } = found;
  return {
    name,
    text: source.slice(start, nodeAt(node, 'body')?.start ?? node.end).trim(),
    parameters: nodesAt(node, 'params').length,
    isAsync: node['async'] === true,
    isGenerator: node['generator'] === true,
    exports: exports.map((each) => each.name).toSorted(),
  };
}

/** What may stand before a name that is called. */
const NO_DECLARATION = 'return|await|yield|throw|new|not|in|and|or|if|elif|else|while|case|echo|print';

/** Of a language that is not parsed: the one line with a word before the name and its parameters in brackets behind it. */
function writtenEntry(source: string, name: string): EntrySignature {
  const declared = new RegExp(
    `^[ \\t]*(?!(?:${NO_DECLARATION})\\b)(?:[\\w:*&<>]+[ \\t]+)+${name.replaceAll('$', String.raw`\$`)}[ \\t]*\\(([^)\\n]{0,2000})`,
    'm',
  );
  const [line, parameters] = declared.exec(source) ?? [];
  if (line === undefined || parameters === undefined) {
    throw new EvolveError('ENTRY_NOT_FOUND', `there is no line that declares ${quoted(name)}; expected one`);
  }
  const text = `${line.trim()})`;
  const isAsync = /\basync\b/.test(line);
  return { name, text, parameters: parameters.trim(), isAsync, isGenerator: false, exports: [] };
}
