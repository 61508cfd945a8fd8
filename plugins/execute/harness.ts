/**
 * The program that loads a candidate, calls it on its cases and writes the answer, as text: it runs in the sandbox beside the candidate
 * and in its process, so it takes what it needs before the candidate is loaded, which may change every global.
 *
 *   in    standard input: a line with the nonce, then JSON {module, entry, cases}
 *   out   the file `answer`: the nonce, then for each case {ok, ms, value | error}; put together of texts, so that no method that the
 *         candidate may have changed sees the nonce, and no object ever holds it
 *
 * The candidate may write that file and cannot know the nonce: Node's permission model keeps it from its own memory (/proc, inspector,
 * heap snapshots), and the process ends in the turn in which the answer is written. That model is no wall against code that is made to break
 * it, which could then forge values and call times; the sandbox, and the kernel's figures, hold against it too.
 */

/** Name of the file. */
export const ANSWER_FILE: string = 'answer';
/** What a candidate and its answers may have together. */
export const ANSWER_BYTES_MAX: number = 1024 * 1024;

/** Arguments of Node ahead of the harness's own file. */
export function harnessFlags(memoryMb: number): readonly string[] {
  return [
    '--permission',
    '--allow-fs-read=.',
    `--allow-fs-write=${ANSWER_FILE}`,
    `--max-old-space-size=${memoryMb}`,
    '--no-warnings',
  ];
}

/** The program. */
export const HARNESS: string = String.raw`
import { readFileSync, writeFileSync } from 'node:fs';
const leave = process.reallyExit.bind(process);
const now = performance.now.bind(performance);
const { stringify, parse } = JSON;
const { apply } = Reflect;
const { isFinite } = Number;
const { hasOwn } = Object;
const ErrorClass = Error;
const text = String;
const slice = Function.prototype.call.bind(String.prototype.slice);

const plain = (key, value) => {
  if (typeof value === 'number' && !isFinite(value)) throw new ErrorClass('a number of it is ' + value);
  return value;
};
const inWords = (error) => {
  try {
    return slice(error instanceof ErrorClass ? error.name + ': ' + error.message : 'it threw ' + text(error), 0, 2000);
  } catch {
    return 'it threw what cannot be shown';
  }
};
const failed = (ms, why) => '{"ok":false,"ms":' + ms + ',"error":' + stringify(text(why)) + '}';

function answered(ms, value) {
  try {
    const json = stringify(value === undefined ? null : value, plain);
    return typeof json === 'string' ? '{"ok":true,"ms":' + ms + ',"value":' + json + '}' : failed(ms, 'the result is no JSON');
  } catch (error) {
    return failed(ms, 'the result is no JSON: ' + inWords(error));
  }
}

async function main() {
  const input = readFileSync(0, 'utf8');
  const end = input.indexOf('\n');
  const nonce = input.slice(0, end);
  const { module, entry, cases } = parse(input.slice(end + 1));
  let body = '';
  try {
    const loaded = await import(module);
    const found = hasOwn(loaded, entry) ? loaded[entry] : loaded.default?.[entry];
    if (typeof found !== 'function') throw new ErrorClass('it exports no function "' + entry + '"');
    for (let at = 0; at < cases.length; at += 1) {
      let one;
      const began = now();
      // Nothing of ours is awaited: the candidate could have changed what that calls.
      try {
        const value = await apply(found, undefined, cases[at]);
        one = answered(now() - began, value);
      } catch (error) {
        one = failed(now() - began, inWords(error));
      }
      body += (at === 0 ? '' : ',') + one;
    }
    body = '{"cases":[' + body + ']}';
  } catch (error) {
    body = '{"failed":' + stringify(inWords(error)) + '}';
  }
  writeFileSync('${ANSWER_FILE}', nonce + '\n' + body);
  leave(0);
}

main();
`;
