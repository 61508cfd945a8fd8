/**
 * HTTP in front of a host: the health plane, the data plane and metrics. It runs no plugin itself and keeps no state but
 * whether it drains.
 *
 *   bytes ─▶ parser bounds ─▶ guards ─▶ known route? ─▶ who? ─▶ body, by schema ─▶ route ─▶ answer
 *     └──────────┴──────────────┴─────────────┴───────────┴──────────────┴─▶ fault ─▶ encode (never 500)
 *
 * S1: Every route says who may use it; one that says nothing cannot be added (FAULTS 103).
 * S2: Every answer that is no success is made by `encode.ts`, those of `/mcp` by the protocol's library; no status is above 504, and
 *     none is 500.
 * S3: While it drains, calls in flight end, new ones are answered HOST_CLOSED, and health goes on answering.
 */
import type { AddressInfo } from 'node:net';
import {
  HostError,
  createQueueSeries,
  type HealthView,
  type Host,
  type IndexSource,
  type Log,
  type TaskQueue,
} from '@bulkhead/host';
import { LIMITS } from '@bulkhead/protocol';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { addAgentRoutes } from './agents/agent-routes.ts';
import { addReceiptRoutes } from './admin-plane/receipt-routes.ts';
import { addReloadRoutes } from './admin-plane/reload-routes.ts';
import { addAuditRoutes } from './admin-plane/audit-routes.ts';
import { answerConnectionFault, answerFault } from './answer/answer.ts';
import { assertHeaderCount, createLoopbackCheck, HEADERS_READ_MAX, isLoopbackName } from './door/guards.ts';
import { addDebugRoutes } from './admin-plane/debug-routes.ts';
import { addHealthRoutes } from './health-plane/health-routes.ts';
import { addInstallRoutes } from './admin-plane/install-routes.ts';
import { acceptJsonOnly } from './door/json-body.ts';
import { placeOf } from './answer/plane.ts';
import {
  admitCaller,
  createRecognize,
  healthViewFor,
  type Access,
  type Caller,
  type Recognize,
} from './door/principal.ts';
import { addNodeRoutes } from './admin-plane/node-routes.ts';
import { addQueueRoutes } from './admin-plane/queue-routes.ts';
import { addRegistrationRoutes } from './admin-plane/registration-routes.ts';
import { addReleaseRoutes } from './admin-plane/release-routes.ts';
import { addRepairRoutes } from './admin-plane/repair-routes.ts';
import { addSecretRoutes } from './admin-plane/secret-routes.ts';
import { addEvaluationRoutes } from './admin-plane/evaluation-routes.ts';
import { addRecordingRoutes } from './admin-plane/recording-routes.ts';
import { addRolloutRoutes } from './admin-plane/rollout-routes.ts';
import { addStatusRoutes } from './health-plane/status-routes.ts';
import { addTenantRoutes } from './admin-plane/tenant-routes.ts';
import { addToolRoutes, logCall } from './data-plane/tool-routes.ts';
import { addMcpRoutes, type McpDoor } from './mcp/mcp-routes.ts';
import type { ProtectedResource } from './mcp/protected-resource.ts';
import { createFollowers, type Followers } from './admin-plane/log-followers.ts';
import { addLogRoutes } from './admin-plane/log-routes.ts';
import { compileValidator } from './door/validate.ts';
import { createTaskBudget } from './data-plane/task-budget.ts';
import { addTaskRoutes } from './data-plane/task-routes.ts';
import { createTaskWaits, type TaskWaits } from './data-plane/task-waits.ts';
import { addWorkerRoutes } from './data-plane/worker-routes.ts';
import { openTokenGate, type RefuseToken } from './door/wrong-tokens.ts';

/**
 * Who sees what a plugin threw, beside the platform token: everybody, nobody, or everybody while bound to loopback for one tenant.
 *
 * @public
 */
export type PublicReasons = 'auto' | 'always' | 'never';

/**
 * What a server is made of; it closes no host.
 *
 * @public
 */
export type ServerOptions = {
  readonly host: Host;
  /** The platform token, at least 32 characters. */
  readonly token: string;
  readonly log: Log;
  /** `auto` where left out. */
  readonly publicReasons?: PublicReasons;
  /** Takes installs that name a package of npm, which this machine's npm client fetches; not where left out. */
  readonly takesNpm?: boolean;
  /** Lends recorded calls to repairs of a tenant's admin; not where left out. */
  readonly lendsRecordings?: boolean;
  /** What is told of `/mcp` to OAuth clients. */
  readonly mcp?: ProtectedResource;
  /** Indexes that installs by name are taken from, the first that lists a plugin; none where left out. */
  readonly indexes?: readonly Required<IndexSource>[];
  /** Takes tasks and gives them to workers; whoever opened it closes it, after the server. No tasks where it is left out. */
  readonly tasks?: TaskQueue;
};

/**
 * One route, as a test of the whole table sees it.
 *
 * @public
 */
