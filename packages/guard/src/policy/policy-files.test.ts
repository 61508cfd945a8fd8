import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_OBJECTIVES, OBJECTIVES } from '../decision/objectives.ts';
import { createPolicy, DEFAULT_POLICY, type Looks, type Policy } from '../decision/policy.ts';
import { parsePolicy } from './parse-policy.ts';
import { parsePolicyToml, policyFromJson, policyToJson, policyToToml } from './policy-files.ts';
import { policySha256 } from './sign-policy.ts';

const SHARE = fc.double({ min: 0, max: 1, noNaN: true });
const TEXT = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text));
const NAME = TEXT.filter((text) => text.trim() !== '');
const COUNT = fc.integer({ min: 0, max: 1_000 });
const LOOKS: fc.Arbitrary<Looks> = fc.oneof(
  fc.constant({ kind: 'every_pair' as const }),
  fc.record({
    kind: fc.constant('adaptive' as const),
    min: fc.integer({ min: 1, max: 1_000 }),
    interval: fc.constant(7),
  }),
  fc.record({
    kind: fc.constantFrom('pocock' as const, 'obrien_fleming' as const, 'lan_demets' as const),
    looks: fc.integer({ min: 1, max: 100 }),
  }),
);
const LIMITS = fc.record(
  Object.fromEntries(
    OBJECTIVES.map(({ key, isCount }) => [key, fc.option(isCount ? COUNT : SHARE, { nil: undefined })]),
  ),
);
const COMMON = {
  name: NAME,
  description: TEXT.map((text) => `${text}\n\t"'\\`),
  alpha: fc.double({ min: 1e-6, max: 0.499, noNaN: true }),
  sandboxFailuresMax: SHARE,
  powerTarget: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  violationCap: COUNT,
  objectives: LIMITS.map((limits) => ({ ...NO_OBJECTIVES, ...limits })),
};
const POLICY: fc.Arbitrary<Policy> = fc.oneof(
  fc
    .record({
      ...COMMON,
      kind: fc.constant('evidence' as const),
      bar: fc.double({ min: -0.99, max: 0.99, noNaN: true }).map((bar) => bar + 0),
      hard: fc.constantFrom('reject' as const, 'count' as const),
      flipsMax: fc.option(COUNT, { nil: undefined }),
      minPassRate: fc.option(SHARE, { nil: undefined }),
      looks: LOOKS,
    })
    .map((fields) => createPolicy(fields)),
  fc
    .record({ ...COMMON, kind: fc.constant('classic' as const), minDelta: SHARE, minPassRate: SHARE })
    .map((fields) => createPolicy(fields)),
);

describe('a policy', () => {
  test('is the same after it was written as TOML and read', () => {
    fc.assert(
      fc.property(POLICY, (policy) => {
        expect(parsePolicyToml(policyToToml(policy), 'a file')).toEqual(policy);
      }),
    );
  });

  test('is the same after it was written as JSON and read, with the same digest', () => {
    fc.assert(
      fc.property(POLICY, (policy) => {
        const read = policyFromJson(JSON.parse(JSON.stringify(policyToJson(policy))));
        expect(read).toEqual(policy);
        expect(policySha256(read)).toBe(policySha256(policy));
      }),
    );
  });

  test('stands in a report in snake_case, with null where nothing is asked', () => {
    expect(policyToJson(DEFAULT_POLICY)).toEqual({
      kind: 'evidence',
      name: 'noninferiority:margin=0.02',
      description: '',
      promotion: { rule: 'noninferiority', margin: 0.02 },
      gating: {
        ...{ alpha: 0.025, hard: 'reject', flips_max: null, min_pass_rate: null },
        ...{ sandbox_failures_max: 0.02, power_target: 0.8, violation_cap: 25 },
      },
      objectives: Object.fromEntries(OBJECTIVES.map(({ name }) => [name, null])),
      looks: { kind: 'every_pair' },
    });
  });
});

