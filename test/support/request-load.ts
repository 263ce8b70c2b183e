import http from 'node:http';

/** A client that keeps its connection as long as it may, or makes a new one for each request. */
export type Habit = 'keeps connections' | 'makes connections';

/**
 * Clients that send one request after the other to whichever replicas are ready, as behind a load balancer: it asks them
 * now and then, and learns of a stop only so. What fails is kept.
 */
export class RequestLoad {
  readonly failures: string[] = [];
  answered = 0;
  private readonly isReady = new Map<string, boolean>();
  private isOver = false;
  private readonly work: Promise<void>[] = [];

  constructor(
    private readonly replicas: readonly string[],
    private readonly path: string,
    private readonly headers: Record<string, string>,
  ) {}

  async start(clients: Record<Habit, number>): Promise<void> {
    await Promise.all(this.replicas.map((url) => this.look(url)));
    for (const url of this.replicas) this.work.push(this.keepLooking(url));
    for (const [habit, count] of Object.entries(clients) as [Habit, number][]) {
      for (let i = 0; i < count; i++) this.work.push(this.client(habit, i));
    }
  }

  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.work);
  }

  /** Of each by itself: one that takes long to answer must not hide that another one stops. */
  private async keepLooking(url: string): Promise<void> {
    while (!this.isOver) {
      await this.look(url);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  private async look(url: string): Promise<void> {
    const isReady = await fetch(`${url}/health/ready`, { headers: { connection: 'close' } }).then(
      ({ ok }) => ok,
      () => false,
    );
    this.isReady.set(url, isReady);
  }

  private get ready(): string[] {
    return this.replicas.filter((url) => this.isReady.get(url));
  }

  private async client(habit: Habit, number: number): Promise<void> {
    const keepAlive = habit === 'keeps connections';
    const agent = new http.Agent({ keepAlive, maxSockets: 1 });
    let stayAt: string | undefined;
    for (let i = number; !this.isOver; i++) {
      const { ready } = this;
      const url = stayAt ?? ready[i % ready.length] ?? this.replicas[0]!;
      try {
        const { status, isKept } = await ask(url + this.path, { agent, headers: this.headers });
        if (status === 200) this.answered++;
        else this.failures.push(`${habit}: ${status} of ${url}`);
        stayAt = keepAlive && isKept ? url : undefined;
      } catch (error) {
        this.failures.push(`${habit}: ${(error as NodeJS.ErrnoException).code} at ${url}`);
        stayAt = undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    agent.destroy();
  }
}

function ask(url: string, options: http.RequestOptions): Promise<{ status: number; isKept: boolean }> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, options, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          isKept: response.headers.connection?.toLowerCase() !== 'close',
        }),
      );
    });
    request.on('error', reject);
  });
}
