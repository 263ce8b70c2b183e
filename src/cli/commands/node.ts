import type { Command } from 'commander';
import { answer, type JsonOption, table } from '../output.js';
import { withServices } from '../with-services.js';
import { jsonOption } from './values.js';

export function addNodeCommands(program: Command): void {
  const node = program.command('node').description('servers that run an Xray for this installation');
  node
    .command('list')
    .description('the nodes, and whether they are connected')
    .addOption(jsonOption())
    .action(listNodes);
}

async function listNodes({ json }: JsonOption): Promise<void> {
  await withServices({ writes: false }, async ({ nodes }) => {
    const { toNodeDto } = await import('../../features/nodes/index.js');
    const found = (await nodes.list()).map((node) => ({ ...toNodeDto(node), kind: node.kind }));
    await answer(json, found, () =>
      table(
        ['ID', 'Name', 'Kind', 'Address', 'Port', 'API port', 'Coefficient', 'Status', 'Xray', 'Message'],
        found.map((node) => [
          node.id,
          node.name,
          node.kind,
          node.address,
          node.port,
          node.api_port,
          node.usage_coefficient,
          node.status,
          node.xray_version,
          node.message,
        ]),
      ),
    );
  });
}
