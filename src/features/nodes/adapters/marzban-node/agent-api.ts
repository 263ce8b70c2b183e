import { CoreError, type XrayClient } from '../../../../xray/grpc/index.js';
import { type Endpoint, hostPort } from '../../endpoint.js';
import { type AgentTrust, connectPinned } from './pinned-tls.js';

/** @throws CoreError for any reason but that nobody is there yet */
export async function answers(client: XrayClient, signal: AbortSignal): Promise<boolean> {
  try {
    await client.sysStats(signal);
    return true;
  } catch (error) {
    if (error instanceof CoreError && error.isConnection) return false;
    throw error;
  }
}

/** Xray takes anybody's connection and drops it once it has looked at who it is: in the middle of TLS, or after it. */
export async function whyUnreachable(
  endpoint: Endpoint,
  trust: AgentTrust,
  signal: AbortSignal,
): Promise<{ hangsUp: boolean; why: string }> {
  try {
    const { socket } = await connectPinned(endpoint, trust, signal);
    socket.destroy();
  } catch (error) {
    const { message, cause } = error as CoreError;
    if ((cause as NodeJS.ErrnoException | undefined)?.code !== 'ECONNRESET') {
      const why = `Xray runs on the node, but its API cannot be used (${message}); api_port has to be XRAY_API_PORT of the node, and open to this service`;
      return { hangsUp: false, why };
    }
  }
  const why = `${hostPort(endpoint)} takes connections but does not let this replica into Xray's API: set NODE_API_SOURCES to the addresses from which all replicas of this service reach nodes`;
  return { hangsUp: true, why };
}
