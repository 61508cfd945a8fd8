/**
 * `context.run` (ADR 47): with the permission `children`, a plugin has one command run in a sandbox or container of its own, within the
 * time of the call that asks. Nothing of what it says is read by a shell; what the command may see and do is the sandbox's to hold.
 */
import { LIMITS, callError, type JsonObject } from '@bulkhead/protocol';
import type { Clock } from '../base/clock.ts';
import { COMMAND_PATTERN, FILE_NAME_PATTERN, type CommandFile } from '../commands/command-folder.ts';
import type { CommandRequest, Commands } from '../commands/commands.ts';
import { IMAGE_PATTERN } from '../commands/docker-daemon.ts';
import {
  given,
  invalid,
  numberOf,
  refused,
  textOf,
  textsOf,
  type LastingService,
  type ServiceRequest,
  type ServiceResult,
  type Speaker,
} from './desk.ts';

/** Makes the method behind `context.run`. */
export function createCommandService({ commands, clock }: CommandServiceParts): LastingService {
  const instances = new WeakMap<Speaker, AbortController>();

  function instanceOf(speaker: Speaker): AbortController {
    const known = instances.get(speaker) ?? new AbortController();
    instances.set(speaker, known);
    return known;
  }

  async function run(request: ServiceRequest): Promise<ServiceResult> {
    if (request.speaker.isTrial) return invalid(TRIAL);
    const files = filesOf(request.args);
    const wrong = judge(request.args, files);
    if (wrong !== undefined) return refused(callError('SERVICE_ASK_INVALID', { message: `commands.run: ${wrong}` }));
    const asked = requestOf(request, { files, now: clock.now(), instance: instanceOf(request.speaker).signal });
    return given(await commands.run(asked));
  }

  return {
    methods: { run: { takes: TAKES, needs: () => 'children', run } },
    didLeave: (speaker) => instances.get(speaker)?.abort(),
  };
}

type CommandServiceParts = { readonly commands: Pick<Commands, 'run'>; readonly clock: Clock };

const TRIAL = 'a trial runs no command: let the plugin load without one, and run it in a call';
/** The profile `execute` (CONTRACTS decision 3). */
const DEFAULTS = { timeoutMs: 60_000, memoryMb: 1_024, pids: 128, outputBytes: 64 * 1024 };

const upTo = (limit: { readonly value: number }): JsonObject => ({ type: 'integer', minimum: 1, maximum: limit.value });
const text: JsonObject = { type: 'string' };
const name: JsonObject = {
  type: 'string',
  maxLength: LIMITS.command_path_characters.value,
  pattern: FILE_NAME_PATTERN,
};

const TAKES: JsonObject = {
  type: 'object',
  properties: {
    command: { type: 'string', maxLength: LIMITS.command_path_characters.value, pattern: COMMAND_PATTERN },
    args: {
      type: 'array',
      maxItems: LIMITS.command_args.value,
      items: { type: 'string', pattern: String.raw`^[^\u0000]*$` },
    },
    files: {
      type: 'array',
      maxItems: LIMITS.command_files.value,
      items: {
        type: 'object',
        properties: { name, text, base64: text },
        required: ['name'],
        additionalProperties: false,
        minProperties: 2,
        maxProperties: 2,
      },
    },
    stdin: text,
    image: { type: 'string', pattern: IMAGE_PATTERN },
    collect: { type: 'array', maxItems: LIMITS.command_files.value, items: name },
    timeout_ms: upTo(LIMITS.command_timeout_ms),
    memory_mb: upTo(LIMITS.command_memory_mb),
    pids: upTo(LIMITS.command_pids),
    output_bytes: upTo(LIMITS.command_output_bytes),
    repeats: upTo(LIMITS.command_repeats),
  },
  required: ['command'],
  additionalProperties: false,
};

/** The schema has judged their form. */
function filesOf({ files }: JsonObject): readonly CommandFile[] {
  const listed = (files ?? []) as readonly Readonly<Record<string, string>>[]; // As the schema has it.
  return listed.map(({ name: path = '', text: plain, base64 = '' }) => ({
    name: path,
    bytes: plain === undefined ? Buffer.from(base64, 'base64') : Buffer.from(plain),
  }));
}

/** Says which bound of bytes is passed; undefined where none is. */
function judge(args: JsonObject, files: readonly CommandFile[]): string | undefined {
  const sums = [
    {
      what: 'args',
      limit: LIMITS.command_args_bytes,
      bytes: sumOf(argumentsOf(args).map((arg) => Buffer.byteLength(arg))),
    },
    { what: 'files', limit: LIMITS.command_files_bytes, bytes: sumOf(files.map(({ bytes }) => bytes.length)) },
    { what: 'stdin', limit: LIMITS.command_stdin_bytes, bytes: Buffer.byteLength(textOf(args, 'stdin') ?? '') },
  ];
  const over = sums.find(({ limit, bytes }) => bytes > limit.value);
  return over && `${over.what} has ${over.bytes} bytes; expected at most ${over.limit.value}`;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** In their order, and as often as they are there. */
function argumentsOf({ args }: JsonObject): readonly string[] {
  return (args ?? []) as readonly string[]; // As the schema has it.
}

type About = { readonly files: readonly CommandFile[]; readonly now: number; readonly instance: AbortSignal };

function requestOf({ tenant, args, call }: ServiceRequest, { files, now, instance }: About): CommandRequest {
  const timeoutMs = numberOf(args, 'timeout_ms') ?? DEFAULTS.timeoutMs;
  const repeats = numberOf(args, 'repeats') ?? 1;
  return {
    tenant,
    command: textOf(args, 'command') ?? '',
    image: textOf(args, 'image'),
    args: argumentsOf(args),
    files,
    stdin: textOf(args, 'stdin') ?? '',
    collect: textsOf(args, 'collect'),
    timeoutMs,
    memoryMb: numberOf(args, 'memory_mb') ?? DEFAULTS.memoryMb,
    pids: numberOf(args, 'pids') ?? DEFAULTS.pids,
    outputBytes: numberOf(args, 'output_bytes') ?? DEFAULTS.outputBytes,
    repeats,
    // Outside of a call, such as in a thread, it has the time of its runs and as much again for its turn.
    deadline: call?.deadline ?? now + 2 * timeoutMs * repeats,
    signal: call?.signal === undefined ? instance : AbortSignal.any([call.signal, instance]),
  };
}
