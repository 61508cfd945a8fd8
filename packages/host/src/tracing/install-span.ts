/**
 * OpenTelemetry spans of installs and of their steps (DESIGN 12).
 */
import { SpanStatusCode, trace, type Span } from '@opentelemetry/api';

const tracer = trace.getTracer('@bulkhead/host');

/** Runs work in a span that is active meanwhile; what it throws ends the span as an error, by its code. */
export function inActiveSpan<T>(
  name: string,
  attributes: Readonly<Record<string, string>>,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'HOST_FAULT';
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: code });
      throw error;
    } finally {
      span.end();
    }
  });
}
