/**
 * SEARCH/REPLACE blocks: whole lines that stand once in the source, and what comes in their place.
 *
 *   <<<<<<< SEARCH
 *   what stands there
 *   =======
 *   what comes in its place
 *   >>>>>>> REPLACE
 *
 * Every block is matched against the source as it was, so that their order changes nothing.
 */
import { EvolveError } from '../evolve-error.ts';
import { assertEditSize, quoted } from './edit-bounds.ts';
import { joinSource, placesOf, splitSource, type SourceLines } from './source-lines.ts';

type Block = { readonly number: number; readonly search: readonly string[]; readonly replace: readonly string[] };
type PlacedBlock = Block & { readonly at: number };

const SEARCH = /^<{5,9} ?SEARCH$/;
const MIDDLE = /^={5,9}$/;
const REPLACE = /^>{5,9} ?REPLACE$/;
const BLOCKS_MAX = 1_000;
const SEARCH_LINES_MAX = 2_000;

/** Whether an answer has such a block. */
export function hasSearchBlocks(answer: string): boolean {
  return answer.split('\n').some((line) => SEARCH.test(line.trimEnd()));
}

/**
 * Applies the blocks of an answer; what stands around them is passed over. Line ends are those of the source.
 *
 * @throws {EvolveError} `EDIT_INVALID` for no block, one that is not closed, an empty SEARCH, or blocks that overlap; `EDIT_MISMATCH`
 *   where a SEARCH stands nowhere; `EDIT_AMBIGUOUS` where it stands twice; `EDIT_TOO_LARGE`.
 * @public
 */
export function applySearchReplace(source: string, answer: string): string {
  assertEditSize(answer, 'the edit');
  const split = splitSource(source);
  const placed = readBlocks(answer).map((block) => placeBlock(block, split));
  const ordered = placed.toSorted((one, other) => one.at - other.at);
  const lines: string[] = [];
  let from = 0;
  for (const block of ordered) {
    if (block.at < from)
      throw invalid(`block ${block.number} overlaps the one before it; expected blocks apart from each other`);
    for (const line of split.lines.slice(from, block.at)) lines.push(line);
    for (const line of block.replace) lines.push(line);
    from = block.at + block.search.length;
  }
  for (const line of split.lines.slice(from)) lines.push(line);
  return joinSource({ ...split, lines });
}

function readBlocks(answer: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly search: string[]; replace?: string[] } | undefined;
  for (const line of answer.replaceAll('\r\n', '\n').split('\n')) {
    const mark = line.trimEnd();
    if (open === undefined) {
      if (SEARCH.test(mark)) open = { search: [] };
    } else if (REPLACE.test(mark) && open.replace !== undefined) {
      blocks.push({ number: blocks.length + 1, search: open.search, replace: open.replace });
      open = undefined;
    } else if (MIDDLE.test(mark) && open.replace === undefined) open.replace = [];
    else (open.replace ?? open.search).push(line);
  }
  if (open !== undefined)
    throw invalid(`block ${blocks.length + 1} is not closed; expected "=======" and ">>>>>>> REPLACE"`);
  if (blocks.length > 0 && blocks.length <= BLOCKS_MAX) return blocks;
  throw invalid(`the edit has ${blocks.length} SEARCH/REPLACE blocks; expected from 1 to ${BLOCKS_MAX}`);
}

function placeBlock(block: Block, { lines }: SourceLines): PlacedBlock {
  const { number, search } = block;
  if (search.length === 0 && lines.length === 0) return { ...block, at: 0 };
  if (search.length === 0 || search.length > SEARCH_LINES_MAX) {
    throw invalid(`SEARCH of block ${number} has ${search.length} lines; expected from 1 to ${SEARCH_LINES_MAX}`);
  }
  const [at, another] = placesOf(search, lines);
  if (at === undefined) {
    throw new EvolveError(
      'EDIT_MISMATCH',
      `SEARCH of block ${number} stands nowhere in the source; expected its lines exactly as they are there, from ${quoted(search[0] ?? '')} on`,
    );
  }
  if (another === undefined) return { ...block, at };
  throw new EvolveError(
    'EDIT_AMBIGUOUS',
    `SEARCH of block ${number} stands at line ${at + 1} and again at line ${another + 1}; expected enough lines to make it one place`,
  );
}

function invalid(message: string): EvolveError {
  return new EvolveError('EDIT_INVALID', message);
}
