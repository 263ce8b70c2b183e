import { stringify } from 'yaml';
import type { JsonValue } from '../xray/config/index.js';

/** Block style as PyYAML writes it; texts that YAML 1.1 would read as something else are quoted too. */
const STYLE = {
  lineWidth: 0,
  indentSeq: false,
  singleQuote: true,
  compat: 'yaml-1.1',
  aliasDuplicateObjects: false,
} as const;

/** YAML for people and for any parser of it. */
export function writeYaml(value: JsonValue, { sorted = false } = {}): string {
  return stringify(value, { ...STYLE, sortMapEntries: sorted });
}
