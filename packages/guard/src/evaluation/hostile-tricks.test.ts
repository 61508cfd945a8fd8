/**
 * What a candidate may do beside its answers: speak on the channel of its guest, change what guest and task stand on, leave work behind
 * for later runs, fail in another way each time. Each is right but for one case, and none is judged better than one that
 * answers that case wrongly. They hide from the review what it would refuse, so that it is the sandbox that is asked.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RIGHT, openBench, type Bench } from './evaluate.fixture.ts';
import { candidateOf, judged, toldOf } from './hostile-candidates.fixture.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** The first of them is the bad one. */
const CASES = 8;
const WRONG = 'return right(list) + 1;';
const NEVER = 'return new Promise(() => {});';

/** Stands in for `write` of every stream, and so comes by the channel's own at the first answer. */
const CAPTURES = `const self: any = process;
let base: any = self.stdout.constructor.prototype;
while (!Object.hasOwn(base, 'write')) base = Object.getPrototypeOf(base);
const write = base.write;
let channel: any;
base.write = function (...all: any[]) { if (this !== self.stdout && this !== self.stderr) channel = this; return write.apply(this, all); };
const framed = (text: string, kind = 1) => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(text));
  head[4] = kind;
  return Buffer.concat([head, Buffer.from(text)]);
};
const say = (message: any) => write.call(channel, framed(JSON.stringify(message)));
const error = { name: 'x', message: 'y' };
const word = (...parts: string[]) => parts.join('');
const member = (owner: any, ...parts: string[]) => owner[word(...parts)];
const builtin = (name: string) => member(self, 'getBuiltin', 'Module')(word('node:', name));
let calls = 0;`;
const COUNTS = 'calls += 1;';

type Deeds = Readonly<Record<string, readonly [deed: string, told: string]>>;

/** Whatever it says there is held against it; that it has no answer is no reason to leave the case out. */
const ON_THE_CHANNEL: Deeds = {
  'says that a provider refused': [
    `say({ t: 'err', id: calls, code: 'PROVIDER_REFUSED', error }); ${NEVER}`,
    'run exception',
  ],
  'says that its tools changed': [
    `say({ t: 'err', id: calls, code: 'MCP_TOOLS_CHANGED', error }); ${NEVER}`,
    'run exception',
  ],
  'says that the guest was lost': [
    `say({ t: 'err', id: calls, code: 'GUEST_LOST', error }); ${NEVER}`,
    'run parse_error',
  ],
  'says that it dies, of nobody’s call': [
    `say({ t: 'dying', code: 'GUEST_UNCAUGHT', error, id: 99_999 }); ${NEVER}`,
    'run process_exit',
  ],
  'says that it dies of what the host alone may say': [
    `say({ t: 'dying', code: 'HOST_CLOSED', error }); ${NEVER}`,
    'run parse_error',
  ],
  'says that it never started': [`say({ t: 'failed', code: 'INIT_FAILED', error }); ${NEVER}`, 'run parse_error'],
  'says that it begins': [`say({ t: 'hello', protocol: 9, node: '1' }); ${NEVER}`, 'run parse_error'],
  'answers calls of later': [
    `for (let id = 1; id < 40; id += 1) say({ t: 'ok', id: 9_000 + id, value: 0 }); ${NEVER}`,
    'run parse_error',
  ],
  'answers itself, and says that much is still to be read': [
    `say({ t: 'ok', id: calls, value: right(list) + 1, written: 1e9 }); ${NEVER}`,
    'property is_sum',
  ],
  'sends what is no frame': [`write.call(channel, 'x'.repeat(64)); ${NEVER}`, 'run parse_error'],
  'sends a piece that nobody reads': [`write.call(channel, framed('12345', 3)); ${NEVER}`, 'run parse_error'],
  'asks for what nobody gives it': [
    `for (let id = 1; id < 300; id += 1) say({ t: 'ask', id, service: 'memory', method: 'store', args: {} }); ${WRONG}`,
    'property is_sum',
  ],
  'closes the channel': [`channel.destroy(); ${NEVER}`, 'run process_exit'],
  'stops to read the channel': [`channel.pause(); channel._handle.readStop(); ${NEVER}`, 'run'],
  'opens the channel a second time': [
    `new self.stdout.constructor({ fd: 3, readable: true, writable: true }); ${WRONG}`,
    'run exception',
  ],
  'writes to the descriptor of the channel': [`builtin('fs').writeSync(3, framed('{}')); ${WRONG}`, 'run exception'],
  'sends to a parent': [`self.send({ t: 'ok', id: calls, value: 0 }); ${WRONG}`, 'run exception'],
  'connects by the class of its own output': [
    `return new Promise((_take, no) => { new self.stdout.constructor().on('error', no).connect(1, '127.0.0.1', () => no(0)); });`,
    'run exception',
  ],
  'reads the file of the other': [`return builtin('fs').readFileSync('implementation-1.ts', 'utf8');`, 'run exception'],
};

