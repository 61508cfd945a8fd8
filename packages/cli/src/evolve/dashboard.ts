/**
 * The dashboard of a run (X000-21): its report while it goes on, on loopback. Whoever looks is sent the report anew, at most twice a
 * second and only where the run has come further; where nobody looks nothing is made.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import {
  LIVE_PAGE_POLICY,
  LIVE_PAGE_SCRIPT,
  renderLivePage,
  renderRunView,
  endedView,
  type RunReport,
  type RunView,
} from '@bulkhead/evolve';
import { serveOnLoopback } from '../loopback.ts';

/** How a run came to its end: with its report, or without one. */
export type RunEnd = { readonly report?: RunReport; readonly says: string };

/** The dashboard; disposing closes it. */
export type Dashboard = AsyncDisposable & {
  readonly url: string;
  /** The run has come further; `look` makes what is shown. */
  readonly didChange: (look: () => Promise<RunView>) => void;
  /** Tells everybody who looks how it ended; resolves when that has left, or those who do not read are not waited for any more. */
  readonly end: (end: RunEnd) => Promise<void>;
};

const SEND_EVERY_MS = 500;
const END_WITHIN_MS = 1_000;
/** Making it may take a tenth of the time, however long the run is: the search is in the same process. */
const REST = 9;
/** Pages that are open at once; what is more is told to come later. */
const VIEWERS_MAX = 16;
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': LIVE_PAGE_POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Serves it; 0 picks a free port. @throws {UsageError} where the port is taken. */
export async function openDashboard(name: string, port: number): Promise<Dashboard> {
  const viewers = new Set<ServerResponse>();
  let look: (() => Promise<RunView>) | undefined;
  let shown: string | undefined;
  let isStale = false;
  let isMaking = false;
  let notBefore = 0;

  const send = async (): Promise<void> => {
    if (!isStale || isMaking || look === undefined || viewers.size === 0 || performance.now() < notBefore) return;
    isMaking = true;
    isStale = false;
    const begunAt = performance.now();
    try {
      shown = viewEvent(await look());
      for (const viewer of viewers) if (!viewer.writableNeedDrain) viewer.write(shown);
    } catch {
      isStale = true; // A journal that cannot be read now may be the next time; the run itself goes on.
    } finally {
      isMaking = false;
      notBefore = performance.now() + REST * (performance.now() - begunAt);
    }
  };
  const follow = (response: ServerResponse): void => {
    if (viewers.size >= VIEWERS_MAX) {
      response.writeHead(503, { ...HEADERS, 'retry-after': '5' }).end();
      return;
    }
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' });
    response.write(shown ?? ': nothing yet\n\n');
    viewers.add(response);
    response.on('close', () => viewers.delete(response));
    response.on('drain', () => (isStale = true)); // It was passed over meanwhile.
  };

  const options = { port, what: 'dashboard', option: '--dashboard' };
  const server = await serveOnLoopback(options, (request, response) => answer(request, response, { name, follow }));
  const timer = setInterval(() => void send(), SEND_EVERY_MS).unref();
  return {
    url: server.url,
    didChange: (next) => {
      look = next;
      isStale = true;
    },
    end: async ({ report, says }) => {
      clearInterval(timer);
      const last = report === undefined ? '' : viewEvent(endedView(report));
      const left = [...viewers].map(async (viewer) => {
        viewer.end(`${last}event: end\ndata: ${JSON.stringify(says)}\n\n`);
        await finished(viewer).catch(() => undefined); // It is gone, and hears no more.
      });
      await Promise.race([Promise.all(left), setTimeout(END_WITHIN_MS, undefined, { ref: false })]);
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await server[Symbol.asyncDispose]();
    },
  };
}

type Answering = { readonly name: string; readonly follow: (response: ServerResponse) => void };

function answer({ method, url }: IncomingMessage, response: ServerResponse, { name, follow }: Answering): void {
  const reply = (type: string, text: string): unknown =>
    response.writeHead(200, { ...HEADERS, 'content-type': `${type}; charset=utf-8` }).end(text);
  if (method !== 'GET') response.writeHead(405, { ...HEADERS, allow: 'GET' }).end();
  else if (url === '/') reply('text/html', renderLivePage(name));
  else if (url === '/run.js') reply('text/javascript', LIVE_PAGE_SCRIPT);
  else if (url === '/events') follow(response);
  else response.writeHead(404, HEADERS).end();
}

/** As one line, whatever line ends a program has. */
function viewEvent(view: RunView): string {
  return `event: view\ndata: ${JSON.stringify(renderRunView(view))}\n\n`;
}
