import { describe, expect, test } from 'vitest';
import { decide } from '../decision/decide.ts';
import { NO_OBJECTIVES } from '../decision/objectives.ts';
import { DEFAULT_POLICY, noninferiority, superiority, type Policy } from '../decision/policy.ts';
import { parsePolicy, POLICY_PRESETS } from './parse-policy.ts';

function messageOf(spec: string): string {
  try {
    parsePolicy(spec);
  } catch (error) {
    expect(error).toMatchObject({ name: 'GuardError', code: 'POLICY_INVALID' });
    return error instanceof Error ? error.message : '';
  }
  throw new Error(`${spec} was taken`);
}

describe('a specification', () => {
  test.each<[string, Policy]>([
    ['noninferiority', DEFAULT_POLICY],
    ['noninferiority:margin=0.01', noninferiority(0.01)],
    ['superiority:margin=0.02', superiority(0.02)],
    [' Superiority : Margin = 0.05', superiority(0.05)],
    ['superiority', superiority()],
  ])('[X002-9] %s is what it says', (spec, policy) => {
    expect(parsePolicy(spec)).toEqual(policy);
  });

  test('[X002-9, X002-5] classic and v1 have the numbers of the source system, strict its stricter ones', () => {
    const v1 = { minDelta: 0.02, minPassRate: 0.8, alpha: 0.05, powerTarget: 0.8, violationCap: 25 };
    expect(parsePolicy('classic')).toMatchObject({ kind: 'classic', name: 'classic', ...v1 });
    expect(parsePolicy('v1')).toMatchObject({ kind: 'classic', name: 'v1', ...v1 });
    expect(parsePolicy('strict')).toMatchObject({
      ...{ kind: 'classic', name: 'strict', minDelta: 0.05, minPassRate: 0.9 },
      ...{ alpha: 0.02, powerTarget: 0.9, violationCap: 10 },
    });
    expect(parsePolicy('classic:min_pass_rate=0.9,min_delta=0.01')).toMatchObject({
      ...{ name: 'classic:min_pass_rate=0.9,min_delta=0.01', minPassRate: 0.9, minDelta: 0.01 },
    });
  });

  test('takes every option of its kind', () => {
    const spec =
      'noninferiority:alpha=0.01,hard=count,flips_max=3,min_pass_rate=0.9,sandbox_failures_max=0.1,latency_ratio=1.2,latency_delta_ms=10,cost_ratio=1.5,cost_delta_usd=0.01,trust_score=0.8,trust_flags=2,pass_rate=0.9,delta=-0.01,violations=0,looks=obrien_fleming:4';
    expect(parsePolicy(spec)).toMatchObject({
      ...{ bar: -0.02, alpha: 0.01, hard: 'count', flipsMax: 3, minPassRate: 0.9, sandboxFailuresMax: 0.1 },
      objectives: {
        ...{ latencyRatio: 1.2, latencyDeltaMs: 10, costRatio: 1.5, costDeltaUsd: 0.01, trustScore: 0.8 },
        ...{ trustFlags: 2, passRate: 0.9, delta: -0.01, violations: 0 },
      },
      looks: { kind: 'obrien_fleming', looks: 4 },
    });
  });

  test('[X002-7] looks take the numbers of their kind in order, or their defaults', () => {
    expect(parsePolicy('superiority:looks=adaptive')).toMatchObject({
      looks: { kind: 'adaptive', min: 50, interval: 50 },
    });
    expect(parsePolicy('superiority:looks=adaptive:100:20')).toMatchObject({
      looks: { kind: 'adaptive', min: 100, interval: 20 },
    });
    expect(parsePolicy('superiority:looks=pocock')).toMatchObject({ looks: { kind: 'pocock', looks: 5 } });
  });

  test('has its margin in its name, and whatever else was asked for', () => {
    expect(parsePolicy('noninferiority:alpha=0.010').name).toBe('noninferiority:margin=0.02,alpha=0.01');
    expect(parsePolicy('noninferiority:alpha=0.01,margin=0.05').name).toBe('noninferiority:margin=0.05,alpha=0.01');
  });

  test('[X002-8] decides as it says', () => {
    const cases = { both: 266, onlyCandidate: 0, onlyBaseline: 0, neither: 0 };
    const found = { cases, executions: 532, sandboxFailures: 0, hardRegressions: [], alerts: [] };
    expect(decide(found, parsePolicy('noninferiority')).verdict).toBe('adopt');
    expect(decide(found, parsePolicy('noninferiority:cost_ratio=1.2')).verdict).toBe('inconclusive');
  });
});

describe('a specification that is wrong', () => {
  test('of an unknown preset is told the nearest and all there are', () => {
    expect(messageOf('noninferiorty:margin=0.01')).toBe(
      `policy: preset "noninferiorty" is not known; did you mean "noninferiority"? known: ${POLICY_PRESETS.join(', ')}`,
    );
    expect(messageOf('constructor')).toContain('is not known');
    expect(messageOf('')).toContain('known: noninferiority, superiority, classic, v1, strict');
  });

  test('in several options is told all of them at once', () => {
    const message = messageOf('noninferiority:margn=0.1,alpha,flips_max=1,flips_max=2');
    expect(message.split('\n')).toEqual([
      'policy "noninferiority:margn=0.1,alpha,flips_max=1,flips_max=2":',
      expect.stringContaining('option "margn" is not known; did you mean "margin"? known: margin, '),
      '  option "alpha" has no value; expected name=value',
      '  option flips_max stands there twice; expected it once',
    ]);
  });

  test.each([
    ['noninferiority:margin=1', 'promotion.margin is 1; expected a number from 0 to below 1'],
    ['noninferiority:alpha=often', 'gating.alpha is "often"; expected a number'],
    ['noninferiority:hard=maybe', 'gating.hard is "maybe"; expected "reject" or "count"'],
    ['noninferiority:looks=pococ', 'looks.kind is "pococ"; expected "every_pair" or'],
    ['noninferiority:looks=pocock:5:5', 'key "looks.field 2" is not known'],
    ['noninferiority:looks=pocock:0', 'looks.looks is 0; expected a whole number from 1 to 100'],
    ['noninferiority:rule=superiority', 'option "rule" is not known'],
    ['classic:flips_max=1', 'option "flips_max" is not known'],
    ['classic:min_delta=0x1', 'gating.min_delta is "0x1"'],
    [`classic:${'a'.repeat(1_000)}`, 'it has 1008 characters; expected at most 450'],
  ])('%s is refused with what was expected', (spec, message) => {
    expect(messageOf(spec)).toContain(message);
  });

  test('a classic policy has no objective that nobody asked for', () => {
    expect(parsePolicy('strict').objectives).toEqual(NO_OBJECTIVES);
  });
});
