import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitnessOf } from '../fitness/fitness.ts';
import { createSelector } from '../selectors/create-selector.ts';
import { createSearchRandom } from '../random/search-random.ts';
import type { Archive } from './archive.ts';
import { programAt, TEN_BY_TEN } from './archive.fixture.ts';
import { createArchive } from './create-archive.ts';
import { programId } from './program.ts';

const GRID = { descriptors: TEN_BY_TEN };

test('a cell takes in the first program, then only better ones', () => {
  const archive = createArchive(GRID);
  expect(archive.add(programAt('a', [1.5, 2.5, 3]))).toEqual({ status: 'new', cell: '1,2' });
  expect(archive.add(programAt('b', [1.1, 2.1, 3]))).toEqual({ status: 'rejected', reason: 'not_better' });
  expect(archive.add(programAt('c', [1.9, 2.9, 4]))).toEqual({ status: 'improved', cell: '1,2', displaced: 'a' });
  expect(archive.add(programAt('d', [7, 7, 1]))).toEqual({ status: 'new', cell: '7,7' });
  expect(archive.ranked.map(({ id }) => id)).toEqual(['c', 'd']);
  expect(archive.champions).toBe(archive.ranked);
  expect([archive.get('a'), archive.get('c')?.id, archive.best().id, archive.evaluations]).toEqual([
    undefined,
    'c',
    'c',
    4,
  ]);
});

test('[X000-24] without descriptors a cell is speed by 5 ms, memory by 32 KiB, length by 40 and the generation by 6', () => {
  const archive = createArchive();
  const program = programAt('a', [0, 0, 1], {
    source: 'x'.repeat(95),
    generation: 8,
    measures: { speed_ms: 12.5, memory_kb: 64 },
  });
  expect(archive.add(program)).toEqual({ status: 'new', cell: '2,2,2,2' });
  expect(archive.statistics().coverage).toBeUndefined();
});

test('[X000-24] a champion is replaced by a strictly faster one only', () => {
  const archive = createArchive();
  const timed = (id: string, speed_ms: number) =>
    programAt(id, [0, 0, -speed_ms], { source: 'same', measures: { speed_ms, memory_kb: 1 } });
  expect(archive.add(timed('a', 12)).status).toBe('new');
  expect(archive.add(timed('b', 12)).status).toBe('rejected');
  expect(archive.add(timed('c', 11.9)).status).toBe('improved');
});

test('what lies outside a range belongs to its first or last bin; edges and remainders are bins too', () => {
  const descriptors = [...TEN_BY_TEN, { name: 'z', edges: [0, 10, 100] }, { name: 'w', modulo: 4 }];
  const archive = createArchive({ descriptors });
  const cellOf = (id: string, x: number, y: number, z: number) =>
    archive.add(programAt(id, [x, y, 1], { measures: { x, y, z, w: z } }));
  expect(cellOf('a', -5, 99, -1)).toMatchObject({ cell: '0,9,0,3' });
  expect(cellOf('b', 10, 0, 10)).toMatchObject({ cell: '9,0,2,2' });
  expect(archive.statistics().coverage).toBe(2 / (100 * 4 * 4));
});

test('thresholds move by a share of what they take in', () => {
  const archive = createArchive({ ...GRID, learning_rate: 0.5, threshold_min: 0 });
  const statuses = [
    programAt('a', [1, 1, 8]),
    programAt('b', [1, 1, 3]),
    programAt('c', [1, 1, 6]),
    programAt('d', [1, 1, 5]),
    programAt('e', [2, 2, -1]),
  ].map((program) => archive.add(program).status);
  // 0 → 4; 3 stays out; 6 gets in, → 5; 5 is not above 5; −1 is not above the least.
  expect(statuses).toEqual(['new', 'rejected', 'improved', 'rejected', 'rejected']);
  expect([archive.best().id, archive.ranked[0]?.id]).toEqual(['a', 'c']);
});

test('statistics count cells, their quality above the offset, and the best that ever was', () => {
  const archive = createArchive({ ...GRID, qd_offset: -1 });
  expect(archive.statistics()).toMatchObject({ filled: 0, coverage: 0, qdScore: 0, best: undefined, mean: undefined });
  archive.add(programAt('a', [1, 1, 3]));
  archive.add(programAt('b', [2, 1, 5]));
  expect(archive.statistics()).toEqual({
    ...{ filled: 2, coverage: 0.02, qdScore: 10, normalisedQdScore: 0.1, best: 5, mean: 4 },
  });
});

