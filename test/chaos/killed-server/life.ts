/**
 * One life of a server that will be killed: lanes of requests, one after another in each, and a record of what was sent and
 * what was acknowledged, kept here, outside of the server.
 */
import type { Outcome } from '@bulkhead/protocol';
import { CHANGED, LEDGERS, VERSIONS } from './plugins.ts';
import { PLATFORM, ask, type Answer, type Asked } from './served.ts';

/** A call; `ackedAt` and `outcome` are there once it was answered. Times are of this process, monotonic. */
export type CallSent = {
  readonly plugin: (typeof LEDGERS)[number];
  readonly tool: 'mark' | 'hold' | 'seen';
  readonly n: number;
  readonly key: string | undefined;
  readonly sentAt: number;
  ackedAt: number | undefined;
  outcome: Outcome | undefined;
};

/** What a registration was made. */
export type Switched = { readonly n: number; readonly enabled: boolean; readonly version: string };

/** What was asked of one server, for a tenant of its own. */
export type Life = {
  readonly tenant: string;
  readonly token: string;
  readonly calls: CallSent[];
  /** Of the plugin `changed`: as it was acknowledged last, and as the request under way would make it. */
  readonly registration: { acked: Switched; underway: Switched };
  /** Ids of tokens: made, and revoked since; `revoking` may be either. */
  readonly tokens: { readonly made: Set<string>; readonly revoked: Set<string>; revoking: string | undefined };
  /** Names of tenants that were made, and removed since; `underway` may be there or not. */
  readonly tenants: { readonly made: Map<string, string>; readonly removed: Set<string>; underway: string | undefined };
  /** Largest number of held calls that the guest said it has seen. */
  seenHeld: number;
  isOver: boolean;
};

/** Makes the tenant of a life, with a token, and enables its plugins: all of it acknowledged. */
export async function beginLife(url: string, name: string): Promise<Life> {
  const { body: made } = await insist(url, { path: '/api/v1/tenants', token: PLATFORM, body: { name } });
  const tenant = String(made['id']);
  const path = `/api/v1/tenants/${tenant}/tokens`;
  const { body: issued } = await insist(url, { path, token: PLATFORM, body: { role: 'admin' } });
  const token = String(issued['token']);
  for (const plugin of [...LEDGERS, CHANGED]) {
    await insist(url, { path: `/api/v1/plugins/${plugin}/enable`, token, body: { config: { n: 0 } } });
  }
  const enabled = { n: 0, enabled: true, version: NEWEST };
  const registration = { acked: enabled, underway: enabled };
  return {
    tenant,
    token,
    calls: [],
    registration,
    tokens: { made: new Set([String(issued['id'])]), revoked: new Set(), revoking: undefined },
    tenants: { made: new Map([[tenant, name]]), removed: new Set(), underway: undefined },
    seenHeld: 0,
    isOver: false,
  };
}

/** Sends requests until the server is gone. Resolves when the last of them has been answered or cut off. */
export async function liveUntilKilled(url: string, life: Life): Promise<void> {
  const calling = LEDGERS.flatMap((plugin) => [
    () => callOn(url, life, { plugin, isKeyed: false }),
    () => callOn(url, life, { plugin, isKeyed: false }),
    () => callOn(url, life, { plugin, isKeyed: true }),
  ]);
  const lanes = [
    ...calling,
    () => holdOn(url, life),
    () => changeOn(url, life),
    () => tokensOn(url, life),
    () => tenantsOn(url, life),
  ];
  await Promise.all(lanes.map((lane) => untilOver(life, lane)));
}

/** A request that is cut off once the life is over ends its lane; before that it is a fault of the server's. */
async function untilOver(life: Life, lane: () => Promise<void>): Promise<void> {
  try {
    await lane();
  } catch (error) {
    if (!life.isOver) throw error;
  }
}

type Lane = { readonly plugin: CallSent['plugin']; readonly isKeyed: boolean };

