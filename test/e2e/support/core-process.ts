import { spawn } from 'node:child_process';
import { connect } from 'node:net';

/** A core as a customer's device runs it: proxies on this machine. */
export interface CoreProcess {
  pid: number;
  log(): string;
  close(): Promise<void>;
}

export interface CoreCommand {
  path: string;
  args: string[];
  /** What it reads from its input. */
  input?: string;
  environment?: Record<string, string>;
}

/** Starts a core and waits until it listens on all these ports. An exception tells its log when it ends instead. */
export async function startCore(command: CoreCommand, ports: readonly number[]): Promise<CoreProcess> {
  const child = spawn(command.path, command.args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...command.environment },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stdin.on('error', () => undefined); // it may have ended already
  child.stdin.end(command.input ?? '');
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const close = () =>
    new Promise<void>((resolve) => {
      if (ended()) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  for (const port of ports) {
    while (!(await isListening(port))) {
      if (ended()) throw new Error(`${command.path} ended: ${log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return { pid: child.pid!, log: () => log, close };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
