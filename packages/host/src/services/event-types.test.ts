import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileOwnSchema } from '../schema/compile-schema.ts';
import { EVENT_PATTERN, EVENT_TYPE, eventMatcher, isHostsType } from './event-types.ts';

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/);
const words = fc.array(word, { minLength: 1, maxLength: 5 }).filter((of) => !isHostsType(of.join('.')));
const judgeType = compileOwnSchema(EVENT_TYPE);
const judgePattern = compileOwnSchema(EVENT_PATTERN);

test.each([
  ['order.paid', 'order.paid', true],
  ['order.paid', 'order.paid.late', false],
  ['order.paid', 'order', false],
  ['order.*', 'order.paid', true],
  ['order.*', 'order', false],
  ['order.*', 'order.paid.late', false],
  ['*.paid', 'order.paid', true],
  ['*.*', 'order.paid', true],
  ['order.**', 'order.paid', true],
  ['order.**', 'order.paid.late', true],
  ['order.**', 'order', false],
  ['order.**', 'orders.paid', false],
  ['order.*.late', 'order.paid.late', true],
  ['*.**', 'order', false],
  ['**', 'order', true],
  ['**', 'order.paid.late', true],
  ['**', 'memory.stored', false],
  ['*.stored', 'memory.stored', false],
  ['memory.*', 'memory.stored', true],
  ['tool.**', 'tool.called', true],
])('the pattern "%s" means "%s": %s', (pattern, type, isMeant) => {
  expect(eventMatcher(pattern)(type)).toBe(isMeant);
});

test('a type is a pattern that means itself and, of other types, none', () => {
  fc.assert(
    fc.property(words, words, (one, other) => {
      const [type, another] = [one.join('.'), other.join('.')];
      expect(judgePattern(type)).toBeUndefined();
      expect(eventMatcher(type)(type)).toBe(true);
      expect(eventMatcher(type)(another)).toBe(type === another);
    }),
  );
});

test('a star in place of any word means the type still, and so does the rest from any word on', () => {
  fc.assert(
    fc.property(words, fc.nat(), (type, at) => {
      const index = at % type.length;
      expect(eventMatcher(type.with(index, '*').join('.'))(type.join('.'))).toBe(true);
      expect(eventMatcher([...type.slice(0, index), '**'].join('.'))(type.join('.'))).toBe(true);
      expect(eventMatcher([...type, '**'].join('.'))(type.join('.'))).toBe(false);
    }),
  );
});

test.each([
  '',
  '.',
  'order.',
  '.paid',
  'Order.paid',
  'order paid',
  'order-paid',
  '1order',
  'order..paid',
  'x'.repeat(129),
])('what is no type is refused, and as a pattern, too: "%s"', (text) => {
  expect([judgeType(text), judgePattern(text)]).not.toContain(undefined);
});

test.each(['*', '**', 'order.*', '*.paid', 'order.**'])('a pattern is no type: "%s"', (text) => {
  expect(judgeType(text)).toEqual(expect.any(String));
  expect(judgePattern(text)).toBeUndefined();
});

test.each(['**.paid', 'order.**.late', 'or*', 'order.***', '**.**'])(
  'a pattern has its stars in their places: "%s"',
  (text) => {
    expect(judgePattern(text)).toEqual(expect.any(String));
  },
);

test('what begins with a word of the host’s is the host’s, whatever follows', () => {
  for (const type of ['memory.stored', 'plugin.state_changed', 'tool.called', 'tool', 'host.anything']) {
    expect(isHostsType(type)).toBe(true);
  }
  for (const type of ['memories.stored', 'my.plugin.state_changed', 'tooling']) expect(isHostsType(type)).toBe(false);
});