async function callOn(url: string, life: Life, { plugin, isKeyed }: Lane): Promise<void> {
  for (let n = 1; !life.isOver; n += 1) {
    const key = isKeyed ? `${plugin}-${n}` : undefined;
    await send(url, life, {
      plugin,
      tool: 'mark',
      n,
      key,
      sentAt: performance.now(),
      ackedAt: undefined,
      outcome: undefined,
    });
  }
}

/** Calls that do not end; that the guest has seen them is told by another call. */
async function holdOn(url: string, life: Life): Promise<void> {
  const unanswered = { plugin: 'strict', key: undefined, ackedAt: undefined, outcome: undefined } as const;
  for (let n = 1; n <= HELD_MAX && !life.isOver; n += 1) {
    void send(url, life, { ...unanswered, tool: 'hold', n, sentAt: performance.now() }).catch(() => undefined);
    while (life.seenHeld < n) {
      const sent: CallSent = { ...unanswered, tool: 'seen', n, sentAt: performance.now() };
      const { held = [] } = (await send(url, life, sent)) as { readonly held?: readonly number[] };
      life.seenHeld = held.length;
    }
  }
}

const HELD_MAX = 20;
const [OLDEST, NEWEST] = VERSIONS;

async function changeOn(url: string, life: Life): Promise<void> {
  const { registration, token } = life;
  const path = `/api/v1/plugins/${CHANGED}`;
  const change = async (to: Partial<Switched>, asked: Omit<Asked, 'token'>): Promise<void> => {
    const underway = { ...registration.acked, ...to };
    registration.underway = underway;
    await insist(url, { ...asked, token });
    registration.acked = underway;
  };
  for (let n = 1; !life.isOver; n += 1) {
    await change({ n }, { path: `${path}/config`, method: 'PUT', body: { config: { n } } });
    await change({ version: OLDEST }, { path: `${path}/rollback`, body: { version: OLDEST } });
    await change({ version: NEWEST }, { path: `${path}/upgrade`, body: { version: NEWEST } });
    await change({ enabled: false }, { path: `${path}/disable`, method: 'POST' });
    await change({ enabled: true }, { path: `${path}/enable`, body: {} });
  }
}

async function tokensOn(url: string, life: Life): Promise<void> {
  const { tenant, tokens, token } = life;
  while (!life.isOver) {
    const { body } = await insist(url, { path: `/api/v1/tenants/${tenant}/tokens`, token, body: { role: 'viewer' } });
    const id = String(body['id']);
    tokens.made.add(id);
    tokens.revoking = id;
    await insist(url, { path: `/api/v1/tokens/${id}`, method: 'DELETE', token });
    tokens.revoked.add(id);
  }
}

async function tenantsOn(url: string, life: Life): Promise<void> {
  const { tenants, tenant } = life;
  for (let n = 1; !life.isOver; n += 1) {
    const name = `${tenant} ${n}`;
    tenants.underway = name;
    const { body } = await insist(url, { path: '/api/v1/tenants', token: PLATFORM, body: { name } });
    const id = String(body['id']);
    tenants.made.set(id, name);
    await insist(url, { path: `/api/v1/tenants/${id}`, method: 'DELETE', token: PLATFORM });
    tenants.removed.add(id);
  }
}

async function send(url: string, life: Life, sent: CallSent): Promise<unknown> {
  life.calls.push(sent);
  const outcome = await callAgain(url, life, sent);
  sent.ackedAt = performance.now();
  sent.outcome = outcome;
  if (!outcome.ok)
    throw new Error(`${sent.plugin}/${sent.tool} ended as ${outcome.error.code}: ${outcome.error.message}`);
  return outcome.value;
}

/** Sends a call, or sends it again, with its key where it has one. */
export async function callAgain(url: string, { token }: Life, { plugin, tool, n, key }: CallSent): Promise<Outcome> {
  const body = { params: { n }, ...(key !== undefined && { idempotency_key: key }) };
  const answer = await ask(url, { path: `/v1/tools/${plugin}/${tool}/call`, token, body });
  return answer.body as unknown as Outcome; // The data plane's body is always one.
}

async function insist(url: string, asked: Asked): Promise<Answer> {
  const answer = await ask(url, asked);
  if (answer.status >= 300) throw new Error(`${asked.path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
