/**
 * What each package offers, by name. A name that goes breaks whoever imports it; one that comes has to be kept.
 */
import * as host from '@bulkhead/host';
import * as protocol from '@bulkhead/protocol';
import * as sdk from '@bulkhead/sdk';
import * as server from '@bulkhead/server';
import * as store from '@bulkhead/store';
import * as cli from 'bulkhead';
import { expect, test } from 'vitest';

test.each([
  [
    '@bulkhead/protocol',
    protocol,
    [
      'ALLOWED_BUILTINS',
      'BREAKER_STATES',
      'CAPABILITY_PATTERN',
      'DEFAULT_TENANT',
      'ENTRY_POINT_GROUPS',
      'ERRORS',
      'FRAME_HEADER_BYTES',
      'FRAME_JSON',
      'FRAME_RAW',
      'HEALTH_NOT_IMPLEMENTED',
      'HEALTH_STATUSES',
      'HEALTH_WORDS',
      'HOOK_NAMES',
      'HOST_CAPABILITIES',
      'LIFECYCLE_STATES',
      'LIMITS',
      'LIMIT_PROFILES',
      'ManifestSchema',
      'OUTCOME_KINDS',
      'PLUGIN_NAME_PATTERN',
      'PROTOCOL_VERSION',
      'TIERS',
      'TOOL_NAME_PATTERN',
      'VERSION_PATTERN',
      'callError',
      'capabilitiesOf',
      'createFrameBatch',
      'createFrameDecoder',
      'createIdTable',
      'encodeJsonFrame',
      'encodeRawFrame',
      'exitCodeOf',
      'hasErrors',
      'httpStatusOf',
      'inspectJson',
      'isAllowedBuiltin',
      'isErrorCode',
      'isJsonObject',
      'isTierAtLeast',
      'manifestPath',
      'parseDigest',
      'parseGuestMessage',
      'parseHealthReport',
      'parseManifest',
      'parsePluginName',
      'parseTenantId',
      'parseTier',
      'parseToolName',
      'parseVersion',
      'permissionKindOf',
      'scopesOf',
      'strongestTier',
    ],
  ],
  [
    '@bulkhead/host',
    host,
    [
      'AUDIT_ORIGIN',
      'HostError',
      'chainAudit',
      'checkPlugin',
      'createHost',
      'createMemoryStorage',
      'followAudit',
      'getRegistry',
      'openDataDirectory',
      'toDataFault',
      'toStepChanges',
    ],
  ],
  ['@bulkhead/server', server, ['LOG_LEVELS', 'TOKEN_CHARACTERS_MIN', 'createLog', 'createServer', 'outcomeOf']],
  [
    '@bulkhead/store',
    store,
    ['isUnavailable', 'migrateDown', 'migrateUp', 'migrationStatus', 'openDatabase', 'openStore', 'toStorageFault'],
  ],
  ['bulkhead', cli, ['main']],
  [
    '@bulkhead/sdk',
    sdk,
    [
      'BasePlugin',
      'BaseToolPlugin',
      'PluginHook',
      'PluginMetadata',
      'ToolResult',
      'createLock',
      'definePlugin',
      'defineTool',
    ],
  ],
])('%s exports what it did', (_name, exported, names) => {
  expect(Object.keys(exported).toSorted()).toEqual(names);
});