export type ServerRoute = { readonly method: string; readonly path: string; readonly access: Access };

/**
 * A server that listens, or is about to.
 *
 * @public
 */
export type Server = AsyncDisposable & {
  readonly routes: readonly ServerRoute[];
  /**
   * Starts to listen; port 0 picks a free one.
   *
   * @throws {HostError} `PORT_UNAVAILABLE` where the address is taken, forbidden or not of this machine.
   */
  readonly listen: (at: { readonly host: string; readonly port: number }) => Promise<{ readonly url: string }>;
  /** Takes no new calls, waits for those in flight, ends connections. Safe to call twice; closes no host. */
  readonly close: () => Promise<void>;
  /** Ends every connection at once, so that `close` waits for nobody who dribbles. */
  readonly dropConnections: () => void;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Set on every route that is not public. */
    caller: Caller | undefined;
  }
}

type State = { isDraining: boolean; isLoopback: boolean };

/**
 * Creates a server in front of a host.
 *
 * @throws {HostError} `CONFIG_INVALID` when the token is too short.
 * @public
 */
export async function createServer(options: ServerOptions): Promise<Server> {
  const state: State = { isDraining: false, isLoopback: true };
  const { host } = options;
  const recognize = createRecognize(options.token, host.tokens);
  const app = createApp(options.log);
  const routes = collectRoutes(app);
  await app.register(swagger, { openapi: OPENAPI });
  app.decorateRequest('caller', undefined);
  const door: Door = {
    ...{ state, recognize, tenants: host.tenants },
    assertLoopbackHost: createLoopbackCheck(),
    refuseToken: await openTokenGate(app, options.log),
  };
  app.addHook('onRequest', (request, _reply, done) => {
    const refusal = refusalOf(request, door);
    // Only a wrong token is waited for: a promise for each request would cost all of them.
    if (refusal instanceof Promise) void endWith(refusal, done);
    else done(refusal);
  });
  const followers = createFollowers();
  const waits = createTaskWaits();
  const mcp = addRoutes(app, options, { ...door, followers, waits });
  await app.ready();
  return serverOf(app, { state, routes, followers, waits, mcp });
}

/** A hook on each response would see connections become idle at once, and cost every call a hundredth of its time. */
const IDLE_SWEEP_MS = 20;

const MONOTONIC = { now: () => performance.now() };

const OPENAPI = {
  info: { title: 'Bulkhead', description: 'Plugins in sandboxes, over HTTP.', version: '1' },
  components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
} as const;

function createApp(log: Log): FastifyInstance {
  const app: FastifyInstance = fastify({
    logger: false,
    bodyLimit: LIMITS.http_body_bytes.value,
    requestTimeout: LIMITS.http_request_ms.value,
    routerOptions: { maxParamLength: LIMITS.http_header_bytes.value },
    http: {
      maxHeaderSize: LIMITS.http_header_bytes.value,
      headersTimeout: LIMITS.http_headers_ms.value,
      // How often Node looks for requests that are late.
      connectionsCheckingInterval: 1_000,
    },
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void answerFault({ error, request, reply, log }),
    clientErrorHandler: answerConnectionFault,
  });
  app.server.maxConnections = LIMITS.http_connections.value;
  app.server.maxHeadersCount = HEADERS_READ_MAX;
  acceptJsonOnly(app);
  app.setValidatorCompiler(({ schema, url, httpPart: part }) =>
    compileValidator(schema, { plane: placeOf(url).plane, part }),
  );
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler((error, request, reply) => answerFault({ error, request, reply, log }));
  app.setNotFoundHandler((request, reply) =>
    answerFault({ error: new HostError('ROUTE_NOT_FOUND'), request, reply, log }),
  );
  return app;
}

/** Keeps S1: a route without a word on access ends the start of the server, before anybody can call it. */
function collectRoutes(app: FastifyInstance): readonly ServerRoute[] {
  const routes: ServerRoute[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`route ${String(method)} ${url} does not say who may use it`);
    for (const each of [method].flat()) routes.push({ method: each, path: url, access: config.access });
  });
  return routes;
}

type Door = {
  readonly state: State;
  readonly assertLoopbackHost: ReturnType<typeof createLoopbackCheck>;
  readonly recognize: Recognize;
  readonly tenants: Host['tenants'];
  readonly refuseToken: RefuseToken;
};

/** What is wrong with a request before its body is read, or undefined; a promise where a wrong token is counted. */
function refusalOf(request: FastifyRequest, door: Door): HostError | undefined | Promise<HostError> {
  const { state, assertLoopbackHost, recognize, tenants, refuseToken } = door;
  try {
    assertHeaderCount(request.raw);
    if (state.isLoopback) assertLoopbackHost(request.raw);
    if (request.is404) throw new HostError('ROUTE_NOT_FOUND');
    const { access = 'platform' } = request.routeOptions.config;
    if (access !== 'public') {
      const principal = recognize(request.raw);
      if (principal.kind === 'unknown') return refuseToken(request);
      request.caller = admitCaller(principal, access, { headers: request.headers, tenants });
    }
    if (state.isDraining && placeOf(request.url).plane === 'data') throw new HostError('HOST_CLOSED');
    return undefined;
  } catch (error) {
    return error as HostError; // The assertions throw nothing else.
  }
}

