/**
 * Every bound on what comes from outside, with its unit and the reason for the number. `docs/limits.md` is this table.
 * A bound that is reached is an outcome or a coded error, never a slowdown.
 */
import { KIB, MIB, type Limit } from './limit.ts';
import { MCP_LIMITS } from './mcp-limits.ts';
import { SERVICE_LIMITS } from './service-limits.ts';
import { STDIO_LIMITS } from './stdio-limits.ts';
import { TASK_LIMITS } from './task-limits.ts';

/**
 * The table, by name.
 *
 * @public
 */
export const LIMITS = {
  frame_payload_bytes: {
    value: 16 * MIB + 64 * KIB,
    unit: 'bytes',
    reason: 'Hard maximum of one frame: the largest output a manifest may ask for, and its envelope.',
  },
  frame_envelope_bytes: {
    value: 64 * KIB,
    unit: 'bytes',
    reason: 'What a frame may hold beyond output_bytes: ids, metadata, a bounded error text.',
  },
  raw_chunk_bytes: {
    value: 256 * KIB,
    unit: 'bytes',
    reason: 'An artifact travels in pieces, so that neither side buffers it twice.',
  },
  artifact_bytes: { value: 16 * MIB, unit: 'bytes', reason: 'One bundled module; larger ones start too slowly.' },
  http_body_bytes: { value: 2 * MIB, unit: 'bytes', reason: 'Parameters are documents at most; files go elsewhere.' },
  http_header_bytes: { value: 16 * KIB, unit: 'bytes', reason: 'Request line and headers together (FAULTS 108).' },
  http_headers: { value: 100, unit: 'headers', reason: 'Browsers and proxies send about 30.' },
  http_headers_ms: { value: 10_000, unit: 'ms', reason: 'For all headers; longer is a slow loris (FAULTS 108).' },
  http_request_ms: { value: 30_000, unit: 'ms', reason: 'For headers and body; 2 MiB at 70 KiB/s.' },
  http_connections: { value: 1_024, unit: 'connections', reason: 'Leaves descriptors to guests (FAULTS 114).' },
  token_failures: {
    value: 100,
    unit: 'attempts',
    reason: 'Wrong tokens of one address in a window; a script with an old token stays below.',
  },
  token_failure_window_ms: { value: 60_000, unit: 'ms', reason: 'Who holds the right token never waits for it.' },
  token_failure_addresses: {
    value: 4_096,
    unit: 'addresses',
    reason: 'Under 1 MiB; beyond it the oldest is forgotten.',
  },
  idempotency_key_characters: { value: 256, unit: 'characters', reason: 'A UUID has 36.' },
  ledger_retention_ms: {
    value: 7 * 24 * 3_600_000,
    unit: 'ms',
    reason: 'How long the ledger keeps a call.',
  },
  transition_retention_ms: {
    value: 30 * 24 * 3_600_000,
    unit: 'ms',
    reason: 'How long a transition of a plugin is kept.',
  },
  usage_retention_ms: {
    value: 400 * 24 * 3_600_000,
    unit: 'ms',
    reason: 'How long sums of a day are kept: a year, and the month in which it is settled.',
  },
  retention_interval_ms: {
    value: 600_000,
    unit: 'ms',
    reason: 'How often what is too old is removed; the first time at start.',
  },
  secret_bytes: { value: 16 * KIB, unit: 'bytes', reason: 'A private key with its chain of certificates.' },
  tenant_secrets: { value: 1_000, unit: 'secrets', reason: 'Of one tenant, over all its plugins.' },
  audit_lines: { value: 1_000, unit: 'lines', reason: 'What one request may read of the audit log.' },
  audit_summary_characters: {
    value: 500,
    unit: 'characters',
    reason: 'Of the details of one line; more is cut (X003-8).',
  },
  idempotency_key_ms: { value: 86_400_000, unit: 'ms', reason: 'A day outlasts every sensible retry (DESIGN 9).' },
  artifact_unnamed_ms: {
    value: 3_600_000,
    unit: 'ms',
    reason: 'How long nodes share an artifact that no release names: an install in flight has yet to name it.',
  },
  node_heartbeat_ms: {
    value: 2_000,
    unit: 'ms',
    reason: 'How often a node that shares its storage says that it lives; as late is what others show of its plugins.',
  },
  node_lost_ms: {
    value: 10_000,
    unit: 'ms',
    reason: 'A node that was silent for longer is lost; a blocked event loop or a short break of its network is not.',
  },
  node_kept_ms: { value: 24 * 3_600_000, unit: 'ms', reason: 'How long a lost node is listed.' },
  storage_answer_ms: {
    value: 5_000,
    unit: 'ms',
    reason: 'How long a call waits for the storage, of its own time; a database that is there answers in 10 ms.',
  },
  drain_ms: { value: 10_000, unit: 'ms', reason: 'For calls in flight at shutdown; orchestrators kill after 30 s.' },
  json_depth: {
    value: 64,
    unit: 'levels',
    reason: 'Far above real data, far below where JSON.stringify overflows the stack (FAULTS 51).',
  },
  json_keys: { value: 200_000, unit: 'keys', reason: 'Bounds the time that one reply may take to walk.' },
  messages_per_second: {
    value: 20_000,
    unit: 'messages',
    reason: 'Messages beyond one reply per pending call; a flood of tiny frames ends the guest (FAULTS 45).',
  },
  boot_frame_bytes: { value: 64 * KIB, unit: 'bytes', reason: 'A guest without a plugin has only hello to say.' },
  ready_frame_bytes: {
    value: 4 * MIB,
    unit: 'bytes',
    reason: 'What a plugin says of itself once it is loaded: 256 tools with schemas of 16 KiB.',
  },
  ready_keys: {
    value: 10_000,
    unit: 'keys',
    reason: 'Of metadata, or of one tool schema; both are written by people.',
  },
  channel_backlog_bytes: {
    value: 64 * MIB,
    unit: 'bytes',
    reason: 'What a guest may leave unread, such as an artifact and 24 calls of 2 MiB; then calls are refused.',
  },
  unknown_id_strikes: { value: 16, unit: 'messages', reason: 'Late replies are honest; the 17th unknown id is not.' },
  manifest_bytes: { value: 64 * KIB, unit: 'bytes', reason: 'A manifest is read by people.' },
  manifest_depth: { value: 32, unit: 'levels', reason: 'config_schema is the deepest honest part.' },
  findings: { value: 256, unit: 'findings', reason: 'What one check reports; more is not read by anybody.' },
  source_file_bytes: { value: 1 * MIB, unit: 'bytes', reason: 'An author file above this is generated (FAULTS 89).' },
  source_files: { value: 20_000, unit: 'files', reason: 'Author files and reachable dependencies together.' },
  source_bytes: { value: 64 * MIB, unit: 'bytes', reason: 'What review and bundle hold in memory at once.' },
  source_depth: { value: 32, unit: 'levels', reason: 'Nested node_modules reach 12 in practice.' },
  archive_packed_bytes: {
    value: 10 * MIB,
    unit: 'bytes',
    reason: 'Of a plugin archive as it is sent; source compresses to a quarter.',
  },
  archive_bytes: { value: 20 * MIB, unit: 'bytes', reason: 'What a plugin archive may unpack to (FAULTS 81).' },
  archive_ratio: {
    value: 100,
    unit: 'times',
    reason:
      'How much more than it has an archive may unpack to, beyond the first MiB; source stays below 20 (FAULTS 81).',
  },
  archive_entries: { value: 2_000, unit: 'entries', reason: 'Files and folders of an archive together (FAULTS 82).' },
  archive_depth: { value: 16, unit: 'levels', reason: 'Folders of an archive inside one another (FAULTS 82).' },
  archive_path_characters: { value: 200, unit: 'characters', reason: 'Of one name in an archive (FAULTS 79).' },
  signature_bytes: { value: 8 * KIB, unit: 'bytes', reason: 'A detached signature; a Sigstore bundle fits, too.' },
  index_bytes: {
    value: 4 * MIB,
    unit: 'bytes',
    reason: 'Of the signed document of an index; an entry has about 1.5 KiB. Its archives are files of their own.',
  },
  index_keys: { value: 400_000, unit: 'keys', reason: 'Members and items of an index; an entry has about 60.' },
  index_versions: { value: 10_000, unit: 'versions', reason: 'Of all plugins of an index together.' },
  index_fetch_ms: { value: 30_000, unit: 'ms', reason: 'For one file of an index; 10 MiB at 350 KiB/s.' },
  index_redirects: { value: 3, unit: 'redirects', reason: 'To the same host only; a CDN needs one.' },
  workshop_ms: { value: 20_000, unit: 'ms', reason: 'Review and bundle of the largest tree take under 5 s.' },
  workshop_memory_bytes: {
    value: 512 * MIB,
    unit: 'bytes',
    reason: 'Measured peaks: 190 MiB for zod, 400 MiB for 1 MiB of dense source.',
  },
  init_timeout_ms: { value: 10_000, unit: 'ms', reason: 'Import and onLoad together; the host does not wait longer.' },
  boot_timeout_ms: { value: 10_000, unit: 'ms', reason: 'Node in the strongest sandbox starts in 0.1 s.' },
  abort_grace_ms: { value: 250, unit: 'ms', reason: 'Time to answer an abort before the kill.' },
  kill_after_deadline_ms: { value: 350, unit: 'ms', reason: 'At the latest here the whole group is killed.' },
  shutdown_grace_ms: { value: 2_000, unit: 'ms', reason: 'onUnload and cleanup together (FAULTS 8).' },
  idle_timeout_ms: { value: 300_000, unit: 'ms', reason: 'An instance unused this long is stopped.' },
  hook_timeout_ms: { value: 2_000, unit: 'ms', reason: 'A hook sits in front of somebody who waits.' },
  health_timeout_ms: { value: 5_000, unit: 'ms', reason: 'A health check that hangs says error.' },
  health_interval_ms: { value: 300_000, unit: 'ms', reason: 'Between two health checks of an instance (F004-13).' },
  health_checks_at_once: { value: 32, unit: 'checks', reason: 'Of the whole host; others come a second later.' },
  temp_bytes: {
    value: 64 * MIB,
    unit: 'bytes',
    reason: 'In the temp folder of one instance; 256 guests that fill theirs stay below 16 GiB.',
  },
  temp_files: {
    value: 1_000,
    unit: 'files',
    reason:
      'Files and folders in the temp folder of one instance; counting them takes the host 20 ms, again and again.',
  },
  temp_file_bytes: {
    value: 8 * MIB,
    unit: 'bytes',
    reason: 'One file; the kernel refuses more (EFBIG), so that nothing outgrows the other bounds at once.',
  },
  health_metrics_bytes: { value: 16 * KIB, unit: 'bytes', reason: 'JSON of the figures of one health report.' },
  timeout_ms: { value: 600_000, unit: 'ms', reason: 'Hard maximum of limits.timeout_ms.' },
  cpu_ms: { value: 600_000, unit: 'ms', reason: 'Hard maximum of limits.cpu_ms.' },
  memory_mb: { value: 4_096, unit: 'MiB', reason: 'Hard maximum of limits.memory_mb.' },
  output_bytes: { value: 16 * MIB, unit: 'bytes', reason: 'Hard maximum of limits.output_bytes.' },
  concurrency: { value: 1_024, unit: 'calls', reason: 'Hard maximum of limits.concurrency.' },
  calls_per_second: {
    value: 100_000,
    unit: 'calls',
    reason: 'Hard maximum of limits.calls_per_second; more than a host can take.',
  },
  instances: { value: 64, unit: 'guests', reason: 'Hard maximum of limits.instances.' },
  queue_length: { value: 1_024, unit: 'calls', reason: 'Calls that wait for one release and scope (FAULTS 109).' },
  calls_in_flight: { value: 10_000, unit: 'calls', reason: 'Of the whole host; beyond it calls wait.' },
  calls_waiting: {
    value: 2_048,
    unit: 'calls',
    reason: 'Of the whole host, while it is full; no tenant takes more than it leaves free.',
  },
  guests: { value: 256, unit: 'guests', reason: 'Of the whole host: 256 idle guests are about 4 GiB.' },
  ...STDIO_LIMITS,
  tools: { value: 256, unit: 'tools', reason: 'Of one plugin; agents cannot choose among more.' },
  entry_points: { value: 256, unit: 'entry points', reason: 'Of one plugin; as many as tools.' },
  ...MCP_LIMITS,
  tool_schema_bytes: { value: 64 * KIB, unit: 'bytes', reason: 'One parameters schema.' },
  log_ring_bytes: { value: 64 * KIB, unit: 'bytes', reason: "What is kept of one guest's stdout and stderr." },
  call_output_bytes: { value: 16 * KIB, unit: 'bytes', reason: 'stdout and stderr of one CallReport, each.' },
  log_flood_bytes: {
    value: 8 * MIB,
    unit: 'bytes',
    reason: 'stdout and stderr of one guest within a second; a guest beyond it is killed (FAULTS 36).',
  },
  log_lines_per_second: {
    value: 100,
    unit: 'lines',
    reason: 'Of one guest’s logger; more is left out, and the log says how many lines were.',
  },
  log_fields_keys: { value: 64, unit: 'keys', reason: 'Of the fields of one log line, all levels together.' },
  log_fields_depth: { value: 4, unit: 'levels', reason: 'Fields are for search; documents belong elsewhere.' },
  log_line_characters: { value: 10_000, unit: 'characters', reason: 'A longer line is cut.' },
  stream_window_bytes: {
    value: 512 * KIB,
    unit: 'bytes',
    reason: 'How far a streaming tool may be ahead of its reader; enough for 100 MB/s, little beside 10,000 calls.',
  },
  stream_chunk_overhead_bytes: {
    value: 256,
    unit: 'bytes',
    reason: 'What each chunk counts beside its own bytes, so that tiny ones are bounded too.',
  },
  progress_interval_ms: {
    value: 100,
    unit: 'ms',
    reason: 'A person reads no faster; what is said between is skipped.',
  },
  ...SERVICE_LIMITS,
  ...TASK_LIMITS,
  journal_lines: {
    value: 1_000,
    unit: 'lines',
    reason: 'What is kept of the log of one plugin and tenant, in memory; also of one answer.',
  },
  journal_characters: {
    value: 256 * KIB,
    unit: 'characters',
    reason: 'Of those lines together, with what each costs beside its text.',
  },
  journals_characters: {
    value: 32 * MIB,
    unit: 'characters',
    reason: 'Of all plugins and tenants; beyond it whoever holds most loses its oldest lines.',
  },
  log_followers: { value: 128, unit: 'streams', reason: 'Of one server; each holds a connection.' },
  log_followers_of_tenant: { value: 16, unit: 'streams', reason: 'Leaves room to the other tenants.' },
  log_follow_beat_ms: {
    value: 15_000,
    unit: 'ms',
    reason: 'A follower’s right is looked at again, and proxies see that the stream lives.',
  },
  error_text_characters: { value: 2_000, unit: 'characters', reason: 'Thrown text that an outcome carries.' },
  reason_characters: { value: 2_000, unit: 'characters', reason: 'A reason is read by an operator.' },
  stack_frames: { value: 20, unit: 'frames', reason: 'Mapped through the source map for the log.' },
  stack_characters: { value: 16_000, unit: 'characters', reason: 'A stack that a guest reports.' },
  moves: {
    value: 50,
    unit: 'rows',
    reason: 'Moves kept per registration, to come back by and to look at; the audit log keeps all.',
  },
  probation_ms: {
    value: 600_000,
    unit: 'ms',
    reason: 'After an upgrade; a breaker that opens within it takes the upgrade back.',
  },
  rollout_steps: { value: 100, unit: 'steps', reason: 'Of one rollout; finer shares move nobody.' },
  rollout_wait_ms: {
    value: 7 * 24 * 3_600_000,
    unit: 'ms',
    reason: 'Hard maximum between two steps of a rollout; the probation where none is given.',
  },
  recorded_calls: {
    value: 1_000,
    unit: 'calls',
    reason: 'Of one tenant and plugin, the newest; an evaluation draws its cases from them.',
  },
  recorded_params_bytes: {
    value: 64 * KIB,
    unit: 'bytes',
    reason: 'JSON of the parameters; a call with more is not recorded.',
  },
  recorded_value_bytes: {
    value: 16 * KIB,
    unit: 'bytes',
    reason: 'JSON of the value; of a larger one its SHA-256 is kept.',
  },
  recorded_waiting: {
    value: 256,
    unit: 'calls',
    reason: 'Recorded and not stored yet, on one node: 20 MiB at most; what comes beyond is not recorded.',
  },
  recorded_hashed_bytes: {
    value: 256 * KIB,
    unit: 'bytes',
    reason: 'JSON of a value of which the SHA-256 is kept; to read a larger one would keep other calls waiting.',
  },
  recorded_per_second: {
    value: 50,
    unit: 'calls',
    reason:
      'Of one tenant and plugin, on one node: the thousand that are kept are there in seconds, and others are not held up.',
  },
  recorded_listed: { value: 1_000, unit: 'calls', reason: 'What one request may read of recorded calls.' },
  evaluation_report_bytes: {
    value: 4 * MIB,
    unit: 'bytes',
    reason: 'JSON of the report of one evaluation; of a larger one is kept how large it was.',
  },
  evaluation_summary_bytes: { value: 16 * KIB, unit: 'bytes', reason: 'JSON of the numbers that lists show.' },
  evaluation_reasons: { value: 64, unit: 'reasons', reason: 'Of one verdict, each of 1,000 characters at most.' },
  gate_cases: { value: 10_000, unit: 'cases', reason: 'What one comparison of two releases may run on each of them.' },
  gate_shadow_calls: { value: 10_000, unit: 'calls', reason: 'What one evaluation may mirror to the candidate.' },
  evaluations_listed: { value: 100, unit: 'evaluations', reason: 'What one request may read.' },
  evaluation_retention_ms: {
    value: 400 * 86_400_000,
    unit: 'ms',
    reason: 'An evaluation that has ended is kept so long: why a release was let in is asked a year later, too.',
  },
  transitions: { value: 200, unit: 'rows', reason: 'Lifecycle history kept per plugin and scope in memory.' },
} as const satisfies Record<string, Limit>;

