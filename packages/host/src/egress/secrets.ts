/**
 * Puts secrets where their placeholders stand in a request (DESIGN 6): only of those that the registration was granted, only for
 * the hosts that the manifest names for each, only over https, only where it says. A placeholder anywhere else is refused, so that
 * nobody wonders at an answer 401.
 */
import type { SentSecret } from './scrub.ts';
import type { HeaderPair } from './headers.ts';
import { refused } from './egress-errors.ts';
import { refusal, type Target } from './target.ts';

/** Where in a request a secret may stand. */
export type SecretPlace = 'header' | 'query' | 'body';

/** A secret that a plugin holds the placeholder of. `hosts` are exact, with their ports. */
export type GrantedSecret = {
  readonly name: string;
  readonly placeholder: string;
  readonly hosts: readonly string[];
  readonly in: readonly string[];
  /** Reads its value, which nobody keeps; undefined where it is not set any more. */
  readonly read: () => Promise<string | undefined>;
};

/** A request as the plugin wrote it, to a target that is allowed. */
export type SecretBearing = {
  readonly target: Target;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | undefined;
};

/** The same with secrets in it, and which they are. */
export type Filled = {
  readonly href: string;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array | undefined;
  readonly sent: readonly SentSecret[];
};

/** @throws {HostError} `EGRESS_REFUSED` with the rule `secret`. */
export async function fillSecrets(
  { target, headers, body }: SecretBearing,
  secrets: readonly GrantedSecret[],
): Promise<Filled> {
  let filled: Filled = { href: target.href, headers, body, sent: [] };
  for (const secret of secrets) filled = await fillOne(filled, target, secret);
  return filled;
}

async function fillOne(request: Filled, target: Target, secret: GrantedSecret): Promise<Filled> {
  const { placeholder } = secret;
  const inHeaders = request.headers.some(([, value]) => decoded(value).includes(placeholder));
  const inUrl = request.href.includes(placeholder);
  const inBody = request.body !== undefined && Buffer.from(request.body).includes(placeholder);
  if (!inHeaders && !inUrl && !inBody) return request;
  insistOnTarget(target, secret);
  if (inHeaders) insistOnPlace('header', target, secret);
  if (inUrl) insistOnQuery(request.href, target, secret);
  if (inBody) insistOnPlace('body', target, secret);
  const value = await secret.read();
  if (value === undefined)
    throw refused(refusal('secret', target.hostPort, `the secret ${secret.name} is not set any more`));
  return {
    href: inUrl ? request.href.replaceAll(placeholder, encodeURIComponent(value)) : request.href,
    headers: request.headers.map(([name, text]): HeaderPair => [name, replaced(text, placeholder, value)]),
    body: inBody && request.body !== undefined ? replacedBytes(request.body, placeholder, value) : request.body,
    sent: [...request.sent, { value, placeholder }],
  };
}

function insistOnTarget({ hostPort, href }: Target, { name, hosts }: GrantedSecret): void {
  if (!hosts.includes(hostPort)) {
    const message = `the secret ${name} is not for ${hostPort}; secrets.${name}.hosts lists ${hosts.join(', ')}`;
    throw refused(refusal('secret', hostPort, message));
  }
  if (!href.startsWith('https:'))
    throw refused(refusal('secret', hostPort, `the secret ${name} goes out over https alone`));
}

function insistOnPlace(place: SecretPlace, { hostPort }: Target, { name, in: places }: GrantedSecret): void {
  if (places.includes(place)) return;
  const message = `the secret ${name} may not stand in the ${place} of a request; secrets.${name}.in lists ${places.join(', ')}`;
  throw refused(refusal('secret', hostPort, message));
}

/** In a path or a host name it would stand in logs all over the world. */
function insistOnQuery(href: string, target: Target, secret: GrantedSecret): void {
  insistOnPlace('query', target, secret);
  const [ahead = ''] = href.split('?');
  if (ahead.includes(secret.placeholder))
    throw refused(
      refusal(
        'secret',
        target.hostPort,
        `the secret ${secret.name} may stand in the query of a URL, and nowhere ahead of it`,
      ),
    );
}

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i;

/** What a plugin wrote into `Authorization: Basic` is in base64. */
function decoded(value: string): string {
  const [, credentials] = BASIC.exec(value) ?? [];
  return credentials === undefined ? value : `${value} ${Buffer.from(credentials, 'base64').toString('utf8')}`;
}

function replaced(text: string, placeholder: string, value: string): string {
  const [, credentials] = BASIC.exec(text) ?? [];
  if (credentials === undefined) return text.replaceAll(placeholder, () => value);
  const plain = Buffer.from(credentials, 'base64').toString('utf8');
  if (!plain.includes(placeholder)) return text;
  return `Basic ${Buffer.from(plain.replaceAll(placeholder, () => value)).toString('base64')}`;
}

function replacedBytes(bytes: Uint8Array, placeholder: string, value: string): Uint8Array {
  // Latin-1 keeps every byte, whatever the text is.
  const text = Buffer.from(bytes).toString('latin1');
  return Buffer.from(
    text.replaceAll(placeholder, () => Buffer.from(value).toString('latin1')),
    'latin1',
  );
}
