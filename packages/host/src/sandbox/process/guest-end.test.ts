import { callError } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import { describeClosing, describeEnd, type GuestEnd } from './guest-end.ts';

const END: GuestEnd = {
  phase: 'serving',
  exitCode: null,
  signal: null,
  hadCalls: true,
  killedFor: undefined,
  dying: undefined,
  stderrTail: '',
  memoryMb: 64,
  wasOutOfMemory: false,
};

const said = (code: 'GUEST_UNCAUGHT' | 'GUEST_OUT_OF_MEMORY' | 'GUEST_EXITED'): Partial<GuestEnd> => ({
  dying: { code, text: 'TypeError: no', stack: undefined },
});
const HEAP = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory';

const ends: readonly (readonly [string, Partial<GuestEnd>, string, RegExp])[] = [
  ['a kill of the host’s', { killedFor: callError('LOG_FLOOD'), ...said('GUEST_UNCAUGHT') }, 'LOG_FLOOD', /./],
  ['an exhausted heap by signal', { signal: 'SIGABRT', stderrTail: HEAP }, 'GUEST_OUT_OF_MEMORY', /64 MiB/],
  ['an exhausted heap as bubblewrap tells it', { exitCode: 134, stderrTail: HEAP }, 'GUEST_OUT_OF_MEMORY', /64 MiB/],
  [
    'the text of an exhausted heap, and an exit in order',
    { exitCode: 0, stderrTail: HEAP },
    'GUEST_EXITED',
    /exit code 0/,
  ],
  ['a full control group', { signal: 'SIGKILL', wasOutOfMemory: true }, 'GUEST_OUT_OF_MEMORY', /64 MiB/],
  [
    'an allocation that was refused outside of a call',
    { exitCode: 72, ...said('GUEST_OUT_OF_MEMORY') },
    'GUEST_OUT_OF_MEMORY',
    /./,
  ],
  [
    'an error that nobody caught',
    { exitCode: 72, ...said('GUEST_UNCAUGHT') },
    'GUEST_UNCAUGHT',
    /TypeError: no \(thrown outside/,
  ],
  ['the same, whose words were lost', { exitCode: 72 }, 'GUEST_UNCAUGHT', /./],
  ['a rejection whose words were lost', { exitCode: 71 }, 'GUEST_UNHANDLED_REJECTION', /./],
  ['an exit in a call', { exitCode: 0, ...said('GUEST_EXITED') }, 'GUEST_EXITED', /during a call/],
  ['an exit without a word', { exitCode: 3 }, 'GUEST_EXITED', /exit code 3 during a call/],
  ['an exit while nothing ran', { exitCode: 3, hadCalls: false }, 'GUEST_EXITED', /while no call was running/],
  ['a signal', { signal: 'SIGSEGV' }, 'GUEST_CRASHED', /SIGSEGV/],
  ['a signal as bubblewrap tells it', { exitCode: 139 }, 'GUEST_CRASHED', /SIGSEGV/],
  ['[FAULTS-3] a load that waits for nothing', { phase: 'loading', exitCode: 13 }, 'INIT_EXITED', /waits for nothing/],
  ['[FAULTS-5] an exit at load', { phase: 'loading', exitCode: 0 }, 'INIT_EXITED', /exit code 0 before it was ready/],
  [
    'a launcher that refused',
    { phase: 'booting', exitCode: 78, stderrTail: 'bulkhead launch: nice: no\n' },
    'HOST_SPAWN_FAILED',
    /launch: nice: no$/,
  ],
];

test.each(ends)('%s', (_, change, code, message) => {
  const error = describeEnd({ ...END, ...change });
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});

test('a guest that closed its channel and is still there is dying of its heap where it said so, and else will not die', () => {
  expect(describeClosing(HEAP, 64)).toMatchObject({
    code: 'GUEST_OUT_OF_MEMORY',
    limit: { allowed: 64 },
  });
  expect(describeClosing('', 64)).toMatchObject({ code: 'FRAME_SCHEMA' });
});
