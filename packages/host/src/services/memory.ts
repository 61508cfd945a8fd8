/**
 * The memory of plugins (X004-6): what one of them wants to know again, for the tenant that it serves. A plugin has its own;
 * with the permission `memory.read:<plugin>` it reads another's of the same tenant, and never writes there.
 */
import {
  LIMITS,
  PLUGIN_NAME_PATTERN,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type MemoryArtifact,
} from '@bulkhead/protocol';
import { isoTime, type Clock } from '../base/clock.ts';
import { HostError } from '../base/host-error.ts';
import { answerInTime } from '../storage/answer-in-time.ts';
import type { MemoryOwner, MemoryPlace, MemoryStorage } from '../storage/memory-port.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import {
  given,
  invalid,
  numberOf,
  textOf,
  textsOf,
  type ServiceMethod,
  type Speaker,
  type ServiceRequest,
  type ServiceResult,
} from './desk.ts';
import { followRelations } from './memory-relations.ts';
import { summarizeMemory } from './memory-summary.ts';
import { searchTextOf, wordsOf } from './memory-words.ts';

/** What the service is made of. */
export type MemoryServiceOptions = {
  readonly storage: MemoryStorage;
  readonly clock: Clock;
  readonly newId: (wallTime: number) => string;
  /** Told of what was stored, but of nothing that a trial stores; it must not throw. */
  readonly didStore?: (request: ServiceRequest, artifact: MemoryArtifact) => void;
};

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
const id = { type: 'string', pattern: UUID };
const word = { type: 'string', minLength: 1, maxLength: LIMITS.memory_word_characters.value };
const tags = { type: 'array', maxItems: LIMITS.memory_tags.value, items: word };
const confidence = { type: 'number', minimum: 0, maximum: 1 };
const limit = { type: 'integer', minimum: 1, maximum: LIMITS.memory_answer_artifacts.value };
const plugin = { type: 'string', pattern: PLUGIN_NAME_PATTERN };
const moment = { type: 'string', pattern: '^[1-9]\\d{3}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' };
const place = takes({ timestamp: moment, id }, ['timestamp', 'id']);
const related = { type: 'array', maxItems: LIMITS.memory_related.value, items: id };

const LIMIT_DEFAULT = 10;
const DEPTH_DEFAULT = 2;
/** How many may be stored between two looks whether there are too many. */
const LOOK_EVERY = 100;
const ROWS_MAX = LIMITS.memory_artifacts.value;
const ROWS_KEPT = Math.floor(ROWS_MAX * 0.9);

/** Makes the methods of `context.memory`. */
export function createMemoryService(options: MemoryServiceOptions): Readonly<Record<string, ServiceMethod>> {
  const trialOf = createTrialMemories();
  const memory: Memory = {
    ...options,
    storageOf: ({ speaker }) => (speaker.isTrial ? trialOf(speaker) : options.storage),
  };
  return { ...writeMethods(memory), ...findMethods(memory), ...relationMethods(memory) };
}

/** A trial's memory goes with its instance, of which the speaker is a part. */
function createTrialMemories(): (speaker: Speaker) => MemoryStorage {
  const memories = new WeakMap<Speaker, MemoryStorage>();
  return (speaker) => {
    const memory = memories.get(speaker) ?? createMemoryStorage();
    memories.set(speaker, memory);
    return memory;
  };
}

type Memory = Omit<MemoryServiceOptions, 'storage'> & {
  readonly storageOf: (request: ServiceRequest) => MemoryStorage;
};

function writeMethods(memory: Memory): Readonly<Record<string, ServiceMethod>> {
  const trim = createTrimmer();

  async function store(request: ServiceRequest): Promise<ServiceResult> {
    const content = request.args['content'] ?? null;
    const bytes = Buffer.byteLength(JSON.stringify(content));
    if (bytes > LIMITS.memory_content_bytes.value) return tooLarge(bytes);
    const artifact = artifactOf(memory, request, content);
    const [storage, owner] = [memory.storageOf(request), ownerOf(request)];
    await inTime(storage.addMemory(owner, { ...artifact, search_text: searchTextOf(artifact) }));
    await trim(storage, owner);
    if (!request.speaker.isTrial) memory.didStore?.(request, artifact);
    return given({ id: artifact.id });
  }

  async function remove(request: ServiceRequest): Promise<ServiceResult> {
    const removal = memory.storageOf(request).removeMemory(ownerOf(request), textOf(request.args, 'id') ?? '');
    return given({ removed: await inTime(removal) });
  }

  const facts = { source: word, tags, confidence, related_artifacts: related };
  return {
    store: { takes: takes({ content: {}, ...facts }, ['content']), run: store },
    remove: { takes: takes({ id }, ['id']), run: remove },
  };
}

function artifactOf(
  { clock, newId }: Memory,
  { args, plugin: own }: ServiceRequest,
  content: JsonValue,
): MemoryArtifact {
  const at = clock.wallTime();
  return {
    id: newId(at),
    content,
    source: textOf(args, 'source') ?? own,
    timestamp: isoTime(at),
    tags: textsOf(args, 'tags'),
    confidence: numberOf(args, 'confidence') ?? 1,
    related_artifacts: textsOf(args, 'related_artifacts'),
  };
}

