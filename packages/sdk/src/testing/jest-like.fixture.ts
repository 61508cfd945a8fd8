/**
 * Runs one test file under the globals of jest, as jest's documentation and its `jest-circus` have them: what is registered while
 * the file is imported is run afterwards, one after another; a test needs a name and a function, has 5 s unless its third argument
 * says otherwise, and gives nothing back; `describe` takes no promise. jest itself brings 200 packages.
 *
 *   node jest-like.fixture.ts FILE     prints a line a test, ends with 0 where all passed
 */
import { pathToFileURL } from 'node:url';

type Registered = { readonly name: string; readonly run: () => unknown; readonly timeoutMs: number };

const TIMEOUT_MS = 5_000;
const tests: Registered[] = [];
const around: string[] = [];
let isOpen = true;

function test(name: unknown, run: unknown, timeoutMs: unknown = TIMEOUT_MS): void {
  if (!isOpen) throw new Error('Cannot add a test after tests have started running.');
  if (typeof name !== 'string') throw new Error(`Invalid first argument, ${String(name)}. It must be a string.`);
  if (typeof run !== 'function') throw new Error('Invalid second argument. It must be a callback function.');
  if (run.length > 0) throw new Error('A function that takes an argument waits for `done`.');
  if (typeof timeoutMs !== 'number') throw new Error('Invalid third argument. It must be a number.');
  tests.push({ name: [...around, name].join(' > '), run: () => Reflect.apply(run, undefined, []), timeoutMs });
}

function describe(name: string, define: () => unknown): void {
  around.push(name);
  const given = define();
  around.pop();
  if (given !== undefined) throw new Error('A "describe" callback must not return a value.');
}

async function passes({ run, timeoutMs }: Registered): Promise<boolean> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`Exceeded timeout of ${timeoutMs} ms for a test.`)), timeoutMs).unref();
  });
  try {
    await Promise.race([run(), late]);
    return true;
  } catch (error) {
    process.stdout.write(`${String(error)}\n`);
    return false;
  }
}

Object.assign(globalThis, { test, it: test, describe });
await import(pathToFileURL(process.argv[2] ?? '').href);
isOpen = false;
for (const each of tests) {
  const isGood = await passes(each); // One after another, as jest does.
  process.stdout.write(`${isGood ? '✓' : '✗'} ${each.name}\n`);
  if (!isGood) process.exitCode = 1;
}
