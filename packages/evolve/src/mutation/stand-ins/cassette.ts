/**
 * A stand-in that answers from a record: a file with one line of JSON for each request, found by the digest of what was asked.
 *
 *   {"key": "<sha256>", "request": {form, prompt, seed, temperature, max_tokens}, "text": "...", "usage": {...}}
 *
 *   none  everything is answered from the file
 *   once  as none; where there is no file yet, everything is asked and recorded
 *   new   what is not in the file is asked and recorded
 *   all   everything is asked and recorded; of two lines for one request the last holds
 */
import { createHash } from 'node:crypto';
import { appendFile, truncate } from 'node:fs/promises';
import { canonicalJson, isJsonObject, type JsonObject } from '@bulkhead/protocol';
import { EvolveError } from '../../evolve-error.ts';
import type { Proposal, Proposer, ProposalRequest } from '../proposer.ts';
import { readBounded } from '../read-bounded.ts';
import { usageOf } from './scripted.ts';

/**
 * When a request is asked and recorded.
 * @public
 */
export const CASSETTE_MODES = ['none', 'once', 'new', 'all'] as const;
/**
 * A word of {@link CASSETTE_MODES}.
 * @public
 */
export type CassetteMode = (typeof CASSETTE_MODES)[number];

/**
 * Which file, how it is used, and who is asked what is to be recorded; `none` asks nobody.
 * @public
 */
export type CassetteOptions = {
  readonly file: string;
  readonly mode?: CassetteMode;
  readonly inner?: Proposer;
};

type Recorded = { readonly request: JsonObject; readonly proposal: Proposal };

const FILE_BYTES_MAX = 256 * 1024 * 1024;
const SHOWN_CHARACTERS = 100;

/**
 * Opens a cassette. Requests that are recorded are written one after another, each as one whole line.
 *
 * @throws {EvolveError} `CASSETTE_INVALID` where the file cannot be read, a line is none of a cassette, or nobody is there to be recorded.
 *   From `propose`: `CASSETTE_MISS` with the seeds that were recorded where this is of none, else with the nearest request, and the next step.
 * @public
 */
export async function openCassette({ file, mode = 'none', inner }: CassetteOptions): Promise<Proposer> {
  const text = await readWhole(file);
  if (text === undefined && mode === 'none') {
    throw new EvolveError('CASSETTE_INVALID', `there is no cassette ${file}; expected a file that was recorded`);
  }
  const isRecording = mode === 'all' || mode === 'new' || (mode === 'once' && text === undefined);
  if (isRecording && inner === undefined) {
    throw new EvolveError(
      'CASSETTE_INVALID',
      `nobody is there to be recorded into ${file}; expected a backend, or mode none`,
    );
  }
  const whole = isRecording && text !== undefined ? await mendEnd(file, text) : (text ?? '');
  const recorded = new Map(readLines(whole, file));
  return {
    propose: async (request, signal) => {
      signal.throwIfAborted();
      const key = cassetteKey(request);
      const known = mode === 'all' ? undefined : recorded.get(key);
      if (known !== undefined) return known.proposal;
      if (!isRecording || inner === undefined) throw missed(request, { file, recorded });
      const proposal = await inner.propose(request, signal);
      recorded.set(key, { request: askedOf(request), proposal });
      await appendFile(file, `${JSON.stringify(lineOf(key, request, proposal))}\n`);
      return proposal;
    },
  };
}

/**
 * The digest of what is asked, whatever the order of its fields: 64 digits.
 * @public
 */
export function cassetteKey(request: ProposalRequest): string {
  return keyOf(askedOf(request));
}

function askedOf({ form, prompt, seed, temperature, maxTokens }: ProposalRequest): JsonObject {
  return { form, prompt, seed, temperature, max_tokens: maxTokens };
}

function keyOf(asked: JsonObject): string {
  return createHash('sha256').update(canonicalJson(asked)).digest('hex');
}

async function readWhole(file: string): Promise<string | undefined> {
  const read = await readBounded(file, FILE_BYTES_MAX);
  if (read.kind === 'read') return new TextDecoder().decode(read.bytes);
  if (read.kind === 'missing') return undefined;
  const why =
    read.kind === 'too_large'
      ? `is too large; expected at most ${FILE_BYTES_MAX} bytes`
      : 'cannot be read; expected a file';
  throw new EvolveError('CASSETTE_INVALID', `the cassette ${file} ${why}`);
}

/**
 * A process that was killed while it recorded leaves a line without an end, which nobody was answered with: it is taken off before
 * more is recorded. One that is whole is only ended.
 */
async function mendEnd(file: string, text: string): Promise<string> {
  const kept = text.slice(0, text.lastIndexOf('\n') + 1);
  if (kept === text) return text;
  if (isWhole(text.slice(kept.length))) {
    await appendFile(file, '\n');
    return text;
  }
  await truncate(file, Buffer.byteLength(kept));
  return kept;
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false; // Cut; what is wrong with it otherwise is said when it is read.
  }
}

function readLines(text: string, file: string): readonly (readonly [string, Recorded])[] {
  return text
    .split('\n')
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, number }) => readLine(line, `line ${number} of the cassette ${file}`));
}

