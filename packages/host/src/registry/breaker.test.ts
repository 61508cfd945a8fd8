import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  admitCall,
  BREAKER_POLICY,
  breakerStateOf,
  CLOSED,
  guestDied,
  probeLived,
  probeLost,
  type Breaker,
  type BreakerVerdict,
} from './breaker.ts';

/** A breaker with a clock that only the test moves. */
function createBench() {
  let breaker: Breaker = CLOSED;
  let now = 1_000;
  let serial = 0;
  return {
    now: () => now,
    breaker: () => breaker,
    word: () => breakerStateOf(breaker, now),
    advance: (ms: number) => void (now += ms),
    die: (instanceId = `guest-${(serial += 1)}`) => void (breaker = guestDied(breaker, { instanceId, at: now })),
    ask: (): BreakerVerdict => {
      const verdict = admitCall(breaker, now);
      breaker = verdict.breaker;
      return verdict;
    },
    lived: () => void (breaker = probeLived(breaker, now)),
    lost: () => void (breaker = probeLost(breaker)),
  };
}

type Bench = ReturnType<typeof createBench>;

function openOnce(bench: Bench): void {
  for (let death = 0; death < 3; death += 1) bench.die();
}

function retryAfterOf(verdict: BreakerVerdict): number | undefined {
  return verdict.kind === 'hold' ? verdict.retryAfterMs : undefined;
}

describe('breaker', () => {
  test('two deaths leave it closed and the third within 60 s opens it for 1 s', () => {
    const bench = createBench();
    bench.die();
    bench.die();
    expect(bench.ask().kind).toBe('pass');
    bench.die();
    expect(bench.word()).toBe('open');
    expect(retryAfterOf(bench.ask())).toBe(1_000);
  });

  test('three deaths spread over more than 60 s leave it closed', () => {
    const bench = createBench();
    for (let death = 0; death < 10; death += 1) {
      bench.die();
      bench.advance(30_001);
    }
    expect(bench.word()).toBe('closed');
  });

  test('one death that many calls report counts once', () => {
    const bench = createBench();
    for (let call = 0; call < 100; call += 1) bench.die('same guest');
    expect(bench.word()).toBe('closed');
  });

  test('a death that is reported again after the breaker opened does not open it a second time', () => {
    const bench = createBench();
    openOnce(bench);
    bench.die('guest-3');
    bench.advance(1_000);
    expect(bench.ask().kind).toBe('probe');
    bench.die('guest-3');
    expect(bench.word()).toBe('half_open');
  });

  test('after the backoff exactly one call is let through as the probe', () => {
    const bench = createBench();
    openOnce(bench);
    bench.advance(999);
    expect(bench.ask().kind).toBe('hold');
    bench.advance(1);
    expect(bench.word()).toBe('half_open');
    expect([bench.ask().kind, bench.ask().kind]).toEqual(['probe', 'hold']);
  });

  test('a probe that lives closes it', () => {
    const bench = createBench();
    openOnce(bench);
    bench.advance(1_000);
    bench.ask();
    bench.lived();
    expect(bench.word()).toBe('closed');
  });

  test('a probe that was cancelled frees its place for another', () => {
    const bench = createBench();
    openOnce(bench);
    bench.advance(1_000);
    bench.ask();
    bench.lost();
    expect([bench.ask().kind, bench.ask().kind]).toEqual(['probe', 'hold']);
  });

  test('each probe that dies doubles the backoff and the fifth opening in a row holds until a reload', () => {
    const bench = createBench();
    openOnce(bench);
    for (const backoffMs of [1_000, 2_000, 4_000, 8_000]) {
      expect(retryAfterOf(bench.ask())).toBe(backoffMs);
      bench.advance(backoffMs);
      expect(bench.ask().kind).toBe('probe');
      bench.die();
    }
    expect(bench.breaker().kind).toBe('held');
    bench.advance(24 * 3_600_000);
    expect(bench.ask().kind).toBe('hold');
    expect(bench.word()).toBe('open');
  });

  test('backoff never exceeds 60 s where a policy allows more openings', () => {
    const policy = { ...BREAKER_POLICY, openingsMax: 50 };
    let breaker: Breaker = CLOSED;
    let now = 0;
    const waits: number[] = [];
    for (let death = 0; death < 14; death += 1) {
      breaker = guestDied(breaker, { instanceId: String(death), at: now }, policy);
      if (breaker.kind !== 'open') continue;
      waits.push(breaker.untilMs - now);
      now = breaker.untilMs;
      breaker = admitCall(breaker, now, policy).breaker;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60].map((seconds) => seconds * 1_000));
  });

  test('60 s closed without a death start the backoff at 1 s again', () => {
    const bench = createBench();
    openOnce(bench);
    bench.advance(1_000);
    bench.ask();
    bench.lived();
    bench.advance(60_000);
    openOnce(bench);
    expect(retryAfterOf(bench.ask())).toBe(1_000);
  });

  test('deaths sooner than 60 s after it closed go on with the row', () => {
    const bench = createBench();
    openOnce(bench);
    bench.advance(1_000);
    bench.ask();
    bench.lived();
    bench.advance(59_000);
    openOnce(bench);
    expect(retryAfterOf(bench.ask())).toBe(2_000);
  });
});

