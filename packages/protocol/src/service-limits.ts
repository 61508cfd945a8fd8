/**
 * Bounds on what plugins ask of the host while they run, a part of the limits table.
 */
import { KIB, MIB, type Limit } from './limit.ts';

/** Rows of services: asks, threads, memory, language models, the network, events. */
export const SERVICE_LIMITS = {
  service_asks_in_flight: {
    value: 64,
    unit: 'asks',
    reason: 'Of one instance to the host’s services; a plugin that awaits what it asks for stays below.',
  },
  service_asks_per_second: {
    value: 1_000,
    unit: 'asks',
    reason: 'Of one plugin and tenant, on one node; more would keep the database from others.',
  },
  threads: { value: 16, unit: 'threads', reason: 'Of one instance; each is a loop of its own in the one event loop.' },
  thread_name_characters: { value: 64, unit: 'characters', reason: 'Read by people, in logs and health.' },
  thread_interval_ms: { value: 24 * 3_600_000, unit: 'ms', reason: 'Hard maximum between two runs of one thread.' },
  thread_silent_ms: { value: 30_000, unit: 'ms', reason: 'Without a heartbeat for this long: a warning (X004-7).' },
  thread_look_ms: { value: 10_000, unit: 'ms', reason: 'How often heartbeats are looked at (X004-7).' },
  thread_stop_ms: {
    value: 5_000,
    unit: 'ms',
    reason: 'What threads have to end (X004-7); at the end of an instance, before the shutdown_grace_ms of onUnload.',
  },
  call_depth: { value: 8, unit: 'calls', reason: 'Plugins that call one another’s tools, one within the other.' },
  memory_content_bytes: { value: 64 * KIB, unit: 'bytes', reason: 'JSON of one artifact; files belong elsewhere.' },
  memory_artifacts: {
    value: 10_000,
    unit: 'artifacts',
    reason: 'Of one plugin and tenant; beyond it the least certain and oldest go until nine tenths are left (X004-6).',
  },
  memory_tags: { value: 32, unit: 'tags', reason: 'Of one artifact.' },
  memory_word_characters: { value: 128, unit: 'characters', reason: 'A tag, or the name of a source.' },
  memory_related: { value: 64, unit: 'artifacts', reason: 'Links of one artifact.' },
  memory_query_characters: { value: 1_024, unit: 'characters', reason: 'The text of one query.' },
  memory_answer_artifacts: { value: 100, unit: 'artifacts', reason: 'Of one answer; ten where none is asked for.' },
  memory_depth: { value: 8, unit: 'levels', reason: 'How far relations are followed; two where none is asked for.' },
  llm_request_bytes: {
    value: 2 * MIB,
    unit: 'bytes',
    reason: 'Of a prompt or chat with its tools, as JSON; as much as an HTTP body.',
  },
  llm_answer_characters: {
    value: 1_000_000,
    unit: 'characters',
    reason: 'Of one answer, with what the model thought and asks to have called; ten times what models write today.',
  },
  llm_tool_calls: { value: 128, unit: 'calls', reason: 'That one answer may ask for.' },
  llm_attempts: {
    value: 3,
    unit: 'attempts',
    reason: 'Of one request; a provider that is down is not helped by more.',
  },
  llm_wait_ms: {
    value: 30_000,
    unit: 'ms',
    reason: 'Longest wait between two attempts; who waits longer had better ask anew.',
  },
  llm_timeout_ms: { value: 300_000, unit: 'ms', reason: 'Of one request with all its attempts.' },
  agent_runs: { value: 64, unit: 'runs', reason: 'Of one tenant at a time on one node; each holds a conversation.' },
  agent_steps: {
    value: 100,
    unit: 'steps',
    reason: 'Of one run; 20 where none are asked for. A model that asks for a tool more often goes round in circles.',
  },
  agent_run_ms: {
    value: 900_000,
    unit: 'ms',
    reason: 'Of one run without the time that it waits for approvals.',
  },
  agent_value_bytes: {
    value: 16 * KIB,
    unit: 'bytes',
    reason: 'JSON of what a tool answered, as a run keeps it; the model is told all of it.',
  },
  agent_run_retention_ms: {
    value: 30 * 24 * 3_600_000,
    unit: 'ms',
    reason: 'How long a run is kept, also one that waits for an approval.',
  },
  llm_streams: { value: 16, unit: 'streams', reason: 'Answers that one instance reads piece by piece at a time.' },
  egress_requests: {
    value: 16,
    unit: 'requests',
    reason: 'Of one instance at a time; a page that is read needs about six.',
  },
  egress_connections: {
    value: 32,
    unit: 'connections',
    reason: 'Of this server to one host, for all plugins; who needs more waits.',
  },
  egress_url_bytes: { value: 16 * KIB, unit: 'bytes', reason: 'Most servers take 8 KiB.' },
  egress_header_bytes: {
    value: 64 * KIB,
    unit: 'bytes',
    reason: 'Of a request and of an answer, all headers together; browsers and proxies stay below.',
  },
  egress_headers: { value: 128, unit: 'headers', reason: 'Of a request and of an answer.' },
  egress_request_bytes: {
    value: 16 * MIB,
    unit: 'bytes',
    reason: 'All bodies of one instance together; they are held in memory until they are sent.',
  },
  egress_response_bytes: {
    value: 256 * MIB,
    unit: 'bytes',
    reason: 'One body, unpacked; it passes through in pieces, so that what is bounded is traffic.',
  },
  egress_cassette_bytes: {
    value: 64 * MIB,
    unit: 'bytes',
    reason: 'Answers that one cassette keeps, in memory until it is written.',
  },
  egress_connect_ms: { value: 10_000, unit: 'ms', reason: 'To resolve a name and to connect with TLS.' },
  egress_silent_ms: {
    value: 120_000,
    unit: 'ms',
    reason: 'Without a byte from the other side; a language model thinks for a minute.',
  },
  egress_request_ms: { value: 600_000, unit: 'ms', reason: 'One request with its whole answer.' },
  egress_tunnels: {
    value: 32,
    unit: 'connections',
    reason: 'Of one MCP server to its proxy at a time; a client’s pool for one host has about six.',
  },
  egress_tunnels_per_second: {
    value: 64,
    unit: 'connections',
    reason: 'Of one MCP server; each may be a name that is resolved, and a line in a log of somebody’s.',
  },
  egress_hello_ms: {
    value: 10_000,
    unit: 'ms',
    reason: 'Until whoever opened a connection to a proxy has said where to, and has begun to speak TLS.',
  },
  egress_keep_alive_ms: { value: 4_000, unit: 'ms', reason: 'A connection that nobody uses is closed then.' },
  egress_redirects: { value: 5, unit: 'redirects', reason: 'In a row; each is judged as a request is (FAULTS 99).' },
  event_data_bytes: {
    value: 16 * KIB,
    unit: 'bytes',
    reason: 'JSON of one event; what is larger belongs into memory.',
  },
  event_type_characters: { value: 128, unit: 'characters', reason: 'The type of an event, or a pattern of types.' },
  event_subscriptions: { value: 64, unit: 'subscriptions', reason: 'Of one instance, each looked at for each event.' },
  event_window: {
    value: 16,
    unit: 'events',
    reason: 'At work in one instance; more wait until some have been handled.',
  },
  event_queue: {
    value: 256,
    unit: 'events',
    reason: 'Wait for one instance; beyond it the oldest are dropped, counted and told in its log.',
  },
  event_queue_characters: { value: MIB, unit: 'characters', reason: 'The same, as they are written.' },
  event_handler_ms: {
    value: 30_000,
    unit: 'ms',
    reason: 'An event that is still at work then gives its place to others.',
  },
  event_depth: { value: 8, unit: 'events', reason: 'Events that are published while another is handled, in a row.' },
  event_kept_ms: {
    value: 300_000,
    unit: 'ms',
    reason: 'An event stays in the database for other nodes; one that hears nothing for longer misses some.',
  },
  event_kept_rows: { value: 10_000, unit: 'events', reason: 'The same, of all tenants; the oldest go.' },
} as const satisfies Record<string, Limit>;
