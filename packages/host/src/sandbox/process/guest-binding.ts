/**
 * What makes a guest that plugin's: the first message after its hello, before the artifact.
 */
import type { BindKind, BindMessage, JsonObject } from '@bulkhead/protocol';

/** What a guest is bound to. `artifact` is the bundled module. */
export type GuestBinding = {
  readonly kind: BindKind;
  readonly name: string;
  readonly version: string;
  readonly tenant: string;
  readonly manifest: JsonObject;
  readonly config: JsonObject;
  /** Placeholders by name; none where it is left out. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly artifact: Uint8Array;
  readonly outputBytesMax: number;
  readonly initTimeoutMs: number;
  /** What it has to end in good order, threads included. */
  readonly closeGraceMs: number;
};

/** What the process has that is bound; `tempDir` as it sees it. */
export type GuestPossessions = { readonly memoryBytes: number; readonly tempDir: string | undefined };

/** Writes the message. */
export function bindMessage(binding: GuestBinding, { memoryBytes, tempDir }: GuestPossessions): string {
  const { kind, name, version, tenant, manifest, config, artifact, outputBytesMax } = binding;
  const sizes = { artifact_bytes: artifact.length, output_bytes: outputBytesMax, memory_bytes: memoryBytes };
  const secrets = binding.secrets !== undefined && { secrets: binding.secrets };
  const temp = tempDir !== undefined && { temp_dir: tempDir };
  const bind: BindMessage = { t: 'bind', kind, name, version, tenant, manifest, config, ...sizes, ...secrets, ...temp };
  return JSON.stringify(bind);
}
