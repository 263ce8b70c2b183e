import { expect, it } from 'vitest';
import { refusalOf } from './revisions.js';

it.each([
  ['671621870b02', '0.1.0'],
  ['5b84d88804a1', '0.2.0–0.2.2'],
  ['fad8b1997c3a', '0.2.3–0.2.6'],
  ['fc01b1520e72', '0.3.0–0.3.2'],
  ['e56f1c781e46', '0.4.0–0.4.1'],
  ['470465472326', '0.4.2–0.4.3'],
  ['5575fe410515', '0.4.4'],
  ['dd725e4d3628', '0.4.5–0.4.9'],
  ['2313cdc30da3', '0.5.0–0.6.0'],
  ['2ea33513efc0', '0.7.0'],
])('a database of revision %s is named as one of Marzban %s, to be updated first', (revision, version) => {
  expect(refusalOf([revision])).toBe(
    `This database is of Marzban ${version} (revision ${revision}). Update Marzban to 0.8.4 first – its own start migrates the database – and keep a copy of the old one.`,
  );
});

it.each(['f2b9caa23e16', '4eb0a0eb835f', '68edca039166', '931ed40d6eec', '7a93bcd44713'])(
  'a database of revision %s is named as one of the unfinished 1.0',
  (revision) => {
    expect(refusalOf([revision])).toMatch(
      /unfinished Marzban 1\.0 \(revision .+only Marzban 0\.8\.0–0\.8\.4/,
    );
  },
);

it('a database of Marzban 0.8 is read, alone of all', () => {
  expect(refusalOf(['2b231de97dc3'])).toBeUndefined();
  expect(refusalOf(['2b231de97dc3', 'f2b9caa23e16'])).toMatch(
    /several revisions \(2b231de97dc3, f2b9caa23e16\)/,
  );
  expect(refusalOf(['c0ffee'])).toMatch(/revision c0ffee, of another panel.+only .+2b231de97dc3/);
  expect(refusalOf([])).toMatch(/is empty/);
  expect(refusalOf(undefined)).toMatch(/no database of Marzban/);
});
