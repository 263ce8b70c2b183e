import { describe, expect, it } from 'vitest';
import { Environment } from './environment.js';
import { JinjaError } from './errors.js';

const environment = (templates: Record<string, string>) =>
  new Environment({ source: (name) => templates[name] });

function errorOf(templates: Record<string, string>): JinjaError {
  try {
    environment(templates).render('t');
  } catch (error) {
    if (error instanceof JinjaError) return error;
    throw error;
  }
  throw new Error('it has no error');
}

describe('a template without an end is stopped', () => {
  it.each([
    '{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}',
    '{{ range(10 ** 12) | list }}',
    '{{ range(10 ** 12)[1:] }}',
    '{{ "x" * 3000000000 }}',
    '{{ "%3000000000d" % 1 }}',
    '{{ "%.3000000000d" % 1 }}',
    '{{ "{:3000000000}".format(1) }}',
    '{{ "{:03000000,}".format(1) }}',
    '{{ "x".center(3000000000) }}',
    '{{ "x" | indent(3000000000, true) }}',
    '{{ [0] * 3000000000 }}',
    '{{ [1] | batch(3000000000, 0) | list }}',
    '{{ lipsum(100000, min=1000, max=1001) }}',
    '{% set l = [1] %}{% for i in range(60) %}{% set _ = l.append(l + l) %}{% endfor %}{{ l }}',
    '{% set ns = namespace(l=[]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}',
    '{% set ns = namespace(l=[]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l | tojson }}',
    '{% set ns = namespace(s="xxxxxxxx") %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}',
    '{% set ns = namespace(s="aaaaaaaa") %}{% for i in range(60) %}{% set ns.s = ns.s.replace("a", "aa") %}{% endfor %}',
  ])('%s', (t) => {
    expect(errorOf({ t }).kind).toBe('Exhausted');
  });

  it.each([
    '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
    '{% include "t" %}',
    '{% set l = [] %}{% set _ = l.append(l) %}{{ l }}',
    `{{ ${'('.repeat(50_000)} }}`,
  ])('%s', (t) => {
    expect(['Exhausted', 'RecursionError', 'TemplateSyntaxError']).toContain(errorOf({ t }).kind);
  });

  it('and a number beyond all numbers', () => {
    expect(errorOf({ t: '{{ 2 ** 2 ** 40 }}{{ 10 ** 10000000 }}' }).kind).toBe('OverflowError');
  });
});

describe('an error tells where it is', () => {
  it.each<[string, Record<string, string>, string, number]>([
    ['of reading', { t: 'a\n{{ b }\nc' }, 't', 2],
    ['of an unknown tag', { t: 'a\r\n\r\n{% do x %}' }, 't', 3],
    ['of an unknown filter', { t: '\n\n{{ 1 | nothing }}' }, 't', 3],
    ['of running', { t: 'a\nb\n{% for i in [1] %}\n{{ i.a.b }}{% endfor %}' }, 't', 4],
    ['after a loop', { t: '{% for i in [1] %}\n{{ i }}\n{% endfor %}\n{{ 1 / 0 }}' }, 't', 4],
    ['in a macro', { t: '{% macro m() %}\n{{ x.y }}\n{% endmacro %}\n\n{{ m() }}' }, 't', 2],
    ['in another template', { t: '\n\n{% include "u" %}', u: 'a\n{{ x.y }}' }, 'u', 2],
    [
      'in what another exports',
      { t: '{% from "u" import m %}\n{{ m() }}', u: '{% macro m() %}\n\n{{ x.y }}{% endmacro %}' },
      'u',
      3,
    ],
    [
      'in a block',
      { t: '{% extends "u" %}\n{% block b %}\n{{ x.y }}{% endblock %}', u: '{% block b %}{% endblock %}' },
      't',
      3,
    ],
  ])('%s', (_, templates, template, line) => {
    expect(errorOf(templates)).toMatchObject({ template, line });
  });
});

it('a template finds others as Jinja does, without their slashes and dots', () => {
  expect(environment({ t: '{% include "/a//./b" %}', 'a/b': 'x' }).render('t')).toBe('x');
});
