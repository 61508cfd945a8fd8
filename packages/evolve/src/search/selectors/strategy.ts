/**
 * What tells one selector from another. Everything that they have in common, create-selector.ts does: it sees that there is a program, owns
 * the random stream, knows which choices still wait for their feedback, and writes and reads the state.
 */
import type { JsonObject } from '@bulkhead/protocol';
import type { Random } from '@bulkhead/guard/statistics';
import type { ConfigOf, Settings } from '../config.ts';
import type { Member, ProgramView } from '../population/program-view.ts';

/** One way to choose. Views that it is given have at least one program. */
export interface Strategy {
  /** The chance of each program, in the order of `ranked`; they add up to 1. */
  readonly odds: (view: ProgramView<unknown>) => Float64Array;
  /** Draws the place in `ranked`; where it is left out, it is drawn by the odds. */
  readonly draw?: (view: ProgramView<unknown>, random: Random) => number;
  /** Learns that a program was chosen. */
  readonly submitted?: (member: Member<unknown>) => void;
  /** Learns how much better a child is than its parent; the parent is undefined where nobody knows it. */
  readonly learn?: (gain: number, parent: string | undefined) => void;
  /** What it has learned; a strategy that learns has both. */
  readonly state?: () => JsonObject;
  /** @throws {EvolveError} `CHECKPOINT_INVALID`. */
  readonly restore?: (state: JsonObject) => void;
}

/** A selector as the registry lists it: its name, the keys of its table, and how it is made. */
export interface SelectorKind<Table extends Settings = Settings> {
  readonly name: string;
  /** One line for whoever chooses a selector. */
  readonly summary: string;
  readonly settings: Table;
  readonly create: (config: ConfigOf<Table>) => Strategy;
}

/** Lets the compiler know the values of a kind's table by its settings. */
export function selectorKind<const Table extends Settings>(kind: SelectorKind<Table>): SelectorKind {
  // As any kind: create-selector.ts gives it what it read by these same settings.
  return kind as unknown as SelectorKind;
}
