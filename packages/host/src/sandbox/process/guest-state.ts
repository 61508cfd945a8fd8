/**
 * The life of one guest process as its host sees it. Pure; the effects are in guest-process.ts.
 *
 *   booting --hello--> spare --bind--> loading --ready--> serving <--settled-- suspect
 *      |                 |                |                  |  `--overdue-----^  |
 *      `------exit-------+------exit------+-------exit-------+-------exit---------+--> dead
 *                        `-----close------+------close-------+--> closing --exit-----> dead
 *
 * G1: a guest is bound at most once; there is no way back to `spare`.
 * G2: new calls are taken in `serving` only. A `suspect` has a call past its deadline: it answers within its grace, or dies.
 * G3: an event that a state does not know came from the guest at the wrong time: a protocol violation, never a no-op.
 */
export type GuestState = 'booting' | 'spare' | 'loading' | 'serving' | 'suspect' | 'closing' | 'dead';
export type GuestEvent = 'hello' | 'bind' | 'ready' | 'failed' | 'overdue' | 'settled' | 'close' | 'exit';

const TRANSITIONS: Readonly<Record<GuestState, Readonly<Partial<Record<GuestEvent, GuestState>>>>> = {
  booting: { hello: 'spare', close: 'closing', exit: 'dead' },
  spare: { bind: 'loading', close: 'closing', exit: 'dead' },
  loading: { ready: 'serving', failed: 'closing', close: 'closing', exit: 'dead' },
  serving: { overdue: 'suspect', settled: 'serving', close: 'closing', exit: 'dead' },
  suspect: { overdue: 'suspect', settled: 'serving', close: 'closing', exit: 'dead' },
  closing: { hello: 'closing', ready: 'closing', failed: 'closing', overdue: 'closing', settled: 'closing', close: 'closing', exit: 'dead' },
  dead: { settled: 'dead', overdue: 'dead', close: 'dead', exit: 'dead' },
};

/** Returns the next state, or undefined where the event may not come now (G3). */
export function nextGuestState(state: GuestState, event: GuestEvent): GuestState | undefined {
  return TRANSITIONS[state][event];
}
