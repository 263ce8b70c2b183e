import type { RemarkGroup, SumState, TableCount } from './ledger.js';
import { MILLION } from './values.js';

/** So many rows of a kind are named in the report for people; the one for programs has all. */
const FIRST = 20;

export interface Proof {
  username: string;
  /** What is not as it was; empty when all is. */
  differences: string[];
}

export interface ImportReport {
  dryRun: boolean;
  startedAt: Date;
  seconds: number;
  source: {
    engine: string;
    description: string;
    revision: string;
    bytes: bigint | undefined;
    newestOnlineAt: Date | null;
    newestHour: Date | null;
    /** Its newest hour is this hour. */
    isRunning: boolean;
  };
  target: string;
  tables: readonly TableCount[];
  sums: ReadonlyMap<string, SumState>;
  remarks: readonly RemarkGroup[];
  warnings: readonly string[];
  /** Settings of the source that mean something here, as a file; undefined when none were given. */
  environment: string | undefined;
  /** Undefined in a dry run: nothing was written that could be looked at. */
  proof: { users: readonly Proof[]; certificate: boolean } | undefined;
}

export interface SumLine {
  sum: string;
  source: string;
  target: string;
  difference: string;
  because: { why: string; amount: string }[];
  isExplained: boolean;
}

export function sumLines(sums: ReadonlyMap<string, SumState>): SumLine[] {
  return [...sums].map(([sum, { source, target, explained }]) => {
    const because = [...explained].filter(([, amount]) => amount !== 0n);
    const explainedSum = because.reduce((total, [, amount]) => total + amount, 0n);
    return {
      sum,
      source: decimal(source),
      target: decimal(target),
      difference: decimal(source - target),
      because: because.map(([why, amount]) => ({ why, amount: decimal(amount) })),
      isExplained: source - target === explainedSum,
    };
  });
}

/** Whether all that was read is there, or it is said why not. */
export function isAccountedFor({ tables, sums, proof }: ImportReport): boolean {
  return (
    tables.every(addsUp) &&
    sumLines(sums).every(({ isExplained }) => isExplained) &&
    (proof === undefined ||
      (proof.certificate && proof.users.every(({ differences }) => differences.length === 0)))
  );
}

const addsUp = ({ read, imported, merged, dropped, refused }: TableCount): boolean =>
  read === imported + merged + dropped + refused;

/** Bytes from millionths: no fraction where there is none. */
export function decimal(millionths: bigint): string {
  const sign = millionths < 0n ? '-' : '';
  const amount = millionths < 0n ? -millionths : millionths;
  const fraction = String(amount % MILLION)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return `${sign}${amount / MILLION}${fraction && `.${fraction}`}`;
}

/** For programs: 64-bit numbers are text, all rows are named. */
export function toJson(report: ImportReport): string {
  const { sums, source, ...rest } = report;
  const value = {
    ...rest,
    source: { ...source, bytes: source.bytes },
    sums: sumLines(sums),
    isAccountedFor: isAccountedFor(report),
  };
  return `${JSON.stringify(withTexts(value), undefined, 2)}\n`;
}

/** A replacer is asked too late: a library gives whole numbers a `toJSON` that throws. */
function withTexts(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return value.map(withTexts);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, withTexts(part)]));
}

/** For people. */
export function toMarkdown(report: ImportReport): string {
  const { dryRun, source, tables, remarks, warnings, environment, proof } = report;
  return [
    `# Import from Marzban${dryRun ? ': dry run, nothing was written' : ''}`,
    '',
    `* Source: ${source.description}; schema ${source.revision}${source.bytes === undefined ? '' : `; ${source.bytes} bytes`}`,
    `* Newest hour of traffic: ${iso(source.newestHour)}; newest user online: ${iso(source.newestOnlineAt)}${source.isRunning ? ' – **it looks as if Marzban were still running**' : ''}`,
    `* Target: ${report.target}`,
    `* Begun ${iso(report.startedAt)}, took ${report.seconds.toFixed(1)} s`,
    `* ${isAccountedFor(report) ? 'Everything is accounted for: rows and sums agree, or it is said below why not.' : '**Not everything is accounted for**: see what is marked below.'}`,
    ...(warnings.length > 0
      ? ['', '## To be looked at', '', ...warnings.map((warning) => `* ${warning}`)]
      : []),
    '',
    '## Rows',
    '',
    ...markdownTable(
      ['Table', 'read', 'imported', 'of these adjusted', 'added to others', 'dropped', 'refused', ''],
      tables.map((t) => [
        t.table,
        t.read,
        t.imported,
        t.adjusted,
        t.merged,
        t.dropped,
        t.refused,
        addsUp(t) ? '' : '**does not add up**',
      ]),
    ),
    '',
    '## Sums, in bytes',
    '',
    ...markdownTable(
      ['Sum', 'source', 'target', 'difference', 'because'],
      sumLines(report.sums).map((line) => [
        line.sum,
        line.source,
        line.target,
        line.difference,
        [
          ...line.because.map(({ why, amount }) => `${amount}: ${why}`),
          ...(line.isExplained ? [] : ['**not explained**']),
        ].join('; '),
      ]),
    ),
    ...VERDICTS.flatMap(([verdict, title]) =>
      section(
        title,
        remarks.filter((group) => group.verdict === verdict),
      ),
    ),
    ...(proof ? proofLines(proof) : []),
    ...(environment === undefined
      ? []
      : ['', '## Settings for `.env`', '', '```', environment.trimEnd(), '```']),
    '',
  ].join('\n');
}

const VERDICTS = [
  ['refused', 'Refused: these are not here'],
  ['dropped', 'Dropped: nobody could see these'],
  ['adjusted', 'Adjusted: these have another value here'],
  ['noted', 'Kept as they are, and worth a look'],
] as const;

function section(title: string, groups: readonly RemarkGroup[]): string[] {
  if (groups.length === 0) return [];
  return ['', `## ${title}`, '', ...groups.flatMap(groupLines)];
}

function groupLines({ table, what, count, lines }: RemarkGroup): string[] {
  const named = lines.slice(0, FIRST).map(({ id, name, detail, rows }) => {
    const who = [id === null ? '' : String(id), name === null ? '' : code(name)]
      .filter((part) => part !== '')
      .join(' ');
    const more = [detail === undefined ? '' : code(detail), rows > 1 ? `${rows} rows` : ''].filter(
      (part) => part !== '',
    );
    return `  * ${who || '–'}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
  });
  const rest = lines.length - FIRST;
  return [`* ${table}, ${count}: ${what}`, ...named, ...(rest > 0 ? [`  * and ${rest} more`] : [])];
}

function proofLines({ users, certificate }: NonNullable<ImportReport['proof']>): string[] {
  const lines = users.map(({ username, differences }) =>
    differences.length === 0
      ? `* ${code(username)}: the same`
      : `* ${code(username)}: **${differences.join('; ')}**`,
  );
  return [
    '',
    '## Proof',
    '',
    'A link as Marzban makes them was made for these users and read here; their credentials’ protocols, excluded inbounds and lifetime traffic were compared.',
    '',
    ...lines,
    `* Certificate for nodes: ${certificate ? 'the same' : '**another one**'}`,
  ];
}

function markdownTable(head: string[], rows: (string | number)[][]): string[] {
  const line = (cells: (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** As it stands there, without what would end the line. */
const code = (text: string): string => `\`${JSON.stringify(text).slice(1, -1).replaceAll('`', "'")}\``;

const iso = (at: Date | null): string => at?.toISOString() ?? 'none';
