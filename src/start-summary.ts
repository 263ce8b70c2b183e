import { isIPv6 } from 'node:net';

export interface StartFacts {
  version: string;
  seconds: number;
  role: 'all' | 'api' | 'worker';
  host: string;
  port: number;
  docs: boolean;
  database: string;
  /** What is said of the local core, e.g. `26.3.27 (/usr/bin/xray)`. */
  xray: string;
  /** The admin that was made because there was none. */
  firstAdmin: { username: string; password: string } | undefined;
}

/** What an operator reads when the service is up. */
export function startSummary(facts: StartFacts): string {
  const everywhere = facts.host === '0.0.0.0' || facts.host === '::';
  const host = everywhere ? '127.0.0.1' : isIPv6(facts.host) ? `[${facts.host}]` : facts.host;
  const url = `http://${host}:${facts.port}`;
  const rows: [string, string][] = [
    facts.role === 'worker' ? ['Health', `${url}/health/ready`] : ['API', `${url}/api`],
    ...(facts.docs && facts.role !== 'worker' ? [['Docs', `${url}/docs`] as [string, string]] : []),
    ['Database', facts.database],
    ['Xray', facts.xray],
  ];
  if (everywhere) rows[0]![1] += '   (on every address of this machine)';
  const admin = facts.firstAdmin && [
    '',
    '  There was no admin yet, so one was made. Its password is shown this once:',
    '',
    `    username  ${facts.firstAdmin.username}`,
    `    password  ${facts.firstAdmin.password}`,
  ];
  return [
    '',
    `  Margrave ${facts.version}${facts.role === 'all' ? '' : ` (${facts.role})`} is up after ${facts.seconds.toFixed(1)} s`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(10)}${value}`),
    ...(admin ?? []),
    '',
    '',
  ].join('\n');
}