test('openevolve #183: a score that is NaN or infinite never gets in, and never is the best', () => {
  const archive = createArchive(GRID);
  archive.add(programAt('a', [1, 1, 1]));
  for (const [at, score] of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].entries())
    expect(archive.add(programAt(`x${at}`, [5, 5, score]))).toEqual({ status: 'rejected', reason: 'not_finite' });
  const split = programAt('c', [5, 5, 1], { fitness: fitnessOf([9], [1, Number.NaN]) });
  expect(archive.add(split)).toEqual({ status: 'rejected', reason: 'not_finite' });
  const lost = programAt('d', [Number.NaN, 5, 9]);
  expect(archive.add(lost)).toEqual({ status: 'rejected', reason: 'not_measured' });
  expect(archive.add({ ...lost, id: 'e', measures: { x: 1 } })).toEqual({ status: 'rejected', reason: 'not_measured' });
  expect([archive.best().id, archive.ranked.length]).toEqual(['a', 1]);
});

test('openevolve #454: the owner of a cell is not driven out by better programs of other cells', () => {
  const archive = createArchive(GRID);
  archive.add(programAt('niche', [9, 9, -100]));
  for (let at = 0; at < 500; at += 1) archive.add(programAt(`p${at}`, [at % 9, (at * 7) % 9, at]));
  expect(archive.get('niche')?.id).toBe('niche');
  expect(archive.ranked.at(-1)?.id).toBe('niche');
});

test('openevolve #150: parents come from the cells, each owned by the best that came to it', () => {
  const archive = createArchive(GRID);
  const bests = new Map<string, number>();
  for (let at = 0; at < 300; at += 1) {
    const score = (at * 37) % 101;
    const [x, y] = [(at * 3) % 5, (at * 11) % 4];
    archive.add(programAt(`p${at}`, [x, y, score]));
    bests.set(`${x},${y}`, Math.max(score, bests.get(`${x},${y}`) ?? 0));
  }
  expect(new Map(archive.ranked.map(({ cell, score }) => [cell, score]))).toEqual(bests);
  const odds = createSelector('map_elites').distribution(archive);
  expect([...odds.values()]).toEqual(archive.ranked.map(() => 1 / bests.size));
});

test('openevolve #147: programs of different length lie in different cells, and no later one moves them', () => {
  const archive = createArchive({ descriptors: [{ name: 'length', least: 0, most: 1_000, bins: 10 }] });
  const sized = (id: string, length: number) => programAt(id, [0, 0, 1], { source: 'x'.repeat(length), measures: {} });
  const cells = [50, 150, 950].map((length) => archive.add(sized(`p${length}`, length)));
  expect(cells.map((outcome) => ('cell' in outcome ? outcome.cell : ''))).toEqual(['0', '1', '9']);
  archive.add(sized('huge', 1_000_000));
  archive.add(sized('tiny', 1));
  expect(archive.ranked.map(({ id, cell }) => [id, cell])).toEqual([
    ['p150', '1'],
    ['p50', '0'],
    ['p950', '9'],
  ]);
});

test("openevolve #222: a child lives on its parent's island, and is refused on another one", () => {
  const archive = createArchive({ ...GRID, islands: 3 });
  archive.add(programAt('a', [1, 1, 1], { island: 2 }));
  const child = programAt('b', [3, 3, 2], { parents: ['a'], island: 2 });
  expect(() => archive.add({ ...child, island: 0 })).toThrow(
    expect.objectContaining({
      code: 'ARCHIVE_INVALID',
      message: 'program b came to island 0, where its parent a never lived',
    }),
  );
  expect(archive.add(child).status).toBe('new');
  expect([0, 1, 2].map((island) => archive.view(island).ranked.map(({ id }) => id))).toEqual([[], [], ['b', 'a']]);
  expect(archive.lineage('b').map(({ id, island }) => [id, island])).toEqual([
    ['b', 2],
    ['a', 2],
  ]);
});

test('openevolve #391: every island grows, as each evaluation has an island whose turn it is', () => {
  const archive = createArchive({ ...GRID, islands: 3 });
  const selector = createSelector('power_law', { seed: 1 });
  archive.plant(programAt('seed', [0, 0, 0]));
  const random = createSearchRandom(1);
  for (let at = 0; at < 90; at += 1) {
    const island = archive.islandOf(at);
    const parent = selector.select(archive.view(island));
    const child = programAt(`p${at}`, [random.next() * 10, random.next() * 10, random.next()]);
    archive.add({ ...child, parents: [parent.id], island, evalIndex: at });
  }
  const sizes = [0, 1, 2].map((island) => archive.view(island).ranked.length);
  expect(sizes.every((size) => size >= 24)).toBe(true);
});

