import { randomBytes, randomUUID } from 'node:crypto';
import type { CredentialSource } from './domain/proxies.js';

export const randomCredentials: CredentialSource = {
  uuid: () => randomUUID(),
  password: () => randomBytes(16).toString('base64url'),
};
