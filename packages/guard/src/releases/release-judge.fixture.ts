/**
 * For tests: a real host with releases of a plugin, and what a judge is given of them.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHost, type Host, type RecordedCall, type ReleaseTrial } from '@bulkhead/host';
import type { JsonObject } from '@bulkhead/protocol';
import { CLOCK } from '../evaluation/evaluate.fixture.ts';
import { createRedaction } from '../report/redact.ts';

/** A tool: the body of a function of `params`, and the schema of those. */
export type TestTool = { readonly body: string; readonly parameters?: JsonObject };

/** What stands before the tools of a plugin, and its limits. */
export type MoreOfPlugin = { readonly head?: string; readonly limits?: JsonObject };

/** A host, and releases that are installed in a line; disposing ends both. */
export type Releases = AsyncDisposable & {
  readonly host: Host;
  /** Installs a version of plugin `calc`. */
  readonly install: (version: string, tools: Readonly<Record<string, TestTool>>, more?: MoreOfPlugin) => Promise<void>;
  /** A trial of 2.0.0 against 1.0.0, and how many harnesses it opened that are not closed. */
  readonly trial: (more?: TrialOptions) => ReleaseTrial & { readonly openCount: () => number };
};

/** What a test says of its trial. */
export type TrialOptions = Partial<Pick<ReleaseTrial, 'recorded' | 'signal' | 'didProgress'>> & {
  readonly plan?: Partial<ReleaseTrial['plan']>;
  /** Told of each guest that is opened. */
  readonly didOpen?: (version: string, isGranted: boolean) => void;
};

/** Two whole numbers. */
export const TWO_NUMBERS: JsonObject = {
  type: 'object',
  properties: { a: { type: 'integer' }, b: { type: 'integer' } },
  required: ['a', 'b'],
  additionalProperties: false,
};

/** Adds them. */
export const ADD: TestTool = { body: 'return params.a + params.b;', parameters: TWO_NUMBERS };

/** Opens it. */
export async function openReleases(): Promise<Releases> {
  const root = await mkdtemp(join(tmpdir(), 'bulkhead-test-releases-'));
  const host = await createHost({ spareCount: 0, tierMax: 'process' });
  return {
    host,
    install: async (version, tools, { head = '', limits } = {}) => {
      const dir = join(root, 'calc'); // Its place is what tells releases of one plugin from another plugin of its name.
      await mkdir(dir, { recursive: true });
      const manifest = { name: 'calc', version, description: 'Calculates.', author: 'Tests', limits };
      await writeFile(join(dir, 'plugin.json'), JSON.stringify(manifest));
      await writeFile(join(dir, 'main.ts'), `${head}\n${sourceOf(tools)}`);
      await host.install(dir);
    },
    trial: (more = {}) => trialOf(host, more),
    [Symbol.asyncDispose]: async () => {
      await host.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** A call of `calc` as it was recorded. */
export function recordedCall(tool: string, params: JsonObject): RecordedCall {
  return {
    ...{ id: 'call-1', tenant_id: 'default', plugin_name: 'calc', plugin_version: '1.0.0', tool, params },
    ...{ outcome: 'ok', code: null, value_sha256: null, result: null, duration_ms: 1 },
    recorded_at: '2026-11-30T12:00:00.000Z',
  };
}

function sourceOf(tools: Readonly<Record<string, TestTool>>): string {
  const listed = Object.entries(tools).map(
    ([name, { body, parameters = { type: 'object' } }]) =>
      `{ name: '${name}', description: '${name}', parameters: ${JSON.stringify(parameters)},
        async execute(params: any, context: any) { ${body} } }`,
  );
  return `export default { tools: [${listed.join(',\n')}] };`;
}

function trialOf(host: Host, { plan, didOpen, ...more }: TrialOptions): ReturnType<Releases['trial']> {
  let openCount = 0;
  return {
    ...{ plugin: 'calc', from: '1.0.0', to: '2.0.0', recorded: [] },
    ...{
      redact: createRedaction(),
      clock: CLOCK,
      signal: new AbortController().signal,
      didProgress: () => {},
      ...more,
    },
    plan: { policy: 'noninferiority:margin=0.02', answers: 'same', cases: 300, seed: 7, ...plan },
    openCount: () => openCount,
    open: async (version, { isGranted, instances }) => {
      didOpen?.(version, isGranted);
      const harness = await host.openHarness({
        plugin: 'calc',
        version,
        ...(instances !== undefined && { instances }),
      });
      openCount += 1;
      let isOpen = true;
      const close = async (): Promise<void> => {
        await harness.close();
        openCount -= isOpen ? 1 : 0;
        isOpen = false;
      };
      return { ...harness, close, [Symbol.asyncDispose]: close };
    },
  };
}
