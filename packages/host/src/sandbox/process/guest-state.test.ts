import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextGuestState, type GuestEvent, type GuestState } from './guest-state.ts';

const EVENTS: readonly GuestEvent[] = [
  'hello',
  'bind',
  'ready',
  'failed',
  'overdue',
  'settled',
  'dying',
  'close',
  'exit',
  'buried',
];
/** Known by the guest's own word; the others are the host's. */
const SAID = ['hello', 'ready', 'failed'] as const;

/** Walks a life; an event that may not come ends it as a kill does. */
function live(events: readonly GuestEvent[]): readonly GuestState[] {
  const states: GuestState[] = ['booting'];
  for (const event of events) {
    const state = states.at(-1) ?? 'dead';
    const next = nextGuestState(state, event);
    if (next === undefined) return states;
    states.push(next);
  }
  return states;
}

const lives = fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 });

test('a life that goes well passes from boot to calls to its end', () => {
  expect(live(['hello', 'bind', 'ready', 'overdue', 'settled', 'close', 'exit', 'buried'])).toEqual([
    'booting',
    'spare',
    'loading',
    'serving',
    'suspect',
    'serving',
    'closing',
    'exited',
    'dead',
  ]);
});

test('a guest serves at most one plugin, and only after it was bound and ready', () => {
  fc.assert(
    fc.property(lives, (events) => {
      const states = live(events);
      expect(states.filter((state, i) => state === 'spare' && states[i - 1] !== 'spare').length).toBeLessThanOrEqual(1);
      const serving = states.indexOf('serving');
      if (serving >= 0) expect(states.slice(0, serving)).toEqual(['booting', 'spare', 'loading']);
    }),
  );
});

test('the dead stay dead, and a process that is gone never serves again', () => {
  fc.assert(
    fc.property(lives, (events) => {
      const states = live(events);
      const gone = states.findIndex((state) => state === 'exited' || state === 'dead');
      if (gone < 0) return;
      for (const state of states.slice(gone)) expect(['exited', 'dead']).toContain(state);
      expect(states.slice(states.indexOf('dead') + 1 || states.length).every((state) => state === 'dead')).toBe(true);
    }),
  );
});

test('[FAULTS-6] a guest’s word is taken in one state each, and is a late word once it ends', () => {
  const taken: Readonly<Record<(typeof SAID)[number], GuestState>> = {
    hello: 'booting',
    ready: 'loading',
    failed: 'loading',
  };
  for (const event of SAID) {
    for (const state of ['booting', 'spare', 'loading', 'serving', 'suspect'] as const) {
      expect(nextGuestState(state, event) !== undefined, `${event} while ${state}`).toBe(state === taken[event]);
    }
    for (const state of ['dying', 'closing', 'exited', 'dead'] as const)
      expect(nextGuestState(state, event)).toBe(state);
  }
});

test('every state but death hears the end of the process', () => {
  for (const state of ['booting', 'spare', 'loading', 'serving', 'suspect', 'dying', 'closing'] as const) {
    expect(nextGuestState(state, 'exit')).toBe('exited');
  }
});
