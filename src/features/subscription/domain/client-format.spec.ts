import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONTENT_TYPES } from '../subscription.mapper.js';
import { type ClientType, type CustomJson, formatFor, hasOldSingBox } from './client-format.js';

interface Row {
  settings_on: string[];
  user_agent: string | null;
  format: ClientType;
  reversed: boolean;
  content_type: string;
}

const golden = new URL('../../../../test/golden/subscription/user-agents.json', import.meta.url);
const { rows } = JSON.parse(readFileSync(golden, 'utf8')) as { rows: Row[] };

function customJson(settings: readonly string[]): CustomJson {
  const isOn = (name: string) =>
    settings.includes(`USE_CUSTOM_JSON_FOR_${name}`) || settings.includes('USE_CUSTOM_JSON_DEFAULT');
  return {
    v2rayN: isOn('V2RAYN'),
    v2rayNG: isOn('V2RAYNG'),
    streisand: isOn('STREISAND'),
    happ: isOn('HAPP'),
  };
}

describe('the format for a user agent is that of Marzban', () => {
  it.each(rows.map((row) => [row.user_agent, row.settings_on.join() || 'no setting', row] as const))(
    '%s with %s',
    (
      _,
      _settings,
      { user_agent: userAgent, settings_on: on, format, reversed, content_type: contentType },
    ) => {
      const chosen = formatFor(userAgent ?? '', customJson(on));
      expect({ reversed: false, ...chosen }).toEqual({ type: format, reversed });
      expect(CONTENT_TYPES[chosen.type]).toBe(contentType);
    },
  );
});

it.each([
  ['SFA/1.11.4 (439; sing-box 1.11.4; language en_US)', true],
  ['SFA/1.12.0 (530; sing-box 1.12.0; language en_US)', false],
  ['SFI/1.8.0', true],
  ['SFM/1.14.1', false],
  ['SFT/2.0', false],
  ['Karing/1.2.0 (sing-box 1.9.3)', true],
  ['Karing/1.2.0', false],
  ['HiddifyNext/2.5.7 (android) like ClashMeta v2ray sing-box', true],
  ['curl/8', false],
])('%s has an old sing-box: %s', (userAgent, expected) => {
  expect(hasOldSingBox(userAgent)).toBe(expected);
});
