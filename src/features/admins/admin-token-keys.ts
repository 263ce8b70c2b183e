import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Secrets } from '../../shared/secrets/secrets.js';

/** Which key the signature of a token is checked with: ours, or for one that an imported Marzban issued, that one's. */
@Injectable()
export class AdminTokenKeys {
  /** When the last of the imported keys came here; undefined without any. */
  readonly importedAt: Date | undefined;
  private readonly imported: readonly KeyObject[];

  constructor(private readonly secrets: Secrets) {
    const keys = secrets.importedKeys;
    this.imported = keys.map(({ text }) => createSecretKey(text, 'utf8'));
    this.importedAt = keys.reduce<Date | undefined>(
      (last, { importedAt }) => (last && last > importedAt ? last : importedAt),
      undefined,
    );
  }

  // A KeyObject: with text, each check would derive the key anew, at forty times the cost.
  of(token: string): KeyObject {
    const signed = token.slice(0, token.lastIndexOf('.'));
    const signature = Buffer.from(token.slice(signed.length + 1), 'base64url');
    const isOf = (key: KeyObject) => {
      const expected = createHmac('sha256', key).update(signed).digest();
      return signature.length === expected.length && timingSafeEqual(signature, expected);
    };
    return this.imported.find(isOf) ?? this.secrets.adminTokens;
  }
}
