/**
 * The catalogue as this node holds it: read once, changed by its own commits, and kept up with those of other nodes.
 * It decides nothing: `releases.ts` says what is to be written.
 *
 * K1: The shelf is the catalogue of its revision: steps are applied in order, each once (C2).
 * K2: Memory changes after the storage has, and only then; this node's writes follow one another.
 * K3: A notice of another node's commit may be missed: a storage that others use is asked every `STALE_AFTER_MS`, so that
 *     this node is at most so much late, as soon as the storage answers, whether anybody reads or not.
 */
import type { Clock } from '../base/clock.ts';
import { systemTimer, type StartTimer } from '../base/timer.ts';
import { createTurns, type Turns } from '../base/turns.ts';
import type { CatalogueChange, CatalogueStorage, CatalogueWrite } from '../storage/catalogue-port.ts';
import type { NodeStorage } from '../storage/nodes-port.ts';
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
/** Short enough that what was read is never older than a second, whenever its time began. */
const LOOK_EVERY_MS = 250;

/** Where the catalogue is kept, and whether others write it, too. */
type SharedCatalogue = CatalogueStorage & Pick<NodeStorage, 'isShared'>;

/** Reads the catalogue and begins to follow it. @throws {HostError} `STORAGE_UNAVAILABLE`. */
export async function openCatalogue(
  storage: SharedCatalogue,
  clock: Clock,
  startTimer: StartTimer = systemTimer,
): Promise<Catalogue> {
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

  const follow = oneInTurn(inTurn, catchUp);
  const noteRead = (): void => {
    if (clock.now() - readAt < STALE_AFTER_MS) return;
    readAt = clock.now();
    follow();
  };
  const stops = [storage.watch(follow), storage.isShared ? repeat(startTimer, noteRead) : () => undefined];

  return {
    shelf,
    commit: (plan) => inTurn(() => write(plan)),
    noteRead,
    onChange: (listener) => void listeners.push(listener),
    close: () => stops.forEach((stop) => stop()),
  };
}

/** Work of which at most one waits for its turn: it does what all want who asked until then. */
function oneInTurn(inTurn: Turns, work: () => Promise<void>): () => void {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    const done = inTurn(() => {
      isWaiting = false;
      return work();
    });
    done.catch(() => undefined); // The storage is away: its next notice, or the next look, tries again.
  };
}

/** Does something every {@link LOOK_EVERY_MS} until the returned function is called. */
function repeat(startTimer: StartTimer, work: () => void): () => void {
  let cancel = startTimer(LOOK_EVERY_MS, next);
  function next(): void {
    cancel = startTimer(LOOK_EVERY_MS, next);
    work();
  }
  return () => cancel();
}