test('a program that starts every island is one program, and leaves only with its last cell', () => {
  const archive = createArchive({ ...GRID, islands: 2 });
  archive.plant(programAt('seed', [1, 1, 1]));
  expect([archive.ranked.length, archive.evaluations]).toEqual([1, 1]);
  archive.add(programAt('a', [1, 1, 2], { island: 0, parents: ['seed'] }));
  expect(archive.ranked.map(({ id }) => id)).toEqual(['a', 'seed']);
  archive.add(programAt('b', [1, 1, 3], { island: 1, parents: ['seed'] }));
  expect(archive.ranked.map(({ id }) => id)).toEqual(['b', 'a']);
});

test.each([
  ['ring', ['0>1', '1>2', '2>3', '3>0']],
  ['full', ['0>1', '0>2', '0>3', '1>0', '1>2', '1>3', '2>0', '2>1', '2>3', '3>0', '3>1', '3>2']],
  ['star', ['0>1', '0>2', '0>3', '1>0', '2>0', '3>0']],
])('on a %s the best of each island travel after so many evaluations, and only then', (topology, expected) => {
  const archive = createArchive({ ...GRID, islands: 4, migration_every: 4, topology });
  const due = [0, 1, 2, 3].map((island) => {
    archive.add(programAt(`p${island}`, [island, 0, island], { island }));
    return archive.migrationsDue();
  });
  expect(due.slice(0, 3)).toEqual([[], [], []]);
  expect(due[3]?.map(({ from, to }) => `${from}>${to}`)).toEqual(expected);
  archive.migrate(due[3] ?? []);
  expect(archive.migrationsDue()).toEqual([]);
  for (const { programId: id, to } of due[3] ?? [])
    expect(archive.view(to).ranked.map((member) => member.id)).toContain(id);
});

test('a traveller keeps how often it was measured, is refused where it is no better, and may have children there', () => {
  const archive = createArchive({ ...GRID, islands: 2, migration_every: 2 });
  archive.add(programAt('a', [1, 1, 2], { island: 0, fitness: fitnessOf([1, 3]) }));
  archive.add(programAt('b', [1, 1, 9], { island: 1 }));
  archive.migrate(archive.migrationsDue());
  expect(archive.view(1).ranked.map(({ id }) => id)).toEqual(['b']);
  const [traveller] = archive.view(0).ranked;
  expect(traveller?.program).toMatchObject({ id: 'b', fitness: { n: 1, mean: 9 } });
  archive.remeasure('b', fitnessOf([1, 1]));
  for (const island of [0, 1]) expect(archive.view(island).ranked[0]?.program.fitness).toMatchObject({ n: 3 });
  expect(archive.add(programAt('c', [5, 5, 1], { island: 0, parents: ['b'] })).status).toBe('new');
});

test('the worse half of the islands starts anew from the best of the others, the same one for the same seed', () => {
  const build = (): Archive => {
    const archive = createArchive({ ...GRID, islands: 4, reset_every: 8, seed: 3 });
    for (let at = 0; at < 8; at += 1)
      archive.add(programAt(`p${at}`, [at, at, [5, 1, 9, 2][at % 4] ?? 0], { island: at % 4, evalIndex: at }));
    return archive;
  };
  const archive = build();
  expect(archive.isResetDue()).toBe(true);
  expect(archive.resetWorstHalf()).toEqual([1, 3]);
  expect(archive.isResetDue()).toBe(false);
  const founders = [1, 3].map((island) => archive.view(island).ranked.map(({ id }) => id));
  for (const founder of founders) expect([['p0'], ['p2']]).toContainEqual(founder);
  expect(archive.get('p1')).toBeUndefined();
  const again = build();
  again.resetWorstHalf();
  expect(again.checkpoint()).toEqual(archive.checkpoint());
});

test('nothing gets in that was measured too seldom, and asking so changes nothing', () => {
  const archive = createArchive({ ...GRID, n_min: 3 });
  const program = programAt('a', [1, 1, 5]);
  expect(archive.add(program)).toEqual({ status: 'remeasure', missing: 2 });
  expect([archive.evaluations, archive.ranked.length]).toEqual([0, 0]);
  expect(archive.add({ ...program, fitness: fitnessOf([5, 4, 6]) }).status).toBe('new');
  expect(archive.add(programAt('b', [1, 1, 1]))).toEqual({ status: 'rejected', reason: 'not_better' });
});