test('a death while it is closed starts the 60 s of stable running anew', () => {
  const bench = createBench();
  openOnce(bench);
  bench.advance(1_000);
  bench.ask();
  bench.lived();
  bench.advance(31_000);
  bench.die();
  bench.advance(31_000);
  bench.die();
  bench.die();
  expect(retryAfterOf(bench.ask())).toBe(2_000);
});

/** The plainest reading of DESIGN 3: every death ever, looked through anew at each question. */
class Model {
  deaths: { at: number; isCounted: boolean }[] = [];
  kind: 'closed' | 'open' | 'half_open' | 'held' = 'closed';
  openings = 0;
  until = 0;
  quietSince = Number.NEGATIVE_INFINITY;
  isProbing = false;

  die(now: number): void {
    if (this.kind !== 'closed') this.deaths.push({ at: now, isCounted: false });
    if (this.kind === 'half_open') this.open(now);
    else if (this.kind === 'closed') {
      if (now - this.quietSince >= 60_000) this.openings = 0;
      this.quietSince = now;
      this.deaths.push({ at: now, isCounted: true });
      if (this.deaths.filter(({ at, isCounted }) => isCounted && now - at < 60_000).length >= 3) this.open(now);
    }
  }

  open(now: number): void {
    this.openings += 1;
    this.kind = this.openings >= 5 ? 'held' : 'open';
    this.until = now + 1_000 * 2 ** (this.openings - 1);
  }

  ask(now: number): 'pass' | 'probe' | 'hold' {
    if (this.kind === 'closed') return 'pass';
    if (this.kind === 'open' && now >= this.until) {
      this.kind = 'half_open';
      this.isProbing = false;
    }
    if (this.kind !== 'half_open' || this.isProbing) return 'hold';
    this.isProbing = true;
    return 'probe';
  }

  lived(now: number): void {
    if (this.kind !== 'half_open') return;
    this.kind = 'closed';
    this.quietSince = now;
    for (const death of this.deaths) death.isCounted = false;
  }

  lost(): void {
    this.isProbing = false;
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: 'die' } as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'die again' } as const) },
  { weight: 3, arbitrary: fc.constant({ do: 'ask' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'lived' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'lost' } as const) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(1, 999, 1_000, 2_000, 8_000, 59_999, 60_000),
    }),
  },
);

type StepOf<T> = T extends fc.Arbitrary<infer Value> ? Value : never;
type Step = StepOf<typeof step>;

/** Takes one step; what comes back is the answer where the step was a question. */
function take(item: Step, bench: Bench): string | undefined {
  if (item.do === 'ask') return bench.ask().kind;
  if (item.do === 'die') bench.die();
  if (item.do === 'die again') bench.die(bench.breaker().dead.at(-1)?.instanceId ?? 'first of all');
  if (item.do === 'lived') bench.lived();
  if (item.do === 'lost') bench.lost();
  if (item.do === 'advance') bench.advance(item.ms);
  return undefined;
}

function takeInModel(item: Step, model: Model, now: number): string | undefined {
  if (item.do === 'ask') return model.ask(now);
  if (item.do === 'die' || (item.do === 'die again' && model.deaths.length === 0)) model.die(now);
  if (item.do === 'lived') model.lived(now);
  if (item.do === 'lost') model.lost();
  return undefined;
}

describe('breaker against a model', () => {
  test('after any deaths, calls, probes and waits it answers as the plain reading of DESIGN 3 does', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const bench = createBench();
        const model = new Model();
        for (const item of steps) {
          expect(take(item, bench)).toBe(takeInModel(item, model, bench.now()));
          expect(bench.breaker().kind).toBe(model.kind);
        }
      }),
      { numRuns: 500 },
    );
  });
});
