/**
 * What a plugin says of itself. Its fields are plugin.json's own, so `new PluginMetadata(manifest)` takes the imported
 * file as it is and the two cannot differ.
 */

/**
 * The fields of plugin.json that are metadata (F003-6, F003-17).
 *
 * @public
 */
export interface PluginMetadataFields {
  readonly name: string;
  /** Strict semantic version (CONTRACTS decision 9). */
  readonly version: string;
  readonly author: string;
  readonly description: string;
  readonly required_permissions?: readonly string[];
  /** Range of platform versions that the plugin supports. */
  readonly compatible_versions?: string | undefined;
}

const REQUIRED = ['name', 'version', 'author', 'description'] as const;

/**
 * Metadata whose required fields are not empty; whether name and version are well formed is the host's question.
 *
 * @public
 */
export class PluginMetadata implements PluginMetadataFields {
  readonly name: string;
  readonly version: string;
  readonly author: string;
  readonly description: string;
  readonly required_permissions: readonly string[];
  readonly compatible_versions: string | undefined;

  /** @throws {TypeError} "Plugin name cannot be empty", and so on for version, author and description (X003-1). */
  constructor(fields: PluginMetadataFields) {
    for (const field of REQUIRED) assertNotEmpty(field, fields[field]);
    this.name = fields.name;
    this.version = fields.version;
    this.author = fields.author;
    this.description = fields.description;
    this.required_permissions = fields.required_permissions ?? [];
    this.compatible_versions = fields.compatible_versions;
  }
}

function assertNotEmpty(field: string, value: unknown): void {
  if (typeof value !== 'string' || value.trim() === '') throw new TypeError(`Plugin ${field} cannot be empty`);
}
