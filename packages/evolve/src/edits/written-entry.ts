/**
 * The entry function as a text says it, of whatever language: the line that declares it, and where nothing looks like one, the line
 * that has its name. It runs where no parser does, such as in a sandbox.
 */
import { EvolveError } from '../evolve-error.ts';
import { quoted } from './edit-bounds.ts';

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

/** As languages of the family of JavaScript, Rust and Python take it, letters of every script among them. */
const NAME = /^[\p{ID_Start}_$][\p{ID_Continue}$]{0,199}$/u;

/** Insists on a name that a function may have. @throws {EvolveError} `ENTRY_NOT_FOUND`. */
export function assertEntryName(name: string): void {
  if (NAME.test(name)) return;
  throw new EvolveError('ENTRY_NOT_FOUND', `the entry is ${quoted(name)}; expected the name of a function`);
}

/** What may stand before a name that is called. */
const NO_DECLARATION = 'return|await|yield|throw|new|not|in|and|or|if|elif|else|while|case|echo|print|assert';

/**
 * Reads the entry function of a text: a line with a word before the name and its parameters in brackets behind it, such as
 * `pub fn sort<T: Ord>(items: &mut [T])`; else one that gives the name a value, such as `let rec sort items =`, whose parameters
 * nobody knows and which then only has to stay.
 *
 * @throws {EvolveError} `ENTRY_NOT_FOUND`.
 * @public
 */
export function readWrittenEntry(source: string, name: string): EntrySignature {
  assertEntryName(name);
  const found = declaredIn(source, name) ?? assignedIn(source, name);
  if (found === undefined) {
    throw new EvolveError('ENTRY_NOT_FOUND', `there is no line that declares ${quoted(name)}; expected one`);
  }
  return { name, ...found, isAsync: /\basync\b/.test(found.text), isGenerator: false, exports: [] };
}

type Written = Pick<EntrySignature, 'text' | 'parameters'>;

function declaredIn(source: string, name: string): Written | undefined {
  const before = String.raw`^[ \t]*(?!(?:${NO_DECLARATION})\b)(?:pub\([\w: ]{1,99}\)[ \t]+)?(?:[\w:*&<>"]+[ \t]+)+[*&]{0,3}`;
  const declared = new RegExp(String.raw`${before}${escaped(name)}(?:<[^\n]{0,500}?>)?[ \t]*\(([^)\n]{0,2000})`, 'm');
  const [line, parameters] = declared.exec(source) ?? [];
  if (line === undefined || parameters === undefined) return undefined;
  return { text: `${line.trim()})`, parameters: parameters.trim() };
}

function assignedIn(source: string, name: string): Written | undefined {
  const before = String.raw`^[ \t]*(?!(?:${NO_DECLARATION})\b)(?:\w+[ \t]+){0,5}`;
  const assigned = new RegExp(
    String.raw`${before}${escaped(name)}(?![\w$])[^\n(=:<]{0,200}(?:=(?![=>])|<-|:)[^\n]{0,200}`,
    'm',
  );
  const [line] = assigned.exec(source) ?? [];
  return line === undefined ? undefined : { text: line.trim(), parameters: '' };
}

function escaped(name: string): string {
  return name.replaceAll('$', String.raw`\$`);
}
