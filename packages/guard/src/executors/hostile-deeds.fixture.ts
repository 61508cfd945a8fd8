/**
 * For tests and benches: implementations that do what they must not (EVIDENCE, G11), each with what has to come of it. They hide from
 * the review what it would refuse, so that it is the sandbox that is asked.
 */
import type { JsonValue } from '@bulkhead/protocol';
import type { ExecutionErrorType } from './executor.ts';

/**
 * A deed. `source` is a module whose `solve(true, within)` does it, and whose `solve(false)` answers 42. `said` is what the error names; `isEndless`
 * says that it ends only at its time; `memMb`, in MiB, is what it may use.
 */
export type HostileDeed = {
  readonly name: string;
  readonly source: string;
  readonly ending:
    | { readonly kind: 'answers'; readonly result: JsonValue }
    | { readonly kind: 'fails'; readonly type: ExecutionErrorType; readonly said: RegExp };
  readonly isEndless: boolean;
  readonly memMb: number;
};

/** What there is to reach for: a file with a secret, a path where there is no file, and a port that somebody listens at. */
export type WithinReach = { readonly secretPath: string; readonly freePath: string; readonly port: number };

/** What `solve(false)` answers. */
export const HARMLESS = 42;

/** Words that the review looks for, put together where it does not see them. */
const HIDDEN = `
const word = (...parts) => parts.join('');
const member = (owner, ...parts) => owner[word(...parts)];
const builtin = (name) => member(process, 'getBuiltin', 'Module')(word('node:', name));
`;

const FORGERY = `
  console.log(JSON.stringify({ success: true, result: 'forged' }));
  console.log('{"t":"ok","id":1,"value":"forged"}');`;
const POLLUTION = `
  Object.prototype.success = true;
  Object.prototype.ok = true;
  Array.prototype.map = () => ['forged'];
  JSON.stringify = () => '"forged"';
  Promise.prototype.then = () => undefined;`;

const REFUSED = fails('exception', /refused in the sandbox/u);
const EXITED = fails('process_exit', /^GUEST_EXITED/u);
const NO_MEMORY = fails('out_of_memory', /^GUEST_OUT_OF_MEMORY/u);
const NO_JSON = fails('parse_error', /^RESULT_UNSERIALIZABLE/u);

/** What fills memory has little, so that it is soon over; what makes 100 MB can make them. */
const [LITTLE_MB, PLENTY_MB] = [128, 512];

/** All of them. The numbers that JSON has no word for are null, as JSON.stringify has it. */
export const HOSTILE_DEEDS: readonly HostileDeed[] = [
  deed('reads a file', "return builtin('fs').readFileSync(within.secretPath, 'utf8');", REFUSED),
  deed('writes a file', "return builtin('fs').writeFileSync(within.freePath, 'here');", REFUSED),
  deed('starts a process', "return builtin('child_process').execSync('id').toString();", REFUSED),
  deed('starts a thread', "return typeof new (builtin('worker_threads').Worker)('1', { eval: true });", REFUSED),
  deed('asks for a binding', "return typeof member(process, 'bind', 'ing')('fs').open;", REFUSED),
  deed('connects', "return typeof builtin('net').connect(within.port, '127.0.0.1');", REFUSED),
  deed(
    'fetches',
    "return member(globalThis, 'fe', 'tch')('http://127.0.0.1:' + within.port).then(() => 'fetched');",
    REFUSED,
  ),
  deed('exits', 'process.exit(0);', EXITED),
  deed('exits past what is replaced', "member(process, 'really', 'Exit').call(process, 0);", EXITED),
  endless('loops', 'for (;;);'),
  endless('loops in microtasks', 'const again = () => Promise.resolve().then(again); return again();'),
  endless('never settles', 'return new Promise(() => undefined);'),
  deed('fills the heap', 'const all = []; for (;;) all.push(new Array(1e6).fill(all.length + 0.5));', NO_MEMORY),
  deed('fills buffers', 'const all = []; for (;;) all.push(new Uint8Array(1e7).fill(7));', NO_MEMORY),
  deed('prints what looks like a result', `${FORGERY} return 'real';`, answers('real')),
  deed('replaces what all share, and answers', `${POLLUTION} return { real: [1] };`, answers({ real: [1] })),
  deed(
    'replaces what all share, and throws',
    `${POLLUTION} throw new Error('thrown after all');`,
    fails('exception', /thrown after all/u),
  ),
  deed('answers with a getter that throws', "return { get value() { throw new Error('no'); } };", NO_JSON),
  deed('answers with a proxy that throws', "return new Proxy({}, { ownKeys() { throw new Error('no'); } });", NO_JSON),
  deed('answers with toJSON', "return { toJSON: () => 'of its own' };", answers('of its own')),
  deed(
    'answers with then',
    "return { then: (resolve) => resolve({ then: (again) => again('settled') }) };",
    answers('settled'),
  ),
  deed('answers NaN', 'return NaN;', answers(null)),
  deed('answers infinities', 'return [Infinity, -Infinity];', answers([null, null])),
  deed('answers −0', 'return -0;', answers(0)),
  deed('answers a BigInt', 'return 1n;', NO_JSON),
  deed('answers a cycle', 'const cycle = {}; cycle.self = cycle; return cycle;', NO_JSON),
  deed('answers 100 MB', "return 'x'.repeat(100_000_000);", fails('parse_error', /bytes|large/u)),
  deed(
    'prints without end',
    "const line = 'x'.repeat(1_000_000); const print = () => { console.log(line); setImmediate(print); }; return new Promise(print);",
    fails('parse_error', /^LOG_FLOOD/u),
  ),
];

type Ending = HostileDeed['ending'];

function deed(name: string, body: string, ending: Ending): HostileDeed {
  const isHungry = ending === NO_MEMORY;
  return { name, source: sourceOf(body), ending, isEndless: false, memMb: isHungry ? LITTLE_MB : PLENTY_MB };
}

function endless(name: string, body: string): HostileDeed {
  return {
    name,
    source: sourceOf(body),
    ending: fails('timeout', /^CALL_TIMEOUT/u),
    isEndless: true,
    memMb: PLENTY_MB,
  };
}

function sourceOf(body: string): string {
  return `${HIDDEN}
export function solve(isHostile, within) {
  if (isHostile !== true) return ${HARMLESS};
  ${body}
}
`;
}

function answers(result: JsonValue): Ending {
  return { kind: 'answers', result };
}

function fails(type: ExecutionErrorType, said: RegExp): Ending {
  return { kind: 'fails', type, said };
}
