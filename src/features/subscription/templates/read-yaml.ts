import { parse, type ScalarTag } from 'yaml';
import type { JsonValue } from '../../../xray/config/index.js';

const INTEGER = /^[-+]?(?:0b[0-1_]+|0x[\da-fA-F_]+|0[0-7_]+|0|[1-9][\d_]*|[1-9][\d_]*(?::[0-5]?\d)+)$/;
const FLOAT =
  /^(?:[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?|\.\d[\d_]*(?:[eE][-+]\d+)?|[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

const TAGS = [
  scalar('null', /^(?:~|null|Null|NULL)?$/, () => null),
  scalar('bool', /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/, () => true),
  scalar('bool', /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/, () => false),
  scalar('int', INTEGER, (text) => {
    const value = integer(text.replaceAll('_', '').replace(/^\+/, ''));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }),
  scalar('float', FLOAT, (text) => float(text.replaceAll('_', '').replace(/^\+/, '').toLowerCase())),
];

/**
 * YAML as PyYAML's safe loader reads it, for which operators wrote their files: `y` is a text, `yes` is not, a day stays
 * as it is written, integers have any number of digits, and of a key that is there twice the last counts.
 */
export function readYaml(text: string): JsonValue {
  return parse(text, {
    schema: 'failsafe',
    customTags: TAGS,
    merge: true,
    uniqueKeys: false,
    logLevel: 'error',
  }) as JsonValue;
}

function scalar(name: string, test: RegExp, resolve: (text: string) => JsonValue): ScalarTag {
  return { tag: `tag:yaml.org,2002:${name}`, default: true, test, resolve };
}

function integer(text: string): bigint {
  if (text.startsWith('-')) return -integer(text.slice(1));
  if (text.includes(':')) return text.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  return /^0[0-7]+$/.test(text) ? BigInt(`0o${text.slice(1)}`) : BigInt(text);
}

function float(text: string): number {
  if (text.startsWith('-')) return -float(text.slice(1));
  if (text === '.inf') return Number.POSITIVE_INFINITY;
  if (text === '.nan') return Number.NaN;
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
