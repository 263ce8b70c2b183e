import { AgentClient } from '../../src/features/nodes/adapters/marzban-node/agent-client.js';
import type { ClientCertificate } from '../../src/features/nodes/identity/client-certificate.js';
import type { FakeMarzbanNode } from '../fakes/fake-marzban-node.js';

/** A panel with this certificate takes an agent, and starts a core there, as Marzban does. */
export async function startPanelOn(
  agent: FakeMarzbanNode,
  identity: ClientCertificate,
  coreConfig: object,
): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  const panel = new AgentClient({ host: '127.0.0.1', port: agent.port }, { identity, pin: undefined });
  const sessionId = await panel.connect(signal);
  const config = async function* () {
    yield Buffer.from(JSON.stringify(coreConfig));
  };
  await panel.start('/start', { sessionId, config }, signal);
}
