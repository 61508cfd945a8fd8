/**
 * The plugin of the conformance suite: one tool for each way to behave, and to misbehave. It is text, because it runs in
 * guests and nowhere else.
 */

/** A plugin whose tools misbehave by name. `gate` answers when as many calls wait in it as it was told. */
export const PLUGIN = `
  const waiting = [];
  const started = [];
  const never = new Promise(() => undefined);
  const hoard = [];
  const spin = () => { for (;;); };
  const tool = ([name, execute]) => ({ name, description: name, parameters: { type: 'object' }, execute });
  const tools = {
    echo: (params) => params,
    config: (_, context) => context.config,
    start: (params) => { started.push(params.n); return null; },
    started: () => started,
    gate: ({ calls, n }) => new Promise((resolve) => {
      waiting.push(() => resolve(n));
      if (waiting.length === calls) for (const open of waiting.splice(0)) open();
    }),
    never: () => never,
    heed: (_, context) => new Promise((_, reject) => {
      context.signal.addEventListener('abort', () => reject(new Error('aborted')));
    }),
    spin,
    regex: () => /^(a+)+$/.test('a'.repeat(64) + 'b'),
    microtasks: () => { const more = () => { Promise.resolve().then(more); }; more(); return never; },
    thenables: () => { const make = () => ({ then: (resolve) => resolve(make()) }); return make(); },
    block: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
    exit0: () => process.exit(0),
    exit1: () => process.exit(1),
    abort: () => process.abort(),
    hold: ({ mib }) => { const held = []; for (let n = 0; n < mib; n += 1) held.push(new Array(131072).fill(n)); return held.length; },
    heap: () => { for (;;) hoard.push(new Array(1000).fill({})); },
    timers: () => { for (;;) setTimeout(() => undefined, 1e6, new Array(100).fill(1)); },
    throwLater: () => { setTimeout(() => { throw new Error('thrown later'); }); return never; },
    rejectLater: () => { void Promise.reject(new Error('nobody waits')); return never; },
    throwError: () => { throw new RangeError('no good'); },
    throwNull: () => { throw null; },
    circular: () => { const a = {}; a.a = a; return a; },
    bigint: () => 1n,
    badGetter: () => ({ get a() { throw new Error('getter'); } }),
    deep: ({ levels }) => { let value = 0; for (let i = 0; i < levels; i += 1) value = [value]; return value; },
    odd: () => ({ f: () => 1, s: Symbol('s'), nan: NaN, zero: -0, lone: '\\ud800', u: undefined, list: [undefined] }),
    large: ({ bytes }) => 'x'.repeat(bytes),
    poison: () => JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "a": 1}'),
    print: ({ text }) => { process.stdout.write(text); process.stderr.write(text + '!'); return null; },
    printLater: async ({ text }) => { await new Promise((r) => setTimeout(r, 5)); process.stdout.write(text); },
    stack: () => { console.log(new Error('here').stack); return null; },
    flood: async () => { for (;;) await new Promise((done) => process.stdout.write('x'.repeat(65536), done)); },
    refused: () => import('node:fs'),
  };
  export const main = {
    default: {
      tools: Object.entries(tools).map(tool).map((t) => ({ ...t, name: t.name.replace(/[A-Z]/g, (c) => '_' + c.toLowerCase()) })),
      hooks: { before_tool_call: (data) => ({ ...data, seen: true }) },
      healthCheck: () => ({ status: 'healthy', message: 'well' }),
      onUnload: () => console.log('unloaded'),
    },
    plus: (a, b) => a + b,
  };
`;