/** Looks at the first that is stored after a start, and at every hundredth from there on. */
function createTrimmer(): (storage: MemoryStorage, owner: MemoryOwner) => Promise<void> {
  const storedSince = new Map<string, number>();
  return async (storage, owner) => {
    const key = `${owner.tenant_id}\0${owner.plugin_name}`;
    const count = storedSince.get(key) ?? 0;
    storedSince.set(key, (count + 1) % LOOK_EVERY);
    if (count === 0) await inTime(storage.trimMemory(owner, { rowsMax: ROWS_MAX, rowsKept: ROWS_KEPT }));
  };
}

function findMethods(memory: Memory): Readonly<Record<string, ServiceMethod>> {
  async function query(request: ServiceRequest): Promise<ServiceResult> {
    const { args } = request;
    const source = textOf(args, 'source');
    const before = placeOf(args['before']);
    if (before === 'none') return invalid(NO_MOMENT);
    const wanted = {
      words: wordsOf(textOf(args, 'text') ?? ''),
      tags: textsOf(args, 'tags'),
      ...(source !== undefined && { source }),
      ...(before !== undefined && { before }),
      minConfidence: numberOf(args, 'min_confidence') ?? 0,
      rowsMax: numberOf(args, 'limit') ?? LIMIT_DEFAULT,
    };
    const found = await inTime(memory.storageOf(request).queryMemory(ownerOf(request), wanted));
    return given({ artifacts: toJson(found) });
  }

  async function get(request: ServiceRequest): Promise<ServiceResult> {
    const found = await read(memory, request, [textOf(request.args, 'id') ?? '']);
    return given({ artifact: toJson(found)[0] ?? null });
  }

  const text = { type: 'string', maxLength: LIMITS.memory_query_characters.value };
  const wanted = { text, tags, source: word, min_confidence: confidence, before: place, limit, plugin };
  return {
    query: { takes: takes(wanted), needs: readPermission, run: query },
    get: { takes: takes({ id, plugin }, ['id']), needs: readPermission, run: get },
  };
}

const NO_MOMENT = 'memory.query: before.timestamp is no moment of the calendar';

/** Reads a place that the schema has judged, whose moment need not be one: no database is asked for the 45th of May. */
function placeOf(value: JsonValue | undefined): MemoryPlace | 'none' | undefined {
  if (!isJsonObject(value)) return undefined;
  const at = Date.parse(textOf(value, 'timestamp') ?? '');
  return Number.isNaN(at) ? 'none' : { timestamp: isoTime(at), id: textOf(value, 'id') ?? '' };
}

function relationMethods(memory: Memory): Readonly<Record<string, ServiceMethod>> {
  async function follow(request: ServiceRequest): Promise<ServiceResult> {
    const found = await followRelations((ids) => read(memory, request, ids), {
      from: textOf(request.args, 'id') ?? '',
      depthMax: numberOf(request.args, 'max_depth') ?? DEPTH_DEFAULT,
      artifactsMax: numberOf(request.args, 'limit') ?? LIMITS.memory_answer_artifacts.value,
    });
    return given({ artifacts: toJson(found) });
  }

  async function summarize(request: ServiceRequest): Promise<ServiceResult> {
    return given(toSummary(await read(memory, request, textsOf(request.args, 'ids'))));
  }

  const depth = { type: 'integer', minimum: 1, maximum: LIMITS.memory_depth.value };
  return {
    related: { takes: takes({ id, limit, plugin, max_depth: depth }, ['id']), needs: readPermission, run: follow },
    summarize: {
      takes: takes({ ids: { ...related, maxItems: LIMITS.memory_answer_artifacts.value }, plugin }, ['ids']),
      needs: readPermission,
      run: summarize,
    },
  };
}

function read(memory: Memory, request: ServiceRequest, ids: readonly string[]): Promise<readonly MemoryArtifact[]> {
  return inTime(memory.storageOf(request).readMemory(ownerOf(request), ids));
}

function takes(properties: JsonObject, required: readonly string[] = []): JsonObject {
  return { type: 'object', properties, required: [...required], additionalProperties: false };
}

/** Whose memory is meant: the plugin's own, unless it names another. */
function ownerOf({ tenant, plugin: own, args }: ServiceRequest): MemoryOwner {
  return { tenant_id: tenant, plugin_name: textOf(args, 'plugin') ?? own };
}

function readPermission({ plugin: own, args }: ServiceRequest): string | undefined {
  const wanted = textOf(args, 'plugin') ?? own;
  return wanted === own ? undefined : `memory.read:${wanted}`;
}

async function inTime<Value>(asked: Promise<Value>): Promise<Value> {
  const answered = await answerInTime(asked, LIMITS.storage_answer_ms.value);
  if (!answered.ok) throw new HostError('STORAGE_UNAVAILABLE');
  return answered.value;
}

function tooLarge(observed: number): ServiceResult {
  const allowed = LIMITS.memory_content_bytes.value;
  return invalid(`memory.store: content has ${observed} bytes of JSON; at most ${allowed} are kept`);
}

function toSummary(artifacts: readonly MemoryArtifact[]): JsonValue {
  const { sources, tags: words, ...summary } = summarizeMemory(artifacts);
  return { ...summary, sources: [...sources], tags: [...words] };
}

function toJson(artifacts: readonly MemoryArtifact[]): JsonValue[] {
  return artifacts.map((artifact): JsonValue => ({
    ...artifact,
    tags: [...artifact.tags],
    related_artifacts: [...artifact.related_artifacts],
  }));
}
