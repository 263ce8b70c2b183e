import { readFileSync } from 'node:fs';
import type { ApiDocument } from '../support/api-document.js';

/** The documented API of Marzban 0.8.4, which clients are written for. */
export function readContract(): ApiDocument {
  return JSON.parse(readFileSync(new URL('contract.json', import.meta.url), 'utf8')) as ApiDocument;
}