function readLine(line: string, what: string): readonly [string, Recorded] {
  const { key, request, text, usage } = objectIn(line, what);
  if (!isJsonObject(request ?? null) || typeof text !== 'string') {
    throw new EvolveError('CASSETTE_INVALID', `${what} has no request or no text; expected {"request", "text"}`);
  }
  const asked = request as JsonObject; // Looked at above.
  const digest = keyOf(asked);
  if (key !== undefined && key !== digest) {
    throw new EvolveError(
      'CASSETTE_INVALID',
      `the key of ${what} is not that of its request, which is ${digest}; expected a line that nobody changed`,
    );
  }
  return [
    digest,
    { request: asked, proposal: { text, usage: usageOf(isJsonObject(usage ?? null) ? (usage as JsonObject) : {}) } },
  ]; // The same.
}

function objectIn(line: string, what: string): JsonObject {
  try {
    const value: unknown = JSON.parse(line);
    if (isJsonObject(value)) return value;
  } catch (cause) {
    throw new EvolveError('CASSETTE_INVALID', `${what} is not JSON; expected one object`, { cause });
  }
  throw new EvolveError('CASSETTE_INVALID', `${what} is no object; expected {"request", "text"}`);
}

function lineOf(key: string, request: ProposalRequest, { text, usage }: Proposal): JsonObject {
  const { inputTokens, outputTokens, costUsd } = usage;
  return {
    key,
    request: askedOf(request),
    text,
    usage: { input_tokens: inputTokens, output_tokens: outputTokens, cost_usd: costUsd },
  };
}

type Missed = { readonly file: string; readonly recorded: ReadonlyMap<string, Recorded> };

function missed(request: ProposalRequest, { file, recorded }: Missed): EvolveError {
  const asked = askedOf(request);
  const seeds = seedsOf(recorded);
  const [seed, first] = [runSeedOf(request.seed), seeds[0]];
  if (first === undefined || seeds.includes(seed)) {
    const what = `has no answer for request ${keyOf(asked).slice(0, SHOWN_DIGITS)}; ${nearestWords(asked, recorded)}`;
    return new EvolveError('CASSETTE_MISS', `the cassette ${file} ${what}; ${RECORD}`);
  }
  const more = seeds.length > SHOWN_SEEDS ? ` and ${seeds.length - SHOWN_SEEDS} more` : '';
  const known = `${seeds.length === 1 ? 'seed' : 'seeds'} ${seeds.slice(0, SHOWN_SEEDS).join(', ')}${more}`;
  const answers = recorded.size === 1 ? 'its 1 answer is' : `its ${recorded.size} answers are`;
  return new EvolveError(
    'CASSETTE_MISS',
    `the cassette ${file} has no answer for the seed ${seed} (${shown(request.seed)}): ${answers} of the ${known}; ask with --seed ${first}, or ${RECORD}`,
  );
}

const RECORD =
  'record = "new" in [llm] of the configuration, with inner = "..." or [[llm.backends]], records what is missing';
const SHOWN_SEEDS = 5;
const SHOWN_DIGITS = 12;

function nearestWords(asked: JsonObject, recorded: Missed['recorded']): string {
  const nearest = nearestTo(asked, recorded);
  if (nearest === undefined) return 'it has no request at all';
  const { key, request } = nearest;
  return `the nearest of its ${recorded.size} requests is ${key.slice(0, SHOWN_DIGITS)}, where ${differenceOf(asked, request)}`;
}

/** Seeds of the runs that were recorded, each once, in their order. */
function seedsOf(recorded: Missed['recorded']): readonly string[] {
  const seeds = [...recorded.values()].flatMap(({ request: { seed } }) => (typeof seed === 'string' ? [seed] : []));
  return [...new Set(seeds.map(runSeedOf))];
}

/** What is drawn in a run has a seed of its own, which begins with that of the run: `1/3/0/0`. */
function runSeedOf(seed: string): string {
  const [run = ''] = seed.split('/', 1);
  return /^\d{1,20}$/.test(run) ? run : shown(run);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
}

function nearestTo(
  asked: JsonObject,
  recorded: ReadonlyMap<string, Recorded>,
): { readonly key: string; readonly request: JsonObject } | undefined {
  const lines = new Set(linesOf(asked));
  const measured = [...recorded].map(([key, { request }]) => ({ key, request, shared: sharedLines(lines, request) }));
  return measured.toSorted((one, other) => other.shared - one.shared || (one.key < other.key ? -1 : 1))[0];
}

/** Of all lines of the two, those that both have. */
function sharedLines(lines: ReadonlySet<string>, request: JsonObject): number {
  const others = new Set(linesOf(request));
  const shared = [...others].filter((line) => lines.has(line)).length;
  return shared / Math.max(1, lines.size + others.size - shared);
}

/** The prompt by lines, and each other field as a line of its own. */
function linesOf({ prompt, ...rest }: JsonObject): readonly string[] {
  return [
    ...(typeof prompt === 'string' ? prompt.split('\n') : []),
    ...Object.entries(rest).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ];
}

function differenceOf(asked: JsonObject, recorded: JsonObject): string {
  const [here, there] = [linesOf(asked), linesOf(recorded)];
  const [ours, theirs] = [new Set(here), new Set(there)];
  const line = here.find((each) => !theirs.has(each)) ?? there.find((each) => !ours.has(each)) ?? '';
  return `${shown(line)} differs`;
}
