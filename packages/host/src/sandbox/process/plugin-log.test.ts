import { LIMITS, type JsonObject } from '@bulkhead/protocol';
import { expect, test } from 'vitest';
import type { Log } from '../../base/log.ts';
import { createPluginLog, type GuestLogLine, type SaidLine } from './plugin-log.ts';

const MAX = LIMITS.log_lines_per_second.value;

function openLog(): {
  readonly take: (line: GuestLogLine) => void;
  readonly said: readonly SaidLine[];
  readonly records: (readonly [string, object, string])[];
  readonly pass: (ms: number) => void;
} {
  let now = 0;
  const records: (readonly [string, object, string])[] = [];
  const note = (level: string) => (fields: object, message: string) => void records.push([level, fields, message]);
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  const source = { plugin: 'p', tenant: 't', instance_id: 'i' };
  const hidePaths = (text: string): string => text.replaceAll('/srv/run', 'run');
  const said: SaidLine[] = [];
  const onLine = (line: SaidLine): void => void said.push(line);
  const take = createPluginLog({ log, clock: { now: () => now, wallTime: () => 0 }, source, hidePaths, onLine });
  return { take, said, records, pass: (ms) => void (now += ms) };
}

const line = (message: string, fields?: JsonObject): GuestLogLine =>
  fields === undefined ? { t: 'log', level: 'info', message } : { t: 'log', level: 'info', message, fields };

test('[FAULTS-37] who logs is said by the host, whatever the plugin’s fields say', () => {
  const { take, records } = openLog();
  take(line('hello', { tenant: 'other', plugin: 'other', level: 'fatal' }));
  const fields = { tenant: 'other', plugin: 'other', level: 'fatal' };
  expect(records).toEqual([['info', { plugin: 'p', tenant: 't', instance_id: 'i', fields }, 'hello']]);
});

test('[FAULTS-37] a message is one line without control characters and paths of the server, and so is every field', () => {
  const { take, records } = openLog();
  const forged = '\u001b[2Jok\n{"level":50,"tenant":"other"}\u202e /srv/run/x';
  take(line(forged, { [`${forged}key`]: [forged, { a: forged }], n: 1, b: null }));
  const clean = 'ok {"level":50,"tenant":"other"} run/x';
  expect(records[0]?.[2]).toBe(clean);
  expect(records[0]?.[1]).toMatchObject({ fields: { [`${clean}key`]: [clean, { a: clean }], n: 1, b: null } });
});

test('fields that are too many or too deep are left out, and the line says so', () => {
  const { take, records } = openLog();
  take(line('many', Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, n]))));
  take(line('deep', { a: { b: { c: { d: {} } } } }));
  expect(records.map(([, fields]) => fields)).toMatchObject([
    { fields: { left_out: 'fields that are too many keys' } },
    { fields: { left_out: 'fields that are too deep' } },
  ]);
});

test('lines beyond those of a second are left out, and the next second says how many', () => {
  const { take, said, records, pass } = openLog();
  for (let n = 0; n < MAX + 7; n += 1) take(line(`${n}`));
  expect(records).toHaveLength(MAX);
  pass(1_000);
  take(line('next'));
  expect(records.slice(MAX)).toEqual([
    ['warn', { plugin: 'p', tenant: 't', instance_id: 'i', left_out: 7 }, 'lines of the plugin were left out'],
    ['info', { plugin: 'p', tenant: 't', instance_id: 'i' }, 'next'],
  ]);
  expect(said.slice(MAX)).toEqual([
    { level: 'warn', text: '(7 lines were left out here)', fields: undefined },
    { level: 'info', text: 'next', fields: undefined },
  ]);
});