describe('a file', () => {
  test('[X002-9] of the source system is a classic policy', () => {
    const text = `
      name = "release"
      description = "what releases are held to"
      [gating]
      min_delta = 0.05
      min_pass_rate = 0.9
      alpha = 0.02
      power_target = 0.9
      violation_cap = 10
    `;
    const strict = parsePolicy('strict');
    expect(parsePolicyToml(text, 'release.toml')).toEqual({
      ...strict,
      name: 'release',
      description: 'what releases are held to',
    });
  });

  test('of the whole form has a rule, objectives and looks', () => {
    const text = `
      kind = "evidence"
      name = "careful"
      [promotion]
      rule = "superiority"
      margin = 0.01
      [gating]
      flips_max = 0
      [objectives]
      latency_ratio = 1.1
      [looks]
      kind = "lan_demets"
      looks = 4
    `;
    const expected = createPolicy({
      ...{ kind: 'evidence', name: 'careful', bar: 0.01, flipsMax: 0, looks: { kind: 'lan_demets', looks: 4 } },
      objectives: { ...NO_OBJECTIVES, latencyRatio: 1.1 },
    });
    expect(parsePolicyToml(text, 'careful.toml')).toEqual(expected);
    expect(parsePolicyToml(text.replace('kind = "evidence"', ''), 'careful.toml')).toEqual(expected);
  });

  test('that is wrong in many places is told all of them, each with its path', () => {
    const text = `
      nmae = "x"
      kind = "evidence"
      objectives = 3
      [gating]
      alpha = 2
      min_delta = 0.1
      flips_max = 1.5
      [looks]
      kind = "pocock"
      interval = 3
      [promotion]
      margin = "wide"
    `;
    expect(() => parsePolicyToml(text, 'bad.toml')).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        message: [
          'bad.toml:',
          '  name is missing; expected a text of 1 to 500 characters without control characters',
          '  key "nmae" is not known; did you mean "name"? known: kind, name, description, promotion, gating, objectives, looks',
          '  objectives is 3; expected a table',
          '  gating.alpha is 2; expected a number from 0.000001 to below 0.5',
          '  key "gating.min_delta" is not known; did you mean "gating.alpha"? known: gating.alpha, gating.min_pass_rate, gating.sandbox_failures_max, gating.power_target, gating.violation_cap, gating.hard, gating.flips_max',
          '  gating.flips_max is 1.5; expected a whole number from 0 to 1000000000',
          '  key "looks.interval" is not known; did you mean "looks.kind"? known: looks.kind, looks.looks',
          '  promotion.margin is "wide"; expected a number from 0 to below 1',
        ].join('\n'),
      }),
    );
  });

  test.each([
    ['that is no TOML', 'name = ', 'a.toml: '],
    ['with two tables of one name', '[gating]\n[gating]', 'a.toml: '],
    ['that is too long', '#'.repeat(70_000), 'a policy has 70000 characters; expected at most 65536'],
    ['with a key of every object', 'name = "x"\n[gating]\n__proto__ = 1', 'key "gating.__proto__" is not known'],
    ['with a date for a number', 'name = "x"\n[gating]\nalpha = 2020-01-01', 'gating.alpha is '],
    ['with looks of no kind', 'name = "x"\n[looks]\nlooks = 3', 'looks.kind is missing'],
    ['of another kind', 'name = "x"\nkind = "modern"', 'kind is "modern"; expected "evidence" or "classic"'],
  ])('%s is refused', (_name, text, message) => {
    expect(() => parsePolicyToml(text, 'a.toml')).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID', message: expect.stringContaining(message) }),
    );
  });

  test('with a thousand wrong keys is told fifty of them', () => {
    const text = Array.from({ length: 1_000 }, (_key, index) => `key${index} = 1`).join('\n');
    expect(() => parsePolicyToml(text, 'a.toml')).toThrow(/\n {2}and 951 more$/);
  });
});

test.each([[null], [[]], ['noninferiority'], [7]])('%j in a report is no policy', (value) => {
  expect(() => policyFromJson(value)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
});