async function endWith(refusal: Promise<HostError>, done: (error: HostError) => void): Promise<void> {
  done(await refusal);
}

/** Whether a request that was let in would be let in now, too. */
function isAdmitted(request: FastifyRequest, { recognize, tenants }: Door): boolean {
  const { access = 'platform' } = request.routeOptions.config;
  if (access === 'public') return true;
  try {
    admitCaller(recognize(request.raw), access, { headers: request.headers, tenants });
    return true;
  } catch (error) {
    if (error instanceof HostError) return false;
    throw error;
  }
}

type Served = Door & { readonly followers: Followers; readonly waits: TaskWaits };

function addRoutes(app: FastifyInstance, options: ServerOptions, door: Served): McpDoor {
  const { state, recognize, followers, waits } = door;
  const { host, log, tasks, publicReasons = 'auto' } = options;
  const isAlone = (): boolean => state.isLoopback && host.tenants.list().length === 1;
  const showReasons = (): boolean => publicReasons === 'always' || (publicReasons === 'auto' && isAlone());
  const viewOf = (request: FastifyRequest): HealthView => healthViewFor(recognize(request.raw), showReasons());
  addHealthRoutes(app, { host, viewOf });
  const isPlatform = (request: FastifyRequest): boolean => recognize(request.raw).kind === 'platform';
  const isDraining = (): boolean => state.isDraining;
  const queueSeries = tasks === undefined ? undefined : createQueueSeries(tasks, MONOTONIC);
  addStatusRoutes(app, { host, isDraining, isPlatform, queueSeries });
  addToolRoutes(app, { host, log });
  addAgentRoutes(app, { host, log });
  const resource = options.mcp ?? {};
  const mcp = addMcpRoutes(app, { host, log, resource, didCall: (outcome) => logCall(log, outcome) });
  addReloadRoutes(app, host);
  addReceiptRoutes(app, host);
  addTenantRoutes(app, host, tasks);
  addNodeRoutes(app, host);
  addRegistrationRoutes(app, host);
  addSecretRoutes(app, host);
  addAuditRoutes(app, host);
  addDebugRoutes(app, host);
  const isStillAdmitted = (request: FastifyRequest): boolean => isAdmitted(request, door);
  addLogRoutes(app, { host, followers, isAdmitted: isStillAdmitted });
  addWorkerRoutes(app, { tasks, waits, log, isAdmitted: isStillAdmitted, series: queueSeries });
  const { tenants } = host;
  const budget = tasks === undefined ? undefined : createTaskBudget({ queue: tasks, tenants, now: MONOTONIC.now });
  addTaskRoutes(app, { tasks, budget, waits, isDraining });
  addQueueRoutes(app, { tasks });
  addInstallRoutes(app, { host, takesNpm: options.takesNpm ?? false, indexes: options.indexes ?? [] });
  addReleaseRoutes(app, host);
  addRolloutRoutes(app, host);
  addRecordingRoutes(app, host);
  addRepairRoutes(app, { host, isEnabled: options.lendsRecordings ?? false });
  addEvaluationRoutes(app, host);
  return mcp;
}

function serverOf(
  app: FastifyInstance,
  made: Pick<Server, 'routes'> & Pick<Served, 'state' | 'followers' | 'waits'> & { readonly mcp: McpDoor },
): Server {
  const { state, routes, followers, waits, mcp } = made;
  const close = async (): Promise<void> => {
    state.isDraining = true;
    followers.drain();
    waits.drain();
    mcp.drain();
    await closeConnections(app);
    await mcp.close();
  };
  return {
    routes,
    listen: async (at) => {
      state.isLoopback = isLoopbackName(at.host);
      await listen(app, at);
      return { url: urlOf(at.host, app.server.address()) };
    },
    close,
    dropConnections: () => app.server.closeAllConnections(),
    [Symbol.asyncDispose]: close,
  };
}

/** A connection that was busy when closing began, and is kept alive, would hold the server open when it is idle. */
async function closeConnections(app: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), IDLE_SWEEP_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}

async function listen(app: FastifyInstance, { host, port }: Parameters<Server['listen']>[0]): Promise<void> {
  try {
    // "localhost" would make Fastify open a second server, without our bounds, for the other address family.
    await app.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port });
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new HostError('PORT_UNAVAILABLE', { message: `cannot listen on ${host}, port ${port}${why}`, cause });
  }
}

/** The address to call: a server bound to every address is called on this machine by loopback. */
function urlOf(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const name =
    new Map([
      ['0.0.0.0', '127.0.0.1'],
      ['::', '::1'],
    ]).get(host) ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
