/**
 * Secrets of tenants, as the host stores them: encrypted before they come here, so that no storage ever sees a value. Which
 * ones there are is part of the catalogue, and changed by its commits; their ciphertexts are read one by one, when needed.
 */

/**
 * Whose secret it is, for which plugin, under which name of the manifest.
 *
 * @experimental
 */
export type SecretName = { readonly tenant_id: string; readonly plugin_name: string; readonly name: string };

/**
 * That a secret is set, and which key it is encrypted with. Times are ISO 8601; `updated_at` is when its value was set.
 *
 * @experimental
 */
export type SecretRow = SecretName & {
  readonly key_id: string;
  readonly created_at: string;
  readonly updated_at: string;
};

/**
 * A value as it is kept, in base64: its nonce, which no two have in common, and its ciphertext with the tag at the end.
 *
 * @experimental
 */
export type SealedText = { readonly nonce: string; readonly ciphertext: string };

/**
 * A secret with its sealed value.
 *
 * @experimental
 */
export type SealedSecret = SecretRow & SealedText;

/**
 * The secrets' part of the Storage port. They are written by commits: `put_secret` and `remove_secret`.
 *
 * @experimental
 */
export interface SecretStorage {
  readSecret(which: SecretName): Promise<SealedSecret | undefined>;
  /** Secrets that are not encrypted with this key, at most `rowsMax`, in order of their first storing. */
  listSecretsOfOtherKeys(keyId: string, rowsMax: number): Promise<readonly SealedSecret[]>;
}
