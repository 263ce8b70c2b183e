import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { processIdentity } from '../../../xray/process/index.js';

interface Owner {
  replicaId: string;
  host: string;
  pid: number;
  identity: string;
}

/**
 * Which process of this machine last owned the local core. A later one that finds it dead need not wait for its
 * lease to run out.
 */
export class OwnerFile {
  constructor(private readonly path: string) {}

  async write(replicaId: string): Promise<void> {
    const identity = processIdentity(process.pid);
    if (identity === undefined) return;
    const owner: Owner = { replicaId, host: hostname(), pid: process.pid, identity };
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    await writeFile(`${this.path}.new`, JSON.stringify(owner), { mode: 0o600 });
    await rename(`${this.path}.new`, this.path);
  }

  /** The replica that wrote last. */
  async replicaId(): Promise<string | undefined> {
    return (await this.read())?.replicaId;
  }

  /** The replica that wrote last, if its process is surely dead: on this machine, or in this container. */
  async deadReplica(): Promise<string | undefined> {
    const owner = await this.read();
    const isDead = owner?.host === hostname() && processIdentity(owner.pid) !== owner.identity;
    return isDead ? owner.replicaId : undefined;
  }

  private async read(): Promise<Owner | undefined> {
    try {
      const owner = JSON.parse(await readFile(this.path, 'utf8')) as unknown;
      return isOwner(owner) ? owner : undefined;
    } catch {
      return undefined;
    }
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A damaged file names nobody. */
function isOwner(value: unknown): value is Owner {
  const { replicaId, host, pid, identity } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof replicaId === 'string' &&
    UUID.test(replicaId) &&
    Number.isSafeInteger(pid) &&
    [host, identity].every((text) => typeof text === 'string' && text !== '')
  );
}
