import { SpanStatusCode, context, propagation, trace, type Span } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createPluginFolders, openTestHost, toolsSource, type PluginFolders } from './host.fixture.ts';
import type { Host } from './host-api.ts';

const exporter = new InMemorySpanExporter();
let folders: PluginFolders;
let host: Host;

beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  folders = await createPluginFolders();
  host = await openTestHost();
  const source = toolsSource({ answer: 'return params.secret;', fail: 'throw new TypeError("customer 4711");' });
  await host.install(await folders.write('traced', source));
});
afterEach(() => exporter.reset());
afterAll(async () => {
  await host.close();
  await folders[Symbol.asyncDispose]();
  trace.disable();
  context.disable();
  propagation.disable();
});

function spanNamed(name: string): ReturnType<InMemorySpanExporter['getFinishedSpans']>[number] {
  const found = exporter.getFinishedSpans().find((span) => span.name === name);
  if (found === undefined) throw new Error(`no span "${name}" ended`);
  return found;
}

test('a call is a span below the one that is active, with the time in the sandbox below it, and never what was passed', async () => {
  const tracer = trace.getTracer('a test');
  const outcome = await tracer.startActiveSpan('agent', async (agent: Span) => {
    const ended = await host.call({ plugin: 'traced', tool: 'answer', params: { secret: 'hunter2' }, tenant: 'acme' });
    agent.end();
    return ended;
  });
  const call = spanNamed('execute_tool answer');
  expect(call.attributes).toMatchObject({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'answer',
    'gen_ai.tool.call.id': outcome.call.call_id,
    'bulkhead.plugin': 'traced',
    'bulkhead.tenant': 'acme',
    'bulkhead.plugin.version': '1.0.0',
    'bulkhead.plugin.digest': outcome.call.digest,
    'bulkhead.tier': outcome.call.tier,
    'bulkhead.outcome': 'ok',
  });
  expect(call.parentSpanContext?.spanId).toBe(spanNamed('agent').spanContext().spanId);
  expect(spanNamed('bulkhead.sandbox').parentSpanContext?.spanId).toBe(call.spanContext().spanId);
  expect(
    JSON.stringify(exporter.getFinishedSpans().map(({ attributes, events }) => [attributes, events])),
  ).not.toContain('hunter2');
});

test('a call that fails is a span in error, with its code and nothing that the plugin threw', async () => {
  await host.call({ plugin: 'traced', tool: 'fail' });
  const { status, attributes, events } = spanNamed('execute_tool fail');
  expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'PLUGIN_THREW' });
  expect(attributes).toMatchObject({ 'error.type': 'PLUGIN_THREW', 'bulkhead.outcome': 'tool_error' });
  expect(JSON.stringify([attributes, events])).not.toContain('4711');
});

test('an install is a span with its review, bundle and trial below it', async () => {
  await host.install(await folders.write('newcomer', toolsSource({ answer: 'return 1;' })));
  const install = spanNamed('bulkhead.install');
  expect(install.attributes).toMatchObject({ 'bulkhead.plugin': 'newcomer', 'bulkhead.state': 'INITIALIZED' });
  for (const step of ['bulkhead.review', 'bulkhead.bundle', 'bulkhead.trial'])
    expect(spanNamed(step).parentSpanContext?.spanId).toBe(install.spanContext().spanId);
});

test('an install that is refused is a span in error, with its code', async () => {
  const evil = await folders.write('evil', "eval('1'); export default { tools: [] };");
  await expect(host.install(evil)).rejects.toMatchObject({ code: 'REVIEW_REFUSED' });
  expect(spanNamed('bulkhead.install').status).toEqual({ code: SpanStatusCode.ERROR, message: 'REVIEW_REFUSED' });
});
