/**
 * For tests of the broker: hosts of an internet on this machine, an errand that may reach two of them, and a secret for one.
 */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { Broker, EgressAnswer, EgressRequest, Errand } from './broker.ts';
import { openInternet, PUBLIC, type FakeInternet, type Received } from './internet.fixture.ts';
import type { GrantedSecret } from './secrets.ts';

/** A host that errands may reach. */
export const API = 'api.example.com';
/** Another. */
export const OTHER = 'other.example.com';
/** Is there, and not allowed. */
export const EVIL = 'evil.example.net';
/** What the secret is, and what a plugin holds in its place. */
export const VALUE = 'sk-live/7+f9?';
/** {@link VALUE}'s. */
export const PLACEHOLDER = `bulkhead_secret_${'0'.repeat(39)}`;

/** For {@link API}, in headers. */
export const SECRET: GrantedSecret = {
  name: 'API_KEY',
  placeholder: PLACEHOLDER,
  hosts: [`${API}:443`],
  in: ['header'],
  read: async () => VALUE,
};

/** What the tests of a file share. */
export type Errands = {
  readonly net: () => FakeInternet;
  readonly send: (request?: Partial<EgressRequest>, errand?: Errand, by?: Broker) => Promise<EgressAnswer>;
  /** The request that came last to any host. */
  readonly last: () => Received | undefined;
};

/** Opens the internet before a file's tests; before each, every host answers `ok` from a public address. */
export function useInternet(): Errands {
  let opened: FakeInternet | undefined;
  const net = (): FakeInternet => {
    if (opened === undefined) throw new Error('the internet opens before the first test');
    return opened;
  };
  beforeAll(async () => {
    opened = await openInternet([API, OTHER, EVIL]);
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  beforeEach(() => {
    for (const host of [API, OTHER, EVIL]) {
      net().name(host, [PUBLIC]);
      net().serve(host, (_request, response) => response.end('ok'));
    }
  });
  const plain = { url: `https://${API}/`, method: 'GET', headers: [], body: undefined, redirect: 'follow' } as const;
  return {
    net,
    send: (request, errand = errandOf(), by = net().broker()) => by.send({ ...plain, ...request }, errand),
    last: () => net().received.at(-1),
  };
}

/** May reach the first two hosts. */
export function errandOf(changes: Partial<Errand> = {}): Errand {
  return {
    rules: { allow: [`${API}:443`, `${OTHER}:443`], privateHosts: [] },
    secrets: [SECRET],
    signal: new AbortController().signal,
    didMove: () => undefined,
    ...changes,
  };
}

/** Reads an answer to its end. */
export async function textOf({ body }: Pick<EgressAnswer, 'body'>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
