/**
 * The trace that a request belongs to (W3C Trace Context), so that a call's span stands below its caller's. Without an
 * OpenTelemetry SDK in the process there is none.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { context, propagation, trace } from '@opentelemetry/api';

/** Runs work in the trace that the headers name; a span that is active already, such as an instrumentation's, is believed. */
export function inCallersTrace<T>(headers: IncomingHttpHeaders, work: () => T): T {
  if (trace.getActiveSpan() !== undefined) return work();
  return context.with(propagation.extract(context.active(), headers), work);
}

/** Ids of the trace and span that are active, as a log line names them; nothing where there is none. */
export function traceFields(): { readonly trace_id?: string; readonly span_id?: string } {
  const active = trace.getActiveSpan()?.spanContext();
  return active === undefined ? {} : { trace_id: active.traceId, span_id: active.spanId };
}
