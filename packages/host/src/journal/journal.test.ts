import { expect, test } from 'vitest';
import { createJournal, type Journal, type JournalEntry } from './journal.ts';

const BOUNDS = { linesMax: 5, charactersMax: 10_000, totalCharactersMax: 20_000 };
const ACME = { plugin: 'weather', scope: 'acme' };
const PAPER = { plugin: 'weather', scope: 'paper' };
const ALL = { after: undefined, linesMax: 100 };

function say(text: string): JournalEntry {
  return { source: 'stdout', level: null, text };
}

function textsOf(journal: Journal, scopes: readonly string[], plugin = 'weather'): readonly string[] {
  return journal.read(plugin, scopes, ALL).lines.map(({ text }) => text);
}

test('lines are kept by plugin and scope, and read in the order in which they came', () => {
  let now = 1_000;
  const journal = createJournal(() => (now += 1), BOUNDS);
  journal.add(ACME, say('a'));
  journal.add(PAPER, say('b'));
  journal.add({ plugin: 'other', scope: 'acme' }, say('c'));
  journal.add({ plugin: 'weather', scope: '*' }, { source: 'state', level: 'info', text: 'd' });
  journal.add(ACME, say('e'));
  expect(textsOf(journal, ['acme', '*'])).toEqual(['a', 'd', 'e']);
  expect(textsOf(journal, ['paper'])).toEqual(['b']);
  expect(journal.read('weather', ['acme'], ALL).lines[0]).toEqual({ ...say('a'), number: 1, at: 1_001 });
  expect(textsOf(journal, ['nobody'])).toEqual([]);
});

test('J1: the newest lines are kept, and a reader who missed some is told', () => {
  const journal = createJournal(() => 0, BOUNDS);
  for (const text of ['1', '2', '3', '4', '5', '6', '7']) journal.add(ACME, say(text));
  expect(textsOf(journal, ['acme'])).toEqual(['3', '4', '5', '6', '7']);
  const read = (after: number | undefined, linesMax: number) => {
    const page = journal.read('weather', ['acme'], { after, linesMax });
    return [page.lines.map(({ text }) => text).join(''), page.hasGap];
  };
  expect(read(undefined, 2)).toEqual(['67', false]);
  expect(read(1, 2)).toEqual(['34', true]);
  expect(read(2, 2)).toEqual(['34', false]);
  expect(read(7, 2)).toEqual(['', false]);
  journal.add(ACME, say('x'.repeat(9_000)));
  expect(textsOf(journal, ['acme']).at(-1)).toHaveLength(9_000);
  expect(textsOf(journal, ['acme'])).toHaveLength(5);
  journal.add(ACME, say('x'.repeat(9_000)));
  expect(textsOf(journal, ['acme'])).toHaveLength(1);
});

test('J2: where all together are too much, whoever has most loses its oldest, and a quiet one nothing', () => {
  const journal = createJournal(() => 0, BOUNDS);
  journal.add(PAPER, say('quiet'));
  for (const scope of ['one', 'two', 'three', 'four'])
    for (let count = 0; count < 4; count += 1) journal.add({ plugin: 'loud', scope }, say('x'.repeat(2_000)));
  expect(textsOf(journal, ['paper'])).toEqual(['quiet']);
  const kept = ['one', 'two', 'three', 'four'].map((scope) => textsOf(journal, [scope], 'loud').length);
  expect(kept.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(9);
  expect(Math.min(...kept)).toBeGreaterThan(0);
});

test('who watches hears of lines of its scopes until it stops', () => {
  const journal = createJournal(() => 0, BOUNDS);
  let heard = 0;
  const stop = journal.watch('weather', ['acme', '*'], () => (heard += 1));
  journal.add(ACME, say('a'));
  journal.add(PAPER, say('b'));
  journal.add({ plugin: 'weather', scope: '*' }, say('c'));
  expect(heard).toBe(2);
  stop();
  journal.add(ACME, say('d'));
  expect(heard).toBe(2);
});
