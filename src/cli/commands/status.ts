import type { Command } from 'commander';
import type { FleetStateDto } from '../../features/nodes/index.js';
import type { JobDto } from '../../features/system/index.js';
import { answer, type JsonOption, table } from '../output.js';
import { withServices } from '../with-services.js';
import { jsonOption } from './values.js';

interface Status {
  version: string;
  database: string;
  migrations: number;
  fleet: FleetStateDto;
  jobs: JobDto[];
}

export function addStatusCommand(program: Command): void {
  program
    .command('status')
    .description('the database, replicas, nodes and jobs of this installation')
    .addOption(jsonOption())
    .action(showStatus);
}

async function showStatus({ json }: JsonOption): Promise<void> {
  await withServices({ writes: false }, async ({ fleet, jobs, database, schema, config }) => {
    const { ownVersion } = await import('../../shared/own-version.js');
    const { toJobDto } = await import('../../features/system/index.js');
    const { fleetState, toFleetStateDto } = await import('../../features/nodes/index.js');
    const pinning = config.nodes.certPin === 'tofu';
    const status = {
      version: ownVersion(),
      database,
      migrations: schema.applied,
      fleet: toFleetStateDto(fleetState(await fleet.read()), { pinning }),
      jobs: (await jobs.all()).map(toJobDto),
    };
    const {
      fleet: { time, replicas, nodes },
      ...rest
    } = status;
    await answer(json, { ...rest, time, replicas, nodes }, () => inWords(status));
  });
}

function inWords({ version, database, migrations, fleet, jobs }: Status): string {
  return [
    `Margrave ${version}`,
    `Database    ${database}`,
    `Migrations  ${migrations} applied, none missing`,
    `Time        ${fleet.time}`,
    '',
    section(
      'Replica',
      ['Name', 'Version', 'Role', 'State', 'Heartbeat', 'Nodes'],
      fleet.replicas.map((replica) => [
        replica.name,
        replica.version,
        replica.role,
        replica.alive ? (replica.draining ? 'stopping' : 'alive') : 'gone',
        `${Math.round(replica.heartbeat_age)} s ago`,
        replica.leases,
      ]),
      'no service runs on this database',
    ),
    section(
      'Node',
      ['ID', 'Name', 'Kind', 'Status', 'Xray', 'Config', 'Lag', 'Accounts', 'Replica', 'Message'],
      fleet.nodes.map((node) => [
        node.id,
        node.name,
        node.kind,
        node.status,
        node.xray_version,
        `${node.running_config_version ?? '-'}/${node.wanted_config_version ?? '-'}`,
        node.lag_changes,
        node.accounts,
        node.owner,
        node.message,
      ]),
      'none',
    ),
    section(
      'Job',
      ['Name', 'Every', 'Due', 'Last good run', 'Failures', 'Replica', 'Error'],
      jobs.map((job) => [
        job.name,
        `${job.interval_seconds} s`,
        job.due_at,
        job.succeeded_at,
        job.failures,
        job.owner,
        job.error,
      ]),
      'none: no service has run on this database',
    ),
  ].join('\n');
}

function section(title: string, head: string[], rows: Parameters<typeof table>[1], without: string): string {
  return rows.length === 0 ? `${title}s: ${without}\n` : `${title}s\n${table(head, rows)}\n`;
}
