/**
 * OpenTelemetry spans of a call (DESIGN 12). The names are those of the semantic conventions for tools of agents where they
 * have one, else `bulkhead.*`. Never parameters, results or thrown text: traces leave for systems with readers of their own.
 * Without an SDK in the process every span is a shared object that does nothing.
 */
import type { Outcome } from '@bulkhead/protocol';
import { SpanStatusCode, context, trace, type Attributes, type Span } from '@opentelemetry/api';

/** What a call is, before anything is known of how it runs. */
export type TracedCall = {
  readonly id: string;
  readonly tenant: string;
  readonly plugin: string;
  readonly target: string;
};

const tracer = trace.getTracer('@bulkhead/host');

/** Starts the span of a call, below whatever span is active. */
export function startCallSpan({ id, tenant, plugin, target }: TracedCall): Span {
  const span = tracer.startSpan(`execute_tool ${target}`);
  if (!span.isRecording()) return span;
  span.setAttributes({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': target,
    'gen_ai.tool.call.id': id,
    'bulkhead.plugin': plugin,
    'bulkhead.tenant': tenant,
  });
  return span;
}

/** Ends the span of a call with how it went; a code is all that is told of an error. */
export function endCallSpan(span: Span, outcome: Outcome): void {
  if (!span.isRecording()) return;
  const { version, digest, tier, instance_id, queue_ms, cpu_ms } = outcome.call;
  span.setAttributes(
    known({
      'bulkhead.plugin.version': version,
      'bulkhead.plugin.digest': digest,
      'bulkhead.tier': tier,
      'bulkhead.instance_id': instance_id,
      'bulkhead.queue_ms': queue_ms,
      'bulkhead.cpu_ms': cpu_ms,
      'bulkhead.outcome': outcome.ok ? 'ok' : outcome.error.kind,
    }),
  );
  if (!outcome.ok) {
    span.setAttribute('error.type', outcome.error.code);
    span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.error.code });
  }
  span.end();
}

/** Runs one step of a traced call in a span of its own; of a call that nobody traces, it only runs it. */
export function inStepSpan<T>(call: Span, name: string, step: () => Promise<T>): Promise<T> {
  return call.isRecording() ? inSpan(trace.setSpan(context.active(), call), name, step) : step();
}

async function inSpan<T>(parent: ReturnType<typeof context.active>, name: string, step: () => Promise<T>): Promise<T> {
  const span = tracer.startSpan(name, {}, parent);
  try {
    return await context.with(trace.setSpan(parent, span), step);
  } finally {
    span.end();
  }
}

function known(attributes: Readonly<Record<string, string | number | null>>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}
