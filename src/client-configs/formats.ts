import { writeClash } from './clash.js';
import type { Entry } from './entry.js';
import { writeOutline } from './outline.js';
import { writeSingBox } from './sing-box.js';
import type { Templates } from './templates.js';
import type { Dice } from './types.js';
import { writeXrayJson } from './xray-json.js';

/** The formats of whole documents, by their names in the API; `v2ray`, the list of share links, is the other one. */
export type DocumentFormat =
  'v2ray-json' | 'clash' | 'clash-meta' | 'sing-box' | 'sing-box-before-1.12' | 'outline';

/** The document that a client application downloads: JSON, or YAML for Clash. */
export function writeDocument(
  format: DocumentFormat,
  entries: readonly Entry[],
  templates: Templates,
  dice: Dice,
): string {
  switch (format) {
    case 'v2ray-json':
      return writeXrayJson(entries, templates, dice);
    case 'clash':
    case 'clash-meta':
      return writeClash(entries, format, templates, dice);
    case 'sing-box':
      return writeSingBox(entries, { profile: templates.singBox, hasEch: true }, templates, dice);
    case 'sing-box-before-1.12':
      return writeSingBox(entries, { profile: templates.singBoxBefore112, hasEch: false }, templates, dice);
    case 'outline':
      return writeOutline(entries);
  }
}