test('a program that is measured again is ranked by all of it, and its cell opens to those it is now below', () => {
  const archive = createArchive(GRID);
  archive.add(programAt('lucky', [1, 1, 9]));
  archive.add(programAt('other', [2, 2, 5]));
  archive.remeasure('lucky', fitnessOf([0, 0]));
  expect(archive.ranked.map(({ id }) => id)).toEqual(['other', 'lucky']);
  expect(archive.best().id).toBe('other');
  expect(archive.add(programAt('true', [1, 1, 4])).status).toBe('improved');
  expect(() => archive.remeasure('lucky', fitnessOf([1]))).toThrow(
    expect.objectContaining({ code: 'ARCHIVE_INVALID' }),
  );
  expect(() => archive.remeasure('true', fitnessOf([Number.NaN]))).toThrow(
    expect.objectContaining({ code: 'ARCHIVE_INVALID' }),
  );
});

test('children count when they are submitted', () => {
  const archive = createArchive(GRID);
  archive.add(programAt('a', [1, 1, 1]));
  const before = archive.version;
  archive.submitted('a');
  archive.submitted('a');
  archive.submitted('nobody');
  expect(archive.ranked[0]?.children).toBe(2);
  expect(archive.version).not.toBe(before);
});

test('the front of cases keeps specialists that own no cell, and lets go whom another one beats everywhere', () => {
  const archive = createArchive(GRID);
  const scored = (id: string, cases: readonly number[]) =>
    programAt(id, [1, 1, 0], { fitness: fitnessOf([cases.reduce((sum, score) => sum + score, 0)], cases) });
  const front = () =>
    archive
      .caseFront()
      .ranked.map(({ id }) => id)
      .toSorted();
  archive.add(scored('a', [5, 5]));
  archive.add(scored('b', [8, 0]));
  archive.add(scored('twin', [8, 0]));
  archive.add(scored('c', [4, 4]));
  expect(front()).toEqual(['a', 'b']);
  expect(archive.get('b')?.id).toBe('b');
  archive.add(scored('d', [5, 6]));
  expect(front()).toEqual(['b', 'd']);
});

test('a front has a bound, and the worst by score has to go', () => {
  const archive = createArchive({ ...GRID, front_max: 2 });
  for (const [at, cases] of [
    [9, 0],
    [4, 4],
    [0, 10],
  ].entries())
    archive.add(
      programAt(`p${at}`, [at, 0, 0], { fitness: fitnessOf([cases.reduce((sum, score) => sum + score, 0)], cases) }),
    );
  expect(archive.caseFront().ranked.map(({ id }) => id)).toEqual(['p2', 'p0']);
});

test('cells around centroids: each program belongs to the nearest, the same for the same seed', () => {
  const config = { ...GRID, cvt_cells: 20, seed: 5 };
  const fill = (archive: Archive) => {
    const random = createSearchRandom('fill');
    return Array.from({ length: 400 }, (_, at) =>
      archive.add(programAt(`p${at}`, [random.next() * 10, random.next() * 10, random.next()])),
    );
  };
  const archive = createArchive(config);
  expect(fill(archive)).toEqual(fill(createArchive(config)));
  expect(archive.statistics()).toMatchObject({ filled: 20, coverage: 1 });
});

test('an archive goes on exactly from its checkpoint, through JSON', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 60 }), (seed, stop) => {
      const config = {
        ...GRID,
        islands: 3,
        migration_every: 7,
        reset_every: 20,
        learning_rate: 0.5,
        threshold_min: -1,
        seed,
      };
      const straight = createArchive(config);
      run(straight, [0, 90], seed);
      const first = createArchive(config);
      run(first, [0, stop], seed);
      const second = createArchive(config, JSON.parse(JSON.stringify(first.checkpoint())));
      expect(second.checkpoint()).toEqual(first.checkpoint());
      run(second, [stop, 90], seed);
      expect(JSON.stringify(second.checkpoint())).toBe(JSON.stringify(straight.checkpoint()));
      expect(second.statistics()).toEqual(straight.statistics());
    }),
    { numRuns: 25 },
  );
});

