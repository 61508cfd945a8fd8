/**
 * `/mcp` as a protected resource of OAuth 2.0: where its metadata is (RFC 9728), and what a refusal says (RFC 6750). Tokens stay those of
 * the tenants: an authorization server that the operator names has to give these out.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * What is told of the resource.
 *
 * @public
 */
export type ProtectedResource = {
  /** Issuers of its tokens; none where left out. */
  readonly authorizationServers?: readonly string[];
  /** Origin that clients reach the server by; what a request names where left out. */
  readonly origin?: string | undefined;
};

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const PATHS = ['', '/mcp', '/mcp/:plugin'] as const;

/** Adds the documents, which nobody needs a token for. */
export function addProtectedResourceRoutes(app: FastifyInstance, resource: ProtectedResource): void {
  for (const path of PATHS) {
    app.route<{ Params: { plugin?: string } }>({
      method: 'GET',
      url: `${WELL_KNOWN}${path}`,
      config: { access: 'public' },
      schema: {
        summary: 'Metadata of /mcp as a protected resource of OAuth (RFC 9728)',
        description: 'Names the authorization servers that the operator configured, where there are any.',
      },
      handler: async (request, reply) => {
        const { plugin } = request.params;
        const own = plugin === undefined ? '/mcp' : `/mcp/${encodeURIComponent(plugin)}`;
        void reply.header('cache-control', 'no-store');
        return documentOf(`${originOf(request, resource) ?? ''}${own}`, resource);
      },
    });
  }
}

function documentOf(url: string, { authorizationServers = [] }: ProtectedResource): object {
  return {
    resource: url,
    ...(authorizationServers.length > 0 && { authorization_servers: authorizationServers }),
    bearer_methods_supported: ['header'],
    resource_name: 'Bulkhead',
  };
}

/** Says in a refusal what is wanted, and where to read on. */
export function challenge(request: FastifyRequest, reply: FastifyReply, resource: ProtectedResource): void {
  const { statusCode } = reply;
  if (statusCode !== 401 && statusCode !== 403) return;
  const origin = originOf(request, resource);
  const path = request.url.split(/[?#]/, 1)[0] ?? '';
  const parts = [
    ...errorOf(statusCode, request),
    ...(origin === undefined ? [] : [`resource_metadata="${origin}${WELL_KNOWN}${encodeURI(decodePath(path))}"`]),
  ];
  void reply.header('www-authenticate', parts.length === 0 ? 'Bearer' : `Bearer ${parts.join(', ')}`);
}

/** Who sent no token made no mistake with one. */
function errorOf(status: number, { headers }: FastifyRequest): readonly string[] {
  if (status === 403) return ['error="insufficient_scope"', 'error_description="the role of the token is too low"'];
  if (headers.authorization === undefined) return [];
  return ['error="invalid_token"', 'error_description="the token is unknown, expired or revoked"'];
}

/** A host that cannot be one of a URL is told to nobody. */
function originOf({ headers }: FastifyRequest, { origin }: ProtectedResource): string | undefined {
  if (origin !== undefined) return origin;
  const named = `http://${headers.host ?? ''}`;
  return URL.canParse(named) ? new URL(named).origin : undefined;
}

/** It is written again, so that nothing in it ends the quotes. */
function decodePath(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return '/mcp';
  }
}
