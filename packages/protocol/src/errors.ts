/**
 * The one error table: every code that Bulkhead answers with, whom it is for, and how each door says it.
 * `docs/errors.md` is this table; a test holds both and the type equal, and another provokes every code.
 * Codes read AREA_PROBLEM and are never reused.
 */
import { errorRows } from './error-rows.ts';

/**
 * The table, by code; in the order of the outcome kinds.
 *
 * @public
 */
export const ERRORS = {
  ...errorRows('tool_error', {
    PLUGIN_THREW: {
      message: 'the plugin threw while it served the call',
      hint: "Fix the plugin; its stack, with source lines, is in the plugin's log.",
    },
    TOOL_REPORTED_ERROR: {
      message: 'the tool answered success = false',
      hint: "Read the message: it is the tool's own, about this input.",
    },
    PROVIDER_REFUSED: {
      message: 'the provider of a language model did not answer',
      hint: 'Read the message: it is the backend’s own. 401 and 403 mean its key, 429 its quota, 5xx that the provider is down.',
    },
    IMPORT_REFUSED: {
      message: 'the plugin imported a module that the sandbox does not give',
      hint: 'Import only pure built-ins and bundled packages; ask for a permission where the host offers the capability.',
    },
    ACCESS_REFUSED: {
      message: 'the plugin attempted something that its sandbox refuses',
      hint: 'Remove the attempt, or ask for a permission where the host offers the capability.',
    },
    LOAD_FAILED: {
      message: "the plugin's module could not be loaded",
      hint: 'Fix the import that the reason names; `bulkhead check DIR` shows it with file and line.',
    },
    INIT_FAILED: {
      message: 'the plugin threw, or answered false, while it was initialised',
      hint: "Fix what the message names, mostly in the plugin's onLoad or initPlugin; then reload it.",
    },
    MCP_TOOLS_CHANGED: {
      message: 'the MCP server lists other tools than those that its release pins',
      hint: 'Look at what changed; `bulkhead init` makes a new release of it, which each tenant has to consent to.',
    },
    MCP_VERSION: {
      message: 'the MCP server speaks no revision of the protocol that this host does',
      hint: 'Use a version of the server that speaks a revision from 2024-11-05 to 2025-11-25.',
    },
  }),
  ...errorRows('invalid_input', {
    PARAMS_INVALID: {
      message: "the parameters do not match the tool's schema",
      hint: 'Correct the fields that the message names; `GET /v1/tools` shows the schema.',
    },
    LLM_REQUEST_INVALID: {
      message: 'what a language model is asked is not of the form that a backend takes',
      hint: 'Give `prompt`, or `options.messages` with role and content each; docs/PLUGIN_SDK.md has the form.',
    },
    TASK_ID_TAKEN: {
      status: 409,
      message: 'the id of the task is in use',
      hint: 'Leave `id` out, or choose 32 random hexadecimal digits.',
    },
    AGENT_RUN_SETTLED: {
      status: 409,
      message: 'the run of the agent waits for no approval',
      hint: 'Read the run: `status` says where it is, and `approvals` what it waits for.',
    },
    AGENT_APPROVALS_INVALID: {
      message: 'the decisions are not about what the run of the agent waits for',
      hint: 'Give one decision for each `id` that `approvals` of the run lists, and no other.',
    },
    TIMEOUT_INVALID: {
      message: 'timeout_ms is not a positive whole number of milliseconds',
      hint: 'Leave timeout_ms out, or give a whole number of at least 1.',
    },
    REQUEST_INVALID: {
      message: 'the request is not of the form that this route takes',
      hint: 'Compare the request with `/openapi.json`.',
    },
    SERVICE_ASK_INVALID: {
      audience: 'author',
      message: 'the plugin asked a service of the host for something that it does not take',
      hint: 'Correct the argument that the message names; docs/PLUGIN_SDK.md shows what each service takes.',
    },
    VALIDATION_FAILED: {
      status: 422,
      message: 'a value of the request does not fit',
      hint: 'Mend what the message names; `/openapi.json` says what is expected.',
    },
    REQUEST_TOO_LARGE: {
      status: 413,
      message: 'the request body is larger than the server takes',
      hint: 'Send at most 2 MiB, of a plugin archive 10 MiB.',
    },
    REQUEST_TYPE_UNSUPPORTED: {
      status: 415,
      message: 'the request body is not of a content type that this route takes',
      hint: 'Send `Content-Type: application/json`.',
    },
    REQUEST_HEADERS_TOO_LARGE: {
      status: 431,
      message: 'the request line and headers are larger, or more, than the server takes',
      hint: 'Send fewer and shorter headers; docs/limits.md gives the bounds.',
    },
    REQUEST_TIMEOUT: {
      status: 408,
      retryable: true,
      message: 'the request did not arrive in time',
      hint: 'Send headers and body without pauses; docs/limits.md gives the bounds.',
    },
    INSTALL_FORM_UNSUPPORTED: {
      message: 'this server takes no plugins from npm by itself',
      hint: 'Run `bulkhead install npm:NAME@VERSION`, which sends the package; or set `install.npm = true` in bulkhead.toml.',
    },
    IDEMPOTENCY_CONFLICT: {
      status: 409,
      message: 'the idempotency key was used with other parameters',
      hint: 'Use a new key for other parameters; a key is kept for 24 hours.',
    },
    DEPENDENTS_ENABLED: {
      audience: 'operator',
      status: 409,
      message: 'other plugins of the tenant depend on the plugin, and are enabled',
      hint: 'Disable those that the message names first, or all at once: `bulkhead disable NAME --cascade`.',
    },
    CASSETTE_INVALID: {
      audience: 'operator',
      status: 422,
      message: 'the cassette cannot be read or written',
      hint: 'Name a file that was recorded, or record it anew in a folder that can be written.',
    },
    SOURCE_NOT_FOUND: {
      audience: 'operator',
      status: 422,
      message: 'the plugin folder does not exist or cannot be read',
      hint: 'Name an existing folder that holds a plugin.json.',
    },
    SOURCE_TOO_LARGE: {
      audience: 'author',
      status: 413,
      message: 'the plugin folder is larger than may be read',
      hint: 'Remove what does not belong to the plugin; docs/limits.md gives the bounds.',
    },
    SOURCE_ESCAPES: {
      audience: 'author',
      status: 422,
      message: 'the plugin folder holds a link that leaves it',
      hint: 'Replace the link by the file itself.',
    },
    ARCHIVE_INVALID: {
      audience: 'author',
      status: 422,
      message: 'the plugin archive is no .tgz or .zip that can be read whole',
      hint: 'Make it anew with `bulkhead pack DIR`.',
    },
    ARCHIVE_PATH: {
      audience: 'author',
      status: 422,
      message: 'the plugin archive holds a name that is no plain path inside it',
      hint: 'Make it anew with `bulkhead pack DIR`; names are relative, of at most 200 characters, without "..", "\\" or control characters.',
    },
    ARCHIVE_ENTRY_TYPE: {
      audience: 'author',
      status: 422,
      message: 'the plugin archive holds something other than files and folders',
      hint: 'Replace links by the files themselves; `bulkhead pack DIR` makes an archive of files alone.',
    },
    ARCHIVE_ENTRIES: {
      audience: 'author',
      status: 422,
      message: 'the plugin archive holds more entries, or deeper folders, than may be read',
      hint: 'Pack only what the plugin imports, as `bulkhead pack DIR` does; docs/limits.md gives the bounds.',
    },
    ARCHIVE_DUPLICATE: {
      audience: 'author',
      status: 422,
      message: 'the plugin archive holds two entries whose names are the same on some machine',
      hint: 'Give each file a name of its own, in more than upper and lower case; then pack anew.',
    },
    ARCHIVE_CHECKSUM: {
      audience: 'author',
      status: 422,
      message: 'the plugin archive is not what its CHECKSUM.sha256 says',
      hint: 'Take the archive from its author again; whoever changed it packs anew.',
    },
    ARCHIVE_TOO_LARGE: {
      audience: 'author',
      status: 413,
      message: 'the plugin archive is larger, or unpacks to more, than may be read',
      hint: 'Pack only what the plugin imports, as `bulkhead pack DIR` does; docs/limits.md gives the bounds.',
    },
    PACK_REFUSED: {
      audience: 'author',
      status: 422,
      message: 'the folder holds what may not be published, or lacks what must be',
      hint: 'Mend what the findings name; `bulkhead pack DIR` lists them all.',
    },
    INDEX_INVALID: {
      audience: 'operator',
      status: 422,
      message: 'what lies there is no plugin index that can be read',
      hint: 'Name the folder or address in which index.json lies; whoever keeps it writes it with `bulkhead index build DIR`.',
    },
    INDEX_UNREACHABLE: {
      audience: 'operator',
      status: 422,
      message: 'a file of the index could not be fetched',
      hint: 'Look at the address and at the network; an index is served over https, or over http from this machine.',
    },
    INDEX_REFUSED: {
      audience: 'operator',
      status: 422,
      message: 'the index does not take what it was given',
      hint: 'Mend what the findings name; nothing in the index has changed.',
    },
    NPM_FETCH_FAILED: {
      audience: 'operator',
      status: 422,
      message: 'the npm client did not bring the package',
      hint: 'Look at name, version and registry: `npm view NAME@VERSION dist` must answer.',
    },
    MANIFEST_INVALID: {
      audience: 'author',
      status: 422,
      message: 'plugin.json is not a valid manifest',
      hint: 'Correct the fields that the findings name; `bulkhead check DIR` shows them all.',
    },
    REVIEW_REFUSED: {
      audience: 'author',
      status: 422,
      message: 'the review found code that may not run',
      hint: 'Remove what the findings name; `bulkhead check DIR` shows file and line.',
    },
    REVIEW_LIMIT: {
      audience: 'author',
      status: 422,
      message: 'the review ran into its time or memory limit',
      hint: 'Split or shrink the source file that the message names; an author file may have 1 MiB.',
    },
    BUNDLE_FAILED: {
      audience: 'author',
      status: 422,
      message: 'the plugin could not be bundled',
      hint: 'Fix the error at the file and line that the finding names.',
    },
    BUNDLE_ESCAPES: {
      audience: 'author',
      status: 422,
      message: 'an import or a source map reference leaves the plugin folder',
      hint: 'Copy what is needed into the plugin folder and refer to it by a relative path.',
    },
    CONFIG_INVALID: {
      audience: 'operator',
      status: 422,
      message: 'the configuration does not match what is expected',
      hint: 'Correct the key that the message names.',
    },
    SECRET_UNDECLARED: {
      audience: 'operator',
      status: 422,
      message: 'the release that the tenant runs declares no secret of this name',
      hint: 'Use a name that plugin.json lists under `secrets`.',
    },
    SECRET_REFUSED: {
      audience: 'operator',
      status: 422,
      message: 'the secret cannot be kept',
      hint: 'Give a text of 1 byte to 16 KiB; docs/limits.md gives the bounds.',
    },
    TRIAL_FAILED: {
      audience: 'author',
      status: 422,
      message: 'the release did not load in its trial, and nothing has changed',
      hint: 'Mend what the message names and install a new version; `"gate": "none"` moves without a trial.',
    },
    REASON_VAGUE: {
      audience: 'author',
      status: 422,
      message: 'the reason does not tell an operator what to do',
      hint: 'Say the class, the message and the cause: `ImportError: No module named "torch" (GPU plugin needs PyTorch)`.',
    },
  }),
  ...errorRows('invalid_output', {
    LLM_ANSWER_INVALID: {
      message: 'the backend of a language model answered what is no answer',
      hint: 'Fix the backend: it answers a text, or pieces with text, tool_calls, usage and finish_reason.',
    },
    RESULT_INVALID: {
      message: 'the result does not match the schema that the tool declares',
      hint: 'Fix the tool or its `returns` schema.',
    },
    RESULT_UNSERIALIZABLE: {
      message: 'the result cannot be written as JSON',
      hint: 'Return plain data: no cycles, no BigInt, no getter that throws.',
    },
    RESULT_TOO_DEEP: {
      message: 'the result is nested deeper than 64 levels',
      hint: 'Return a flatter value.',
    },
  }),
  ...errorRows('output_too_large', {
    RESULT_TOO_LARGE: {
      message: 'the result is larger than limits.output_bytes allows',
      hint: 'Return less, or raise limits.output_bytes in plugin.json (at most 16 MiB).',
    },
    LOG_FLOOD: {
      message: 'the plugin wrote more to stdout and stderr than a guest may',
      hint: "Log less; the guest was ended and its last lines are in the plugin's log.",
    },
  }),
  ...errorRows('denied', {
    EGRESS_REFUSED: {
      audience: 'author',
      message: 'a request to the network is not allowed',
      hint: 'List the host and its port in network.allow of plugin.json; `docs/security.md` says what never goes out.',
    },
    CLIENT_REFUSED: {
      audience: 'author',
      message: 'the client did not answer what it was asked',
      hint: 'Go on without it: whoever sits in front of the client, or the client itself, would not or could not.',
    },
    AUTH_REQUIRED: {
      audience: 'caller',
      status: 401,
      message: 'a valid bearer token is needed',
      hint: 'Send `Authorization: Bearer TOKEN`; `serve` prints where the platform token is.',
    },
    AUTH_ATTEMPTS_EXCEEDED: {
      audience: 'caller',
      status: 429,
      message: 'too many wrong tokens came from this address',
      hint: 'Send the right token, which is never held back; else wait for the time in Retry-After.',
    },
    ROLE_TOO_LOW: {
      message: 'the token may not do this',
      hint: 'Use a token of the role that the message names.',
    },
    REPAIR_DISABLED: {
      message: 'this server lends no recorded calls to repairs',
      hint: 'Set `repair.enabled = true` in bulkhead.toml, or give calls of your own: `bulkhead repair DIR --calls FILE`.',
    },
    SIGNATURE_INVALID: {
      message: 'the signature is not one of this archive by a key that may sign it',
      hint: 'Take archive and signature from the publisher again; `bulkhead verify FILE` says what is wrong.',
    },
    SIGNATURE_MISSING: {
      message: 'the release is not signed, and this server takes signed releases only',
      hint: 'Sign its archive: `bulkhead sign FILE --key KEY`; or set `install.unsigned` to "warn" in bulkhead.toml.',
    },
    INDEX_BLOCKED: {
      message: 'the index has blocked this release',
      hint: 'Install another version; whoever keeps the index says why it is blocked.',
    },
    INDEX_STALE: {
      message: 'the index has ended, or is older than one that was seen before',
      hint: 'Have whoever keeps the index publish it again; an old copy hides what was blocked since.',
    },
    HOST_HEADER_REFUSED: {
      audience: 'caller',
      message: 'the Host header names another server than this one',
      hint: 'Call the server by the address that `serve` printed; it answers no other name while it is bound to loopback.',
    },
    SCOPE_MISSING: {
      message: "the caller's token lacks a scope that the tool needs",
      hint: 'Use a token with the scope that the message names.',
    },
    PERMISSION_NOT_GRANTED: {
      message: 'the registration was not granted a permission that the plugin needs',
      hint: 'Grant it: `bulkhead serve --grant NAME=PERMISSION`.',
    },
    CALL_CIRCULAR: {
      audience: 'author',
      message: 'plugins call one another in a circle',
      hint: 'Break the circle that the message shows: a plugin cannot call one that waits for it.',
    },
    CALL_TOO_DEEP: {
      audience: 'author',
      message: 'plugins call one another more deeply than the host allows',
      hint: 'Call fewer plugins one within the other; docs/limits.md gives the bound.',
    },
    EVENT_TOO_DEEP: {
      audience: 'author',
      message: 'plugins answer events by events in a longer row than the host allows',
      hint: 'Break the circle: do not publish, while an event is handled, what leads to it again; docs/limits.md gives the bound.',
    },
    HOOK_VETOED: {
      audience: 'caller',
      message: 'a hook refused the call',
      hint: "The message names the hook's plugin and its reason.",
    },
    HOOK_FAILED: {
      message: 'a gate hook did not answer, so the call was refused',
      hint: "Mend or disable the hook's plugin that the message names.",
    },
  }),
  ...errorRows('over_quota', {
    AGENT_RUNS_FULL: {
      message: 'the tenant has as many runs of agents under way as it may have on one node',
      hint: 'Wait for one to end, or cancel one.',
    },
    LLM_BUDGET_EXCEEDED: {
      message: 'the tenant has used up its budget for language models',
      hint: 'Try again after the time in Retry-After, which is midnight UTC, or have the quota that `limit` names raised.',
    },
    EGRESS_QUOTA_EXCEEDED: {
      message: 'the tenant has used up what its plugins may send and receive in a day',
      hint: 'Try again after midnight UTC, or have the quota `egress_bytes_per_day` raised.',
    },
    EGRESS_LIMIT: {
      audience: 'author',
      message: 'a request to the network, or its answer, is larger or takes longer than it may',
      hint: 'Ask for less at a time; `docs/limits.md` has each bound that begins with egress_.',
    },
    TENANT_QUOTA_EXCEEDED: {
      message: 'the tenant has used up one of its quotas',
      hint: 'Try again after the time in Retry-After, or have the quota that `limit` names raised.',
    },
    PLUGIN_RATE_EXCEEDED: {
      message: 'the plugin is called more often than it takes calls',
      hint: 'Try again after the time in Retry-After; limits.calls_per_second of its manifest or the operator sets the rate.',
    },
    SERVICE_QUOTA_EXCEEDED: {
      audience: 'author',
      message: 'the plugin asks the services of the host more often than it may',
      hint: 'Await what was asked before asking again, and keep what seldom changes.',
    },
  }),
  ...errorRows('overloaded', {
    HOST_OVERLOADED: {
      message: 'more calls are waiting than the plugin or the server may queue',
      hint: 'Try again after the time in Retry-After; raise limits.instances or limits.concurrency.',
    },
    IDEMPOTENCY_RUNNING: {
      status: 409,
      message: 'a call with this idempotency key has not ended yet',
      hint: 'Try again, with the same key, after the time in Retry-After.',
    },
  }),
  ...errorRows('timeout', {
    CALL_TIMEOUT: {
      message: 'the call did not end within its time limit',
      hint: 'Give a longer timeout_ms, or make the tool faster.',
    },
    AGENT_RUN_TIMEOUT: {
      audience: 'caller',
      message: 'the run of the agent did not end within its time limit',
      hint: 'Give a longer timeout_ms, or fewer steps; the run has what it came to.',
    },
    CALL_CPU_LIMIT: {
      retryable: false,
      message: 'the call used more CPU time than limits.cpu_ms allows',
      hint: 'Make the tool cheaper, or raise limits.cpu_ms in plugin.json.',
    },
    INIT_TIMEOUT: {
      message: 'the plugin did not finish its import and onLoad in time',
      hint: 'Do less at load; move work into the first call.',
    },
  }),
  ...errorRows('out_of_memory', {
    GUEST_OUT_OF_MEMORY: {
      message: 'the plugin needed more memory than limits.memory_mb allows',
      hint: 'Use less memory, or raise limits.memory_mb in plugin.json.',
    },
  }),
  ...errorRows('crashed', {
    GUEST_CRASHED: {
      message: "the plugin's process died of a signal or a native failure",
      hint: "The signal is in the message; the process's last lines are in the plugin's log.",
    },
    GUEST_EXITED: {
      message: 'the plugin ended its own process during a call',
      hint: 'Remove process.exit from the plugin; return or throw instead.',
    },
    TEMP_DIR_LIMIT: {
      message: "the plugin's temp folder held more than it may",
      hint: 'Write less below context.tempDir, and remove files as soon as they are not needed.',
    },
    STATE_LIMIT: {
      retryable: false,
      message: 'the folder that the MCP server keeps for its tenant holds more than it may',
      hint: 'Have the server remove what it no longer needs; the operator may, below `state` of the data directory.',
    },
    GUEST_UNHANDLED_REJECTION: {
      message: 'a promise of the plugin was rejected and nobody handled it',
      hint: 'Await or catch every promise that the plugin makes.',
    },
    GUEST_UNCAUGHT: {
      message: 'an error was thrown outside of any call of the plugin',
      hint: 'Catch errors in timers and event handlers.',
    },
    GUEST_LOST: {
      message: 'another call ended the guest that served this one too',
      hint: 'Try again; the call was not at fault.',
    },
    INIT_EXITED: {
      message: "the plugin's process ended before the plugin was ready",
      hint: "Remove process.exit and unsettled top-level awaits from the plugin's load.",
    },
  }),
  ...errorRows('cancelled', {
    CALL_CANCELLED: { message: 'the caller cancelled the call', hint: 'Nothing to do.' },
  }),
  ...errorRows('protocol_violation', {
    FRAME_TOO_LARGE: {
      message: 'the guest announced a frame larger than it may send',
      hint: 'The guest was ended. A plugin that writes to the channel itself is broken or hostile.',
    },
    FRAME_MALFORMED: {
      message: 'the guest sent bytes that are no frame',
      hint: 'The guest was ended. A plugin that writes to the channel itself is broken or hostile.',
    },
    FRAME_SCHEMA: {
      message: 'the guest sent a message of the wrong shape or at the wrong time',
      hint: 'The guest was ended. A plugin that writes to the channel itself is broken or hostile.',
    },
    FRAME_UNKNOWN_ID: {
      message: 'the guest kept answering calls that were never made',
      hint: 'The guest was ended. A plugin that writes to the channel itself is broken or hostile.',
    },
    FRAME_FLOOD: {
      message: 'the guest sent more messages in a second than it may',
      hint: 'The guest was ended. A plugin that writes to the channel itself is broken or hostile.',
    },
  }),
  ...errorRows('breaker_open', {
    BREAKER_OPEN: {
      message: 'the plugin died too often, so calls are held back',
      hint: 'Wait for the time in Retry-After, or mend the plugin and reload it.',
    },
  }),
  ...errorRows('unavailable', {
    COMMAND_UNAVAILABLE: {
      retryable: false,
      message: 'a command of a plugin cannot be run in a sandbox of its own on this machine',
      hint: 'Do what the message ends with; `bulkhead doctor` shows what this machine has for sandboxes.',
    },
    LLM_UNAVAILABLE: {
      message: 'no backend of a language model can be asked',
      hint: 'Enable a plugin that offers one, such as `llm_openrouter`; one that failed again and again rests for a while.',
    },
    EGRESS_UNMATCHED: {
      audience: 'author',
      message: 'a request to the network is not in the cassette that is played back',
      hint: 'Record the cassette anew, or ask for what it holds; nothing goes out in replay.',
    },
    EGRESS_FAILED: {
      audience: 'author',
      message: 'a host on the network did not answer',
      hint: 'Look whether the host is there and what it answers; try again where the message tells of a fault that passes.',
    },
    PLUGIN_UNAVAILABLE: {
      retryable: false,
      message: 'the plugin cannot be loaded until something is installed or provided',
      hint: 'Do what the reason ends with; then reload the plugin.',
    },
    PLUGIN_REFUSED: {
      audience: 'author',
      retryable: false,
      message: 'the plugin was refused at install and has no release to run',
      hint: 'Mend what the reason names; then install it again.',
    },
    SANDBOX_TOO_WEAK: {
      message: "this machine's sandbox is weaker than the plugin, its tenant or the operator asks",
      hint: '`bulkhead doctor` shows each layer and what would raise it.',
    },
    HOST_SPAWN_FAILED: {
      message: 'the server could not start a process for the plugin',
      hint: 'Look for exhausted memory, processes or file descriptors on the server; then try again.',
    },
    QUEUE_NOT_INSTALLED: {
      retryable: false,
      message: 'this server has no task queue',
      hint: 'Use a server that `bulkhead serve` started, or give `createServer` a queue.',
    },
    GUARD_NOT_INSTALLED: {
      retryable: false,
      message: 'the gate "guard" is not available on this server',
      hint: 'Use the gate "trial", which loads the release in the sandbox first, or "none".',
    },
    STORAGE_UNAVAILABLE: {
      message: "the server's storage did not answer",
      hint: 'Look at the storage; then try again.',
    },
    DATABASE_NEWER: {
      retryable: false,
      message: 'the database was migrated by a newer Bulkhead',
      hint: 'Start that version, or take its migrations back with its own `bulkhead migrate down`.',
    },
    MIGRATION_FAILED: {
      retryable: false,
      message: 'the database refused a migration, and nothing has changed',
      hint: 'The log has what the database said. Look at the rights of its user, and for tables of others of the same name.',
    },
    HOST_FAULT: {
      retryable: false,
      message: 'the server met an error of its own',
      hint: 'The server goes on; its log has the error under the same call or request id. Please report it.',
    },
    DATA_LOCKED: {
      status: 409,
      retryable: false,
      message: 'another server holds the data directory',
      hint: 'Stop the server that the message names, or use another --data directory.',
    },
    DATA_UNUSABLE: {
      retryable: false,
      message: 'the data directory cannot be made or written',
      hint: 'Name a folder that the server may write to with --data, or make room where it lies.',
    },
    ARTIFACT_MISSING: {
      retryable: false,
      message: 'a release is registered, and its artifact is not in the data directory',
      hint: 'Install the plugin again from its source.',
    },
    ARTIFACT_CORRUPT: {
      retryable: false,
      message: 'a stored artifact no longer has the digest that names it',
      hint: 'Install the plugin again from its source.',
    },
    CLIENT_UNABLE: {
      audience: 'author',
      retryable: false,
      message: 'whoever made the call cannot be asked for this',
      hint: 'Do without: only MCP clients can be asked, and only for what they said they can.',
    },
    SECRET_MISSING: {
      retryable: false,
      message: 'the plugin needs a secret that is not set for the tenant',
      hint: 'Set it: `bulkhead secrets set PLUGIN NAME`.',
    },
    SECRET_CORRUPT: {
      retryable: false,
      message: 'a stored secret was changed or moved since it was set',
      hint: 'Set it again: `bulkhead secrets set PLUGIN NAME`; and look at who writes the database.',
    },
    SECRETS_KEY_UNUSABLE: {
      retryable: false,
      message: 'the key that the secrets are encrypted with is not here, or cannot be used',
      hint: 'Give it as BULKHEAD_SECRETS_KEY or BULKHEAD_SECRETS_KEY_OLD, or put secrets.key of the data directory back.',
    },
    REGISTRY_AMBIGUOUS: {
      audience: 'caller',
      retryable: false,
      message: 'this process has no open host, or more than one, so there is no single registry',
      hint: 'Use `host.registry` of the host that you mean.',
    },
    PORT_UNAVAILABLE: {
      retryable: false,
      message: 'the address is taken or may not be bound',
      hint: 'Choose another --port or --host; `--port 0` picks a free one.',
    },
  }),
  ...errorRows('disabled', {
    PLUGIN_DISABLED: {
      message: 'the plugin is disabled for this tenant',
      hint: 'Enable it, or call another.',
    },
    REVISION_CONFLICT: {
      status: 412,
      message: 'it was changed by somebody else meanwhile',
      hint: 'Read it again, and send your change with the ETag that it has now.',
    },
    CAPABILITY_CHANGE: {
      message: 'the release asks for more than the one in use, and nobody has consented',
      hint: 'Send it again with `grant`: what it names is granted, and an empty list grants nothing more.',
    },
    ROLLOUT_RUNNING: {
      message: 'a rollout of this plugin is under way',
      hint: 'Wait for its end, or end it: `DELETE /api/v1/plugins/{name}/rollout`.',
    },
    PLUGIN_NAME_TAKEN: {
      audience: 'author',
      message: 'another plugin already has this name',
      hint: 'Rename one of the two; the message names both places.',
    },
    TENANT_NAME_TAKEN: {
      message: 'another tenant already has this name',
      hint: 'Choose another name; `GET /api/v1/tenants` lists those that are taken.',
    },
    EVALUATION_RUNNING: {
      message: 'an evaluation of this plugin is under way for the same registrations',
      hint: 'Wait for its end, or end it: `DELETE /api/v1/evaluations/{id}`.',
    },
    GUARD_REQUIRED: {
      message: 'this server moves registrations to another release on evidence alone',
      hint: 'Ask with the gate "guard"; the operator decides it by `install.guard`.',
    },
    EVALUATION_ENDED: {
      message: 'the evaluation has ended, and nothing comes after its end',
      hint: 'Read how it ended: `GET /api/v1/evaluations/{id}`; a new one may be begun.',
    },
    RELEASE_EXISTS: {
      audience: 'author',
      message: 'this version exists already with other content',
      hint: 'Raise `version` in plugin.json: a version is never rewritten.',
    },
  }),
  ...errorRows('not_found', {
    EVALUATION_NOT_FOUND: {
      message: 'the tenant has no evaluation of this id',
      hint: '`GET /api/v1/evaluations` lists those that are kept.',
    },
    AGENT_RUN_NOT_FOUND: {
      message: 'the tenant has no run of an agent of this id',
      hint: '`GET /v1/agents/runs` lists those that are kept.',
    },
    LLM_BACKEND_NOT_FOUND: {
      message: 'there is no backend of a language model of this name',
      hint: 'Name one of those that the message lists, or none, and one is chosen by weight.',
    },
    TASK_NOT_FOUND: {
      message: 'the tenant has no task of this id',
      hint: '`GET /api/v1/tasks` lists those that are kept: done ones for 14 days, dead ones for 30.',
    },
    PLUGIN_NOT_FOUND: { message: 'no plugin of this name is installed', hint: '`GET /v1/plugins` lists what is.' },
    ROLLOUT_NOT_FOUND: {
      message: 'there was no rollout of this plugin',
      hint: '`POST /api/v1/plugins/{name}/rollout` begins one.',
    },
    RELEASE_NOT_FOUND: {
      message: 'the plugin has no release of this version, or none that this tenant may see',
      hint: '`GET /api/v1/plugins/{name}/releases` lists those that there are for the tenant.',
    },
    TOOL_NOT_FOUND: { message: 'the plugin has no tool of this name', hint: '`GET /v1/tools` lists what there is.' },
    TENANT_NOT_FOUND: { message: 'there is no such tenant', hint: 'Leave the x-bulkhead-tenant header out.' },
    TOKEN_NOT_FOUND: {
      message: 'there is no such token',
      hint: '`GET /api/v1/tenants/{id}/tokens` lists what there is.',
    },
    ROUTE_NOT_FOUND: { message: 'there is no such route', hint: '`/openapi.json` lists the routes.' },
  }),
  ...errorRows('host_restart', {
    HOST_CLOSED: {
      message: 'the server was shut down before the call ended',
      hint: 'Try again when the server is back.',
    },
  }),
} as const;

/**
 * A code of the table.
 *
 * @public
 */
export type ErrorCode = keyof typeof ERRORS;
