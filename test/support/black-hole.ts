import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const LISTEN = `require('node:net').createServer().listen({ host: '127.0.0.1', port: Number(process.argv[1]), backlog: 1 },
  () => process.send('ready'))`;
const PROBE_MS = 500;

/**
 * An address that drops packets: whoever connects hears nothing at all. A process that is stopped listens there, and the
 * queue of those it would have to take is full, so the system answers nobody any more.
 */
export class BlackHole {
  private constructor(
    private readonly child: ChildProcess,
    private readonly queued: Socket[],
  ) {}

  static async at(port: number): Promise<BlackHole> {
    const child = spawn(process.execPath, ['-e', LISTEN, String(port)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    child.kill('SIGSTOP');
    const hole = new BlackHole(child, []);
    while (await hole.takes(port));
    return hole;
  }

  /** Takes a place in the queue, if there is one left. */
  private async takes(port: number): Promise<boolean> {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    this.queued.push(socket);
    return Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), PROBE_MS)),
    ]);
  }

  /** Nothing is there any more. */
  async end(): Promise<void> {
    for (const socket of this.queued) socket.destroy();
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}
