import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, TOKEN, writePlugin, type TestPlugin, type TestServer } from '../server-fixture.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const exporter = new InMemorySpanExporter();

let started: TestServer;
let plugin: TestPlugin;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  plugin = await writePlugin(
    'answerer',
    `export default { tools: [{ name: 'answer', description: 'Answers.', parameters: { type: 'object' }, execute: () => 1 }] };`,
  );
  started = await startServer({ plugins: [plugin.dir] });
  exporter.reset();
});
afterAll(async () => {
  await started[Symbol.asyncDispose]();
  await plugin[Symbol.asyncDispose]();
  trace.disable();
  propagation.disable();
  context.disable();
});

test('the span of a call stands below its caller’s, and the line of the log names both', async () => {
  const response = await fetch(`${started.url}/v1/tools/answerer/answer/call`, {
    method: 'POST',
    body: '{}',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      traceparent: `00-${TRACE}-${SPAN}-01`,
    },
  });
  expect(response.status).toBe(200);
  const call = exporter.getFinishedSpans().find(({ name }) => name === 'execute_tool answer');
  expect(call?.spanContext().traceId).toBe(TRACE);
  expect(call?.parentSpanContext?.spanId).toBe(SPAN);
  const line = started.logged.find(({ message }) => message === 'call');
  expect(line?.fields).toMatchObject({ plugin: 'answerer', trace_id: TRACE, span_id: SPAN });
});
