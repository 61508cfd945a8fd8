/**
 * Takes from the global scope what would give a plugin authority or tell it about the host. This is hygiene that turns
 * an attempt into a clear error; what binds is below: Node's permission flags and the operating system's layers.
 */

/** Methods of `process` that reach other processes, native code or other modules. */
const REFUSED_METHODS = [
  'binding',
  '_linkedBinding',
  'dlopen',
  'getBuiltinModule',
  'kill',
  '_kill',
  '_debugProcess',
  '_debugEnd',
  'execve',
  'umask',
  'setuid',
  'setgid',
  'seteuid',
  'setegid',
  'setgroups',
  'initgroups',
  'setUncaughtExceptionCaptureCallback',
  'loadEnvFile',
  '_getActiveHandles',
  '_getActiveRequests',
] as const;

/** Properties of `process` that describe the host. */
const BLANKED: Readonly<Record<string, unknown>> = {
  env: Object.freeze(Object.create(null)),
  argv: Object.freeze(['node']),
  execArgv: Object.freeze([]),
  execPath: 'node',
  mainModule: undefined,
  report: undefined,
  channel: undefined,
  send: undefined,
};

/** Global constructors and functions that open sockets. */
const REFUSED_GLOBALS = ['fetch', 'WebSocket', 'EventSource'] as const;

/**
 * Hardens this process for a plugin; called once, before the plugin's first line runs. `fetch` is what stands in the place of
 * Node's; without it there is none.
 */
export function harden(fetch?: typeof globalThis.fetch): void {
  for (const name of REFUSED_METHODS) {
    if (name in process) define(process, name, refuse(`process.${name}`));
  }
  for (const [name, value] of Object.entries(BLANKED)) define(process, name, value);
  for (const name of REFUSED_GLOBALS) {
    // Defining over a lazy global first loads what it stands for: 20 ms and 2 MB for WebSocket. Deleting does not.
    Reflect.deleteProperty(globalThis, name);
    define(globalThis, name, name === 'fetch' && fetch !== undefined ? fetch : refuse(name));
  }
}

/** A refusal looks to the plugin as the kernel's does: an Error whose code says that access was denied. */
function refuse(name: string): () => never {
  return function refused(): never {
    throw Object.assign(new Error(`EPERM: ${name} is refused in the sandbox`), { code: 'ERR_ACCESS_DENIED' });
  };
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: false, enumerable: true });
}