/**
 * Name of a row of the table.
 *
 * @public
 */
export type LimitName = keyof typeof LIMITS;

/**
 * What a release may use; the manifest's `limits` with every default filled in.
 *
 * @public
 */
export type GuestLimits = {
  readonly timeout_ms: number;
  readonly cpu_ms: number;
  readonly memory_mb: number;
  readonly output_bytes: number;
  readonly concurrency: number;
  readonly instances: number;
  /** Of one tenant; without it as many as the host takes. */
  readonly calls_per_second?: number;
};

/**
 * Named defaults (CONTRACTS decision 3). An operator may lower them, and raise them up to the hard maximum; a plugin
 * may only ask.
 *
 * @experimental
 */
export const LIMIT_PROFILES = {
  plugin: { timeout_ms: 30_000, cpu_ms: 30_000, memory_mb: 512, output_bytes: MIB, concurrency: 8, instances: 2 },
  analysis: { timeout_ms: 60_000, cpu_ms: 60_000, memory_mb: 1_024, output_bytes: MIB, concurrency: 8, instances: 2 },
  case: { timeout_ms: 2_000, cpu_ms: 2_000, memory_mb: 512, output_bytes: MIB, concurrency: 1, instances: 2 },
  execute: { timeout_ms: 60_000, cpu_ms: 60_000, memory_mb: 1_024, output_bytes: MIB, concurrency: 1, instances: 2 },
} as const satisfies Record<string, GuestLimits>;
