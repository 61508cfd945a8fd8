import { describe, expect, test } from 'vitest';
import { readEarlyCall } from './early-call.ts';
import { createKnownEnvelopes } from './known-envelopes.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
};
const ACCEPT = { accept: 'application/json, text/event-stream' };
const FIRST = { ...ACCEPT, 'mcp-protocol-version': '2025-11-25' };
const SECOND = { ...ACCEPT, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'add' };
const PARAMS = { name: 'add', arguments: { a: 1 } };

function bodyOf(params: object, more: object = {}): object {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params, ...more };
}

function readAlone(headers: Readonly<Record<string, string>>, body: object, method = 'POST') {
  const envelopes = createKnownEnvelopes();
  envelopes.add(META);
  return readEarlyCall({ method, headers, body }, { session: undefined, envelopes });
}

test('a call by itself is taken, in each revision with sessions and where it names none', () => {
  for (const headers of [FIRST, ACCEPT, { ...ACCEPT, 'mcp-protocol-version': '2025-03-26' }])
    expect(readAlone(headers, bodyOf(PARAMS))).toMatchObject({
      ...{ id: 1, name: 'add', params: { a: 1 }, form: { kind: 'alone' } },
      options: { can: [], hearsProgress: false, hearsLines: false },
    });
});

test('a call of the revision without sessions is taken, and is heard as it says', () => {
  expect(readAlone(SECOND, bodyOf({ ...PARAMS, _meta: META }))).toMatchObject({
    form: { kind: 'without_sessions' },
    options: { can: ['elicit'], isAskedByAnswer: true, hearsProgress: false, hearsLines: false },
  });
  expect(readAlone(SECOND, bodyOf({ ...PARAMS, _meta: { ...META, progressToken: 7 } }))).toMatchObject({
    options: { hearsProgress: true },
  });
});

test('arguments may be left out', () => {
  expect(readAlone(FIRST, bodyOf({ name: 'add' }))).toMatchObject({ params: {} });
});

const modern = (meta: object): object => bodyOf({ ...PARAMS, _meta: { ...META, ...meta } });
const LEFT: readonly (readonly [what: string, headers: Readonly<Record<string, string>>, body: object])[] = [
  ['another method', FIRST, bodyOf(PARAMS, { method: 'tools/list' })],
  ['a notification', FIRST, { jsonrpc: '2.0', method: 'tools/call', params: PARAMS }],
  ['another JSON-RPC', FIRST, bodyOf(PARAMS, { jsonrpc: '1.0' })],
  ['a member too many', FIRST, bodyOf(PARAMS, { extra: 1 })],
  ['a batch', FIRST, [bodyOf(PARAMS)]],
  ['an id that is none', FIRST, bodyOf(PARAMS, { id: 1.5 })],
  ['an id that is null', FIRST, bodyOf(PARAMS, { id: null })],
  ['no name', FIRST, bodyOf({ arguments: {} })],
  ['a name that is no text', FIRST, bodyOf({ name: 7 })],
  ['arguments that are a list', FIRST, bodyOf({ name: 'add', arguments: [] })],
  [
    'an argument that would reach a prototype',
    FIRST,
    JSON.parse(JSON.stringify(bodyOf({ name: 'add', arguments: { $: 1 } })).replace('$', '__proto__')),
  ],
  ['a parameter that is not looked at here', FIRST, bodyOf({ ...PARAMS, task: {} })],
  ['answers to what was asked', SECOND, bodyOf({ ...PARAMS, _meta: META, requestState: 'state' })],
  ['progress that is wanted by itself', FIRST, bodyOf({ ...PARAMS, _meta: { progressToken: 1 } })],
  ['an envelope that is empty', FIRST, bodyOf({ ...PARAMS, _meta: {} })],
  ['a revision that there is not', { ...FIRST, 'mcp-protocol-version': '1999-01-01' }, bodyOf(PARAMS)],
  ['a client that takes no events', { ...FIRST, accept: 'application/json' }, bodyOf(PARAMS)],
  [
    'an envelope that was not judged',
    SECOND,
    modern({ 'io.modelcontextprotocol/clientInfo': { name: 'other', version: '1' } }),
  ],
  ['a progress token that is none', SECOND, modern({ progressToken: {} })],
  ['another revision in the envelope', SECOND, modern({ 'io.modelcontextprotocol/protocolVersion': '2025-11-25' })],
  ['another name in the head', { ...SECOND, 'mcp-name': 'sub' }, modern({})],
  ['no name in the head', { ...ACCEPT, 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' }, modern({})],
  ['another method in the head', { ...SECOND, 'mcp-method': 'tools/list' }, modern({})],
  ['an envelope without its revision in the head', ACCEPT, modern({})],
];

describe('what is left to the library', () => {
  test.each(LEFT)('%s', (_what, headers, body) => {
    expect(readAlone(headers, body)).toBeUndefined();
  });

  test('another method of HTTP', () => {
    expect(readAlone(FIRST, bodyOf(PARAMS), 'DELETE')).toBeUndefined();
  });

  test('an envelope that is too long to be kept', () => {
    const envelopes = createKnownEnvelopes();
    const envelope = { ...META, long: 'x'.repeat(5_000) };
    envelopes.add(envelope);
    expect(envelopes.has(envelope)).toBe(false);
  });
});
