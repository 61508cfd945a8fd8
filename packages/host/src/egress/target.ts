/**
 * Whether a URL leads where a plugin may go (FAULTS 96): an exact host or a suffix, with its port, as the plugin's manifest lists
 * and its operator granted. Judged on what the URL standard makes of the text, which is what is dialled.
 */
import { isIP } from 'node:net';

/** What is allowed. Entries are `host:port`; `*.` ahead of a host means whatever is below it. */
export type TargetRules = {
  readonly allow: readonly string[];
  /** What the operator lists by itself: may be a private address, and be spoken to without encryption. Exact. */
  readonly privateHosts: readonly string[];
};

/** Where a request may go. `href` has neither a fragment nor the dot after a name. */
export type Target = {
  readonly host: string;
  readonly hostPort: string;
  readonly href: string;
  readonly isPrivate: boolean;
};

/** The rules of the broker, by name; a refusal carries one. */
export type EgressRule =
  'url' | 'scheme' | 'userinfo' | 'address_literal' | 'host' | 'address' | 'redirects' | 'method' | 'header' | 'secret';

/** Why a request does not go out; `target` is `host:port`, as far as there is one. */
export type EgressRefusal = {
  readonly ok: false;
  readonly rule: EgressRule;
  readonly target: string;
  readonly message: string;
};

/** Judges a URL. */
export function judgeTarget(
  text: string,
  rules: TargetRules,
): { readonly ok: true; readonly target: Target } | EgressRefusal {
  const url = URL.parse(text);
  if (url === null) return refusal('url', '', 'the text is no absolute URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return refusal('scheme', '', `${url.protocol}// is no scheme that goes out; https is`);
  if (url.username !== '' || url.password !== '')
    return refusal('userinfo', '', 'a URL with a name or password in it does not go out; use a header');
  const host = url.hostname.replace(/\.$/, '');
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : url.port;
  const hostPort = `${host}:${port}`;
  const isPrivate = rules.privateHosts.includes(hostPort);
  if (isAddress(host) && !(isPrivate && rules.allow.includes(hostPort)))
    return refusal(
      'address_literal',
      hostPort,
      'an address goes out only where plugin and operator list it; name a host',
    );
  if (!rules.allow.some((entry) => fits(hostPort, entry)))
    return refusal('host', hostPort, `${hostPort} is not allowed; ${listed(rules.allow)}`);
  if (url.protocol === 'http:' && !isPrivate)
    return refusal('scheme', hostPort, 'http is not encrypted and does not go out; use https');
  url.hostname = host;
  url.hash = '';
  return { ok: true, target: { host, hostPort, href: url.href, isPrivate } };
}

/** A refusal. */
export function refusal(rule: EgressRule, target: string, message: string): EgressRefusal {
  return { ok: false, rule, target, message };
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/** The URL standard has made addresses of all their spellings by now, and puts brackets around those of version 6. */
function isAddress(host: string): boolean {
  return host.startsWith('[') || isIP(host) !== 0;
}

function fits(hostPort: string, entry: string): boolean {
  return entry.startsWith('*.')
    ? hostPort.endsWith(entry.slice(1)) && hostPort.length > entry.length - 1
    : hostPort === entry;
}

function listed(allow: readonly string[]): string {
  return allow.length === 0 ? 'network.allow of its manifest lists nothing' : `network.allow lists ${allow.join(', ')}`;
}