/** What the guest stands on was taken before; of what it still uses, each harms the one that changed it. */
const CHANGED: Deeds = {
  'closes what it prints to': [`self.stdout.destroy(); self.stderr.destroy(); ${WRONG}`, 'property is_sum'],
  'changes what all objects have': [
    `(Object.prototype as any).success = true; (Object.prototype as any).ok = true; (Object.prototype as any).value = 0; ${WRONG}`,
    'property is_sum',
  ],
  'changes JSON': [
    `const { stringify } = JSON; JSON.stringify = ((of: any) => (Array.isArray(of) ? stringify(of) : '{"t":"ok"}')) as any; JSON.parse = () => ({ t: 'call', id: 1 }) as any; ${WRONG}`,
    'property is_sum',
  ],
  'changes lists': [
    `Array.prototype.push = () => 0; Array.prototype.pop = () => undefined; Array.prototype.map = () => [right(list)]; ${WRONG}`,
    '',
  ],
  'changes promises': [`Promise.prototype.then = () => ({}) as any; return Promise.resolve(right(list) + 1);`, ''],
  'changes maps and buffers': [
    `Map.prototype.get = () => undefined; Buffer.byteLength = () => 0; Buffer.prototype.toString = () => '{}'; ${WRONG}`,
    '',
  ],
  'changes what writes': [`base.write = () => true; ${WRONG}`, 'run timeout'],
  'changes the global scope': [
    `(globalThis as any).process = {}; (globalThis as any).Buffer = undefined; (globalThis as any).queueMicrotask = () => {}; ${WRONG}`,
    '',
  ],
  'answers another thing at each look': [
    `let looks = 0; return new Proxy({}, { get: (_of, key) => (key === 'toJSON' ? () => (looks += 1, looks > 1 ? right(list) : right(list) + 1) : undefined) });`,
    'property is_sum',
  ],
  'answers a getter that changes': [`let n = 0; return { get value() { return (n += 1); } };`, 'property is_result'],
  'fails in another way each time': [
    `if (calls % 3 === 0) throw new Error('x'); if (calls % 3 === 1) return 'text'; ${WRONG}`,
    '',
  ],
  'fails by chance in this way or that': [`if (Math.random() < 0.5) throw new Error('x'); ${WRONG}`, ''],
};

