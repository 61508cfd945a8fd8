/**
 * Words and bytes that others rely on, as literals: kinds and exit codes, frames on the channel, messages, artifacts.
 */
import {
  BREAKER_STATES,
  ENTRY_POINT_GROUPS,
  HEALTH_WORDS,
  HOOK_NAMES,
  HOST_CAPABILITIES,
  LIFECYCLE_STATES,
  OUTCOME_KINDS,
  PROTOCOL_VERSION,
  TIERS,
  callError,
  createFrameDecoder,
  encodeJsonFrame,
  encodeRawFrame,
  exitCodeOf,
  parseManifest,
  type CallReport,
} from '@bulkhead/protocol';
import { join } from 'node:path';
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createHost } from '@bulkhead/host';
import { digestOf, encodeArtifact } from '../../packages/host/src/artifact/artifact.ts';
import { fixtureFolder } from '../chaos/matrix/hostile-folders.ts';
import { openScratch } from '../support/scratch.ts';

test('outcome kinds keep their order, which exit codes count from', () => {
  expect(OUTCOME_KINDS).toEqual([
    'tool_error',
    'invalid_input',
    'invalid_output',
    'output_too_large',
    'denied',
    'over_quota',
    'overloaded',
    'timeout',
    'out_of_memory',
    'crashed',
    'cancelled',
    'protocol_violation',
    'breaker_open',
    'unavailable',
    'disabled',
    'not_found',
    'host_restart',
  ]);
});

test.each([
  ['PLUGIN_THREW', 10],
  ['PARAMS_INVALID', 11],
  ['RESULT_INVALID', 12],
  ['RESULT_TOO_LARGE', 13],
  ['SCOPE_MISSING', 14],
  ['TENANT_QUOTA_EXCEEDED', 15],
  ['HOST_OVERLOADED', 16],
  ['CALL_TIMEOUT', 17],
  ['GUEST_OUT_OF_MEMORY', 18],
  ['GUEST_CRASHED', 19],
  ['CALL_CANCELLED', 20],
  ['FRAME_MALFORMED', 21],
  ['BREAKER_OPEN', 22],
  ['PLUGIN_UNAVAILABLE', 23],
  ['PLUGIN_DISABLED', 24],
  ['PLUGIN_NOT_FOUND', 25],
  ['HOST_CLOSED', 26],
] as const)('a call that ends with %s exits with %i', (code, exitCode) => {
  const call = {} as CallReport; // Not read.
  expect(exitCodeOf({ ok: false, error: callError(code), call })).toBe(exitCode);
});

test('a good call exits with 0', () => {
  expect(exitCodeOf({ ok: true, value: null, call: {} as CallReport })).toBe(0); // Not read.
});

test('the words of the other axes are these, in this order', () => {
  expect({ LIFECYCLE_STATES, HEALTH_WORDS, BREAKER_STATES, TIERS, HOOK_NAMES, ENTRY_POINT_GROUPS }).toEqual({
    LIFECYCLE_STATES: ['LOADED', 'INITIALIZED', 'RUNNING', 'FAILED', 'UNAVAILABLE'],
    HEALTH_WORDS: ['healthy', 'warning', 'error', 'disabled', 'unknown'],
    BREAKER_STATES: ['closed', 'open', 'half_open'],
    TIERS: ['process', 'uid', 'confined', 'jail'],
    HOOK_NAMES: [
      'before_agent_run',
      'after_agent_run',
      'before_tool_call',
      'after_tool_call',
      'on_error',
      'on_reasoning_step',
    ],
    ENTRY_POINT_GROUPS: ['tools', 'task_handlers', 'llm_backends', 'parent_selectors', 'executors', 'monitors'],
  });
  expect(HOST_CAPABILITIES).toEqual([
    'internet',
    'temp_dir',
    'secrets',
    'llm',
    'events',
    'threads',
    'children',
    'gate',
    'memory.read:<plugin>',
    'call:<plugin>',
  ]);
});

test('a frame is a length of four bytes, a kind of one, and its payload', () => {
  expect(PROTOCOL_VERSION).toBe(1);
  expect(encodeJsonFrame('{"é":1}').toString('hex')).toBe('00000008017b22c3a9223a317d');
  expect(encodeRawFrame(Buffer.from([0xca, 0xfe])).toString('hex')).toBe('0000000202cafe');
});

test('a frame is read as it is written, byte by byte', () => {
  const seen: [number, string][] = [];
  const decoder = createFrameDecoder({
    payloadBytesMax: 64,
    onFrame: (kind, payload) => void seen.push([kind, payload.toString('hex')]),
  });
  for (const byte of Buffer.from('000000020162310000000102ff', 'hex')) decoder.push(Buffer.from([byte]));
  expect(seen).toEqual([
    [1, '6231'],
    [2, 'ff'],
  ]);
});

test('an artifact’s bytes, and so the name of every release, are these', () => {
  const parsed = parseManifest({ version: '1.0.0', name: 'pinned', description: 'x', author: 'y' });
  if (!parsed.ok) throw new Error('the manifest is valid');
  const bytes = encodeArtifact({ manifest: parsed.manifest, module: Buffer.from('export {};\n') });
  expect(Buffer.from(bytes).toString()).toBe(
    'bulkhead-artifact 1\n66 11\n{"author":"y","description":"x","name":"pinned","version":"1.0.0"}export {};\n',
  );
  expect(digestOf(bytes)).toBe('9d2d251746d4e25750d50ae7c6f569b5a72616936c76c419502bf4e101703579');
});

test('artifacts lie on disk by the first two digits of their digest, below the version of their form', async () => {
  await using scratch = await openScratch('layout');
  await using host = await createHost({ dataDir: scratch.path, spareCount: 0 });
  const { digest = '' } = await host.install(fixtureFolder('good-neighbour'));
  const entries = await readdir(scratch.path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files.map((path) => path.slice(scratch.path.length)).toSorted()).toEqual([
    `/artifacts/v1/${digest.slice(0, 2)}/${digest}.artifact`,
    `/artifacts/v1/${digest.slice(0, 2)}/${digest}.map`,
    '/holder.json',
    '/holder.sqlite',
    '/node',
  ]);
});
