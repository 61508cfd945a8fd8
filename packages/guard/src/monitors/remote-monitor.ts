/**
 * A monitor in another process, behind calls of its methods: start, record, finalize (X002-11). Records are sent ahead, some at once, and
 * are taken in their order by whoever takes one call at a time.
 */
import type { CallError, JsonValue, MonitorContext, MonitorRecord, MonitorSummary, Outcome } from '@bulkhead/protocol';
import type { Monitor } from './monitor.ts';

/** What it takes: its name in reports, and how a method is called. `call` never rejects. */
export type RemoteMonitor = {
  readonly id: string;
  readonly call: (method: 'start' | 'record' | 'finalize', args: readonly JsonValue[]) => Promise<Outcome>;
};

/** Calls of `record` that are under way at most: a round trip is shared by so many. */
const IN_FLIGHT_MAX = 16;

/**
 * Makes the monitor of it. What a call ends with that is no answer is thrown, and so is it where its process was replaced between two
 * calls, for what it had recorded is then gone.
 */
export function createRemoteMonitor({ id, call }: RemoteMonitor): Monitor {
  let instance: string | null = null;
  let inFlight: Promise<void>[] = [];
  const ask = async (method: 'start' | 'record' | 'finalize', args: readonly JsonValue[]): Promise<JsonValue> => {
    const outcome = await call(method, args);
    if (!outcome.ok) throw new Error(textOf(method, outcome.error));
    const served = outcome.call.instance_id;
    if (method === 'start') instance = served;
    else if (served !== instance)
      throw new Error(
        `its process was replaced during the run, and what it had recorded is lost; a plugin needs "limits": { "instances": 1 }`,
      );
    return outcome.value;
  };
  const settle = async (): Promise<void> => {
    const pending = inFlight;
    inFlight = [];
    await Promise.all(pending);
  };
  return {
    identifier: () => id,
    start: async (context: MonitorContext) => {
      inFlight = [];
      await ask('start', [{ ...context }]);
    },
    record: (record: MonitorRecord) => {
      const asked = ask('record', [{ ...record }]).then(() => undefined);
      asked.catch(() => undefined); // It is heard of when the calls that are under way are waited for.
      inFlight.push(asked);
      return inFlight.length >= IN_FLIGHT_MAX ? settle() : undefined;
    },
    finalize: async () => {
      await settle();
      // The runner judges the shape of what every monitor answers.
      return (await ask('finalize', [])) as MonitorSummary;
    },
  };
}

function textOf(method: string, { code, message }: CallError): string {
  return `${method} ended with ${code}: ${message}`;
}
