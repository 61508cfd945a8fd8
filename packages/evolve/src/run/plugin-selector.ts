/**
 * A selector that is a plugin, asked in its sandbox (F000-21, F000-22). It sees copies of the best programs; what it answers is hostile:
 * only the id of a program that it was shown is taken, never what it says of it.
 */
import type { Host } from '@bulkhead/host';
import { isJsonObject, type JsonObject, type JsonValue } from '@bulkhead/protocol';
import { EvolveError } from '../evolve-error.ts';
import type { ChoiceRequest, ParentChoice, ParentChooser } from '../loop/parent-chooser.ts';
import type { Program } from '../search/archive/program.ts';
import type { Member } from '../search/population/program-view.ts';

/**
 * The host that the plugin is installed on, and its selector.
 *
 * @public
 */
export type PluginSelectorOptions = {
  readonly host: Pick<Host, 'callEntry'>;
  readonly plugin: string;
  readonly name: string;
  readonly tenant?: string;
};

/** Programs that a plugin is shown, and characters of all their sources: a message has a bound. */
const SHOWN_MAX = 100;
const SHOWN_CHARACTERS_MAX = 400_000;
/** Milliseconds of a program without a fitness above 0. */
const SLOWEST_MS = 1e9;

/**
 * Makes it.
 *
 * @remarks Selectors choose the program of the least `speed_ms`, which here is what ranks programs, turned round: the higher the score,
 *   the lower it is. `bucket` is the place in the archive's descriptors.
 * @see X000-22, X000-24.
 * @public
 */
export function createPluginSelector({ host, plugin, name, tenant }: PluginSelectorOptions): ParentChooser {
  const ask = async (method: string, args: readonly unknown[], signal: AbortSignal): Promise<JsonValue> => {
    const outcome = await host.callEntry({ plugin, group: 'parent_selectors', name, method, args, tenant, signal });
    signal.throwIfAborted();
    if (outcome.ok) return outcome.value;
    throw failed(`${plugin}/${name}`, `${method} ended with ${outcome.error.code}: ${outcome.error.message}`);
  };
  return {
    choose: async (request, signal) => {
      const shown = shownOf(request);
      const db = databaseOf(shown);
      const answer = await ask('select', [db], signal);
      const parent = shown.find(({ id }) => isJsonObject(answer) && id === answer['id']);
      if (parent === undefined)
        throw failed(`${plugin}/${name}`, `select answered ${clipped(answer)}; expected a program of the database`);
      const inspirations = await ask('sampleInspirations', [db, request.inspirations], signal);
      return { parent: parent.id, inspirations: inspirationsIn(inspirations, { shown, request, parent }) };
    },
    feedback: async (gain, _parentId, signal) => void (await ask('feedback', [gain], signal)),
  };
}

function shownOf({ view: { ranked } }: ChoiceRequest): readonly Member<Program>[] {
  let characters = 0;
  return ranked.slice(0, SHOWN_MAX).filter(({ length }, at) => {
    characters += length;
    return at === 0 || characters <= SHOWN_CHARACTERS_MAX;
  });
}

function databaseOf(shown: readonly Member<Program>[]): JsonObject {
  const generation = Math.max(...shown.map(({ program }) => program.generation));
  const islands = shown.map(({ program, score, measures }) => ({
    bucket: [...measures],
    history: [],
    champion: {
      ...{ id: program.id, source: program.source, generation: program.generation, parents: [...program.parents] },
      speed_ms: score > 0 ? Math.min(SLOWEST_MS, 1 / score - 1) : SLOWEST_MS * (1 - score),
      memory_kb: program.measures['memory_kb'] ?? 0,
    },
  }));
  return { generation, islands };
}

type Sampled = {
  readonly shown: readonly Member<Program>[];
  readonly request: ChoiceRequest;
  readonly parent: Member<Program>;
};

/** Sources of programs that it was shown; what is none of them is left out, and no more than were asked for are taken. */
function inspirationsIn(answer: JsonValue, { shown, request, parent }: Sampled): ParentChoice['inspirations'] {
  const sources = Array.isArray(answer) ? answer.slice(0, SHOWN_MAX) : [];
  const found = sources.flatMap((source) => shown.find(({ program }) => program.source === source)?.id ?? []);
  return [...new Set(found)].filter((id) => id !== parent.id).slice(0, request.inspirations);
}

function clipped(value: JsonValue): string {
  return JSON.stringify(value).slice(0, 80);
}

function failed(who: string, what: string): EvolveError {
  return new EvolveError('SELECTOR_FAILED', `the selector ${who} does not choose: ${what}`);
}
