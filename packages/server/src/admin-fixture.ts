/**
 * The admin plane as a client of it: requests with a token, tenants and tokens made over HTTP.
 */
import { TOKEN } from './server-fixture.ts';

/** An answer; a body that is empty reads as `{}`. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
};

/** With what a request is sent; the platform token where none is given. */
export type Request = {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A client of one server. */
export type Admin = {
  readonly ask: (method: string, path: string, request?: Request) => Promise<Answer>;
  /** Makes a tenant and returns its id. */
  readonly makeTenant: (name: string) => Promise<string>;
  /** Makes a token of a tenant and returns its text. */
  readonly makeToken: (tenant: string, role: string, more?: object) => Promise<string>;
};

/** Makes a client. */
export function adminOf(url: string): Admin {
  async function ask(method: string, path: string, request: Request = {}): Promise<Answer> {
    const { token = TOKEN, body, headers = {} } = request;
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...type, ...headers },
      ...sent,
    });
    const text = await response.text();
    const read = text === '' ? {} : (JSON.parse(text) as Answer['body']); // Tests look at what is inside.
    return { status: response.status, headers: response.headers, body: read };
  }

  async function made(path: string, body: object): Promise<Answer['body']> {
    const answer = await ask('POST', path, { body });
    if (answer.status !== 201)
      throw new Error(`POST ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  return {
    ask,
    makeTenant: async (name) => String((await made('/api/v1/tenants', { name }))['id']),
    makeToken: async (tenant, role, more = {}) =>
      String((await made(`/api/v1/tenants/${tenant}/tokens`, { role, ...more }))['token']),
  };
}
