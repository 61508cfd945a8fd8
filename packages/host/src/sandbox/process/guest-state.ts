/**
 * The life of one guest process as its host sees it. Pure; the effects are in guest-life.ts.
 *
 *   booting --hello--> spare --bind--> loading --ready--> serving <--settled-- suspect
 *      |                 |                |                  |  `--overdue-----^  |
 *      |                 |                |                  |                    |
 *      +-----------------+-----close------+------------------+--------------------+--> closing --.
 *      +-----------------+-----dying------+------------------+--------------------+--> dying ----+
 *      `-----------------+-----exit-------+------------------+--------------------+--------------+--> exited --buried--> dead
 *
 * G1: a guest is bound at most once; there is no way back to `spare`.
 * G2: new calls are taken in `serving` only. A `suspect` has a call past its deadline: it answers within its grace, or dies.
 * G3: hello, ready and failed at the wrong time break the protocol, and so is every event that a state does not know.
 *     From `closing` on they are late words of a process that ends, and change nothing.
 * G4: `exited` has no process any more; what it wrote last is read, and then it is `dead`. Nothing leads out of `dead`.
 */
export type GuestState =
  'booting' | 'spare' | 'loading' | 'serving' | 'suspect' | 'dying' | 'closing' | 'exited' | 'dead';
/** `dying`: the guest said that it is about to end. `exit`: its process has ended. `buried`: its last words are read. */
export type GuestEvent =
  'hello' | 'bind' | 'ready' | 'failed' | 'overdue' | 'settled' | 'dying' | 'close' | 'exit' | 'buried';

type Row = Readonly<Partial<Record<GuestEvent, GuestState>>>;

/** Where an event changes nothing from the end of a life on. */
function deaf(state: GuestState): Row {
  return { hello: state, ready: state, failed: state, overdue: state, settled: state, dying: state, close: state };
}

const ENDS: Row = { dying: 'dying', close: 'closing', exit: 'exited', buried: 'dead' };

const TRANSITIONS: Readonly<Record<GuestState, Row>> = {
  booting: { ...ENDS, hello: 'spare' },
  spare: { ...ENDS, bind: 'loading' },
  loading: { ...ENDS, ready: 'serving', failed: 'closing' },
  serving: { ...ENDS, overdue: 'suspect', settled: 'serving' },
  suspect: { ...ENDS, overdue: 'suspect', settled: 'serving' },
  dying: { ...deaf('dying'), close: 'closing', exit: 'exited', buried: 'dead' },
  closing: { ...deaf('closing'), exit: 'exited', buried: 'dead' },
  exited: { ...deaf('exited'), exit: 'exited', buried: 'dead' },
  dead: { ...deaf('dead'), exit: 'dead', buried: 'dead' },
};

/** Returns the next state, or undefined where the event may not come now (G3). */
export function nextGuestState(state: GuestState, event: GuestEvent): GuestState | undefined {
  return TRANSITIONS[state][event];
}

/** Tells whether a guest holds its plugin, or is about to, and was not asked to end. */
export function holdsPlugin(state: GuestState): boolean {
  return state === 'loading' || state === 'serving' || state === 'suspect';
}
