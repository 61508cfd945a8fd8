/**
 * The catalogue as this node holds it: read once, changed by its own commits, and kept up with those of other nodes.
 * It decides nothing: `releases.ts` says what is to be written.
 *
 * K1: The shelf is the catalogue of its revision: steps are applied in order, each once (C2).
 * K2: Memory changes after the storage has, and only then; this node's writes follow one another.
 * K3: A notice of another node's commit may be missed: whoever reads the catalogue sees it at most `STALE_AFTER_MS` late,
 *     as soon as the storage answers.
 */
import type { Clock } from '../base/clock.ts';
import { createTurns } from '../base/turns.ts';
import type { CatalogueChange, CatalogueStorage, CatalogueWrite } from '../storage/catalogue-port.ts';
import { createShelf, type Shelf } from './shelf.ts';

/** The catalogue of one node. */
export type Catalogue = {
  readonly shelf: Shelf;
  /**
   * Commits what `plan` makes of the shelf as it is. Where another node was faster, the shelf is brought up to date and the
   * plan made anew, so it must read all that it depends on.
   *
   * @returns undefined, or the change that does not fit although nobody else wrote.
   * @throws {HostError} `STORAGE_UNAVAILABLE`, or what the plan throws; nothing was written.
   */
  readonly commit: (plan: () => CatalogueWrite) => Promise<CatalogueChange | undefined>;
  /** Says that the shelf was read, so that it is brought up to date behind the reader where that was long ago. O(1). */
  readonly noteRead: () => void;
  /** Calls the listener after each change of the shelf, whoever made it; it must not throw. */
  readonly onChange: (listener: () => void) => void;
  /** Stops following other nodes. */
  readonly close: () => void;
};

/** Changes of other nodes hold everywhere within a second (issue of many nodes), also where their notice was missed. */
const STALE_AFTER_MS = 500;

/** Reads the catalogue and begins to follow it. @throws {HostError} `STORAGE_UNAVAILABLE`. */
export async function openCatalogue(storage: CatalogueStorage, clock: Clock): Promise<Catalogue> {
  const shelf = createShelf();
  shelf.load(await storage.readCatalogue());
  const inTurn = createTurns();
  const listeners: (() => void)[] = [];
  let readAt = clock.now();

  /** Does what changes the shelf, and tells of it where it did. */
  function change(work: () => void): void {
    const before = shelf.revision();
    work();
    if (shelf.revision() !== before) for (const listener of listeners) listener();
  }

  async function catchUp(): Promise<void> {
    readAt = clock.now();
    const steps = await storage.readSteps(shelf.revision());
    const rows = steps === undefined ? await storage.readCatalogue() : undefined;
    change(() => {
      if (rows !== undefined) shelf.load(rows);
      for (const step of steps ?? []) shelf.apply(step);
    });
  }

  async function write(plan: () => CatalogueWrite): Promise<CatalogueChange | undefined> {
    for (;;) {
      const planned = plan();
      const seen = shelf.revision();
      const committed = await storage.commit(planned);
      if (committed.kind === 'done' && committed.revision === seen + 1) {
        change(() => shelf.apply({ revision: committed.revision, changes: planned.changes }));
        return undefined;
      }
      await catchUp();
      if (committed.kind === 'done') return undefined;
      if (shelf.revision() === seen) return planned.changes[committed.index];
    }
  }

  /** The storage is away, then: its next notice or reader tries again. */
  const follow = (): void => void inTurn(catchUp).catch(() => undefined);
  const stop = storage.watch(follow);

  return {
    shelf,
    commit: (plan) => inTurn(() => write(plan)),
    noteRead: () => {
      if (clock.now() - readAt < STALE_AFTER_MS) return;
      readAt = clock.now();
      follow();
    },
    onChange: (listener) => void listeners.push(listener),
    close: stop,
  };
}
