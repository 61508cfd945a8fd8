/**
 * The logger that parts of the host are given; pino fits it, and so does an embedder's own.
 *
 * @public
 */
export type Log = {
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly error: (fields: object, message: string) => void;
};

const ignore = (): void => undefined;

/** Keeps nothing: the default of an embedded host. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