/** Evaluations of a search: a start on every island, then children of what a selector chooses. */
function run(archive: Archive, [from, to]: readonly [number, number], seed: number): void {
  for (let at = from; at < to; at += 1) {
    const random = createSearchRandom(seed).fork(String(at));
    const cases = [random.int(0, 3), random.int(0, 3)];
    const fitness = fitnessOf([random.next()], cases);
    const id = programId({ parentIds: [], patch: '', evalIndex: at });
    const fields = { evalIndex: at, island: archive.islandOf(at), fitness };
    const program = programAt(id, [random.int(0, 4), random.int(0, 2), 0], fields);
    if (at === 0) archive.plant(program);
    else {
      const parent = createSelector('tournament').select(archive.view(program.island), random);
      archive.submitted(parent.id);
      archive.add({ ...program, parents: [parent.id] });
    }
    archive.migrate(archive.migrationsDue());
    if (archive.isResetDue()) archive.resetWorstHalf();
  }
}

test('a checkpoint of another configuration, or of nobody, is refused', () => {
  const archive = createArchive(GRID);
  archive.add(programAt('a', [1, 1, 1]));
  const checkpoint = archive.checkpoint();
  const refused = expect.objectContaining({ code: 'CHECKPOINT_INVALID' });
  expect(() => createArchive({ ...GRID, islands: 2 }, checkpoint)).toThrow(refused);
  for (const [key, value] of [
    ['version', 2],
    ['members', []],
    ['members', [{ program: { id: 'a' }, children: 0 }]],
    ['islands', []],
    ['islands', [{ owners: [['a']], homes: [] }]],
    ['lineage', [1]],
    ['front', [1]],
    ['best', 7],
    ['evaluations', -1],
  ] as const)
    expect(() => createArchive(GRID, { ...checkpoint, [key]: value })).toThrow(refused);
});

test('the same program twice is known, and is not counted twice', () => {
  const archive = createArchive(GRID);
  archive.add(programAt('a', [1, 1, 1]));
  expect(archive.add(programAt('a', [2, 2, 9]))).toEqual({ status: 'rejected', reason: 'known' });
  expect(archive.evaluations).toBe(1);
});

test('an id is a hash of parents, patch and evaluation', () => {
  const origin = { parentIds: ['p'], patch: '+1', evalIndex: 4 };
  expect(programId(origin)).toBe('61a4c7dc0b5205b8fcf915d8de2fd12a');
  const others = [{ parentIds: ['q'] }, { parentIds: ['p', '+1'], patch: '' }, { patch: '+2' }, { evalIndex: 5 }];
  expect(new Set(others.map((change) => programId({ ...origin, ...change }))).size).toBe(4);
});

test.each<[unknown, string]>([
  [{ islands: 0 }, 'islands of an archive is 0; expected a whole number from 1 to 1000'],
  [{ topologie: 'ring' }, 'did you mean topology?'],
  [{ learning_rate: 0.5 }, 'threshold_min of an archive is -Infinity; expected a finite number where learning_rate'],
  [{ cvt_cells: 5 }, 'cvt_cells of an archive is 5; expected 0, or descriptors that all have least and most'],
  [{ descriptors: [] }, 'descriptors of an archive is []; expected a list of 1 to 16 descriptors'],
  [{ descriptors: [{ name: 'x' }] }, 'expected a name with least, most and bins, or edges, or step, or modulo'],
  [{ descriptors: [{ step: 1 }] }, 'name of a descriptor is undefined; expected the name of a measure'],
  [{ descriptors: [{ name: 'x', least: 2, most: 1 }] }, 'most of a descriptor is 1; expected a number above least, 2'],
  [
    { descriptors: [{ name: 'x', edges: [2, 1] }] },
    'edges of a descriptor is [2,1]; expected finite numbers that ascend',
  ],
  [{ descriptors: [{ name: 'x', step: 0 }] }, 'step of a descriptor is 0; expected a number from 1e-9'],
  ['grid', 'the configuration of an archive is "grid"; expected a table of keys and values'],
])('the configuration %j is refused, with what was expected', (config, words) => {
  expect(() => createArchive(config)).toThrow(
    expect.objectContaining({ code: 'ARCHIVE_INVALID', message: expect.stringContaining(words) }),
  );
});

test('an empty archive has no best, and no island beyond its last', () => {
  const archive = createArchive();
  expect(() => archive.best()).toThrow(expect.objectContaining({ code: 'ARCHIVE_EMPTY' }));
  expect(() => archive.view(1)).toThrow(
    expect.objectContaining({ code: 'ARCHIVE_INVALID', message: 'island is 1; expected a whole number from 0 to 0' }),
  );
});