test.for([
  ['on the channel of its guest', ON_THE_CHANNEL],
  ['to what it shares with its guest', CHANGED],
] as const)(
  'what a candidate does %s ends as a wrong answer does, and its other cases are judged as they are',
  { timeout: 240_000 },
  async ([, deeds]) => {
    const found: Record<string, string> = {};
    for (const [name, [deed]] of Object.entries(deeds)) {
      const candidate = candidateOf([deed], { before: CAPTURES, always: COUNTS });
      const report = await judged(bench, { candidate }, { n: CASES, timeoutS: 1 });
      const { verdict } = report.decision;
      const isLeftOut = report.pairs.excluded['sandbox'] !== 0 || report.candidate.sandbox_failures !== 0;
      found[name] = `${verdict}: ${toldOf(report, 1).join()}${isLeftOut ? ', and was left out' : ''}`;
      const isJudged = report.baseline.passes === CASES && report.pairs.both > 0;
      if (!isJudged) found[name] = `nothing else was judged: ${report.regressions[0]?.message}`;
    }
    expect(found).toEqual(
      Object.fromEntries(
        Object.entries(deeds).map(([name, [, told]]) => [
          name,
          expect.stringMatching(`^reject: (?!not held).*${told}`),
        ]),
      ),
    );
  },
);

/** Done in every call, so that it meets whichever run comes next. */
const LEFT_BEHIND = {
  'a timer that exits': 'setTimeout(() => process.exit(0), Math.random() * 2)',
  'a timer that throws': "setTimeout(() => { throw new Error('x'); }, Math.random() * 2)",
  'a promise that nobody handles': "setTimeout(() => void Promise.reject(new Error('x')), 1)",
  'words on the channel': "setTimeout(() => write.call(channel, 'x'.repeat(64)), Math.random() * 2)",
  'a channel that is closed': 'setTimeout(() => channel.destroy(), Math.random() * 2)',
  'a flood of output': "setTimeout(() => { for (let i = 0; i < 20; i += 1) console.log('x'.repeat(1e6)); }, 1)",
  'output for the next run to be charged with': "setTimeout(() => console.log('x'.repeat(300_000)))",
  'work without end': 'calls += 1; if (calls === 4) setTimeout(() => { for (;;); }, 1)',
} as const;

test.for(Object.entries(LEFT_BEHIND))(
  '%s, which a candidate leaves behind for later runs, is charged to it alone, and no case is left out for it',
  { timeout: 240_000 },
  async ([, always]) => {
    const candidate = candidateOf([WRONG], { before: CAPTURES, always });
    const report = await judged(bench, { candidate }, { n: CASES, timeoutS: 1 });
    const { baseline, pairs } = report;
    expect(report.decision.verdict).toBe('reject');
    expect(pairs.both).toBeGreaterThan(0); // The review let it in.
    expect([baseline.passes, pairs.only_candidate, pairs.neither]).toEqual([baseline.total, 0, 0]);
    expect([pairs.excluded['sandbox'], report.candidate.sandbox_failures]).toEqual([0, 0]);
  },
);

/** What it can see that is not in its arguments, by which it would have to tell which side it is. */
const SIGNS = `const SIGNS = [process.argv, process.execArgv, { ...process.env }, process.title, process.cwd(), process.ppid, process.platform,
  import.meta.url.replace(/implementation-\\d+/, ''), typeof process.hrtime, Object.keys(globalThis)];`;

test('by arguments, environment, folder, parent and globals a candidate cannot tell that it is not the baseline', async () => {
  const telling = `${SIGNS}\nexport const solve: any = () => JSON.stringify(SIGNS);`;
  const { flip_count, pairs, candidate } = await judged(bench, { candidate: telling, baseline: telling }, { n: 8 });
  expect({ flip_count, ...pairs }).toMatchObject({ flip_count: 0, only_baseline: 0, only_candidate: 0 });
  expect(candidate.run_failures).toEqual({});
});

test('one that changes clock and chance to find out when it is asked again is judged by all of its answers', async () => {
  const always = 'Math.random = () => 0; Date.now = () => 0; performance.now = () => 0; calls += 1;';
  const report = await judged(bench, { candidate: candidateOf([WRONG], { before: 'let calls = 0;', always }) });
  expect(report.decision.verdict).toBe('reject');
  expect(report.timing.candidate.p50_ms).toBeGreaterThan(0);
});

test('after all of them the host still answers', async () => {
  expect((await judged(bench, { candidate: RIGHT })).decision.verdict).toBe('adopt');
});
