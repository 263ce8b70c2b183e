import { describe, expect, it } from 'vitest';
import { first, newSubscriber, now, surroundings } from '../../test/support/client-configs.js';
import { isTemplate, parseTemplate } from './template.js';
import { render, Turn } from './text.js';

const turn = new Turn(newSubscriber(), now, first, surroundings);

describe('a template', () => {
  it.each([
    ['{USERNAME}', 'alice'],
    ['{{USERNAME}}', '{USERNAME}'],
    ['{{{USERNAME}}}', '{alice}'],
    ['{username}', '<missing>'],
    ['{NOPE}', '<missing>'],
    ['{ USERNAME }', '<missing>'],
    ['a{DAYS_LEFT}b', 'a6b'],
    ['{PROTOCOL}', 'VLESS'],
    ['{constructor}', '<missing>'],
    // Only plain names mean something: attributes and indexes do not, formats are ignored.
    ['{USERNAME.__class__}', '<missing>'],
    ['{USERNAME[0]}', '<missing>'],
    ['{DAYS_LEFT:03d}', '6'],
    ['{USERNAME!r:>10}', 'alice'],
    ['', ''],
  ])('%s gives %s', (template, text) => {
    expect(render(parseTemplate(template, { PROTOCOL: 'VLESS' })!, turn)).toBe(text);
  });

  it.each(['{', '}', '{}', '{0}', '{USERNAME', 'a}b', '{!r}', '{:>3}', '{0.x}', '{A{B}}'])(
    '%s is refused',
    (template) => {
      expect(isTemplate(template)).toBe(false);
    },
  );
});
