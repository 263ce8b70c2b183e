import { ServiceProcess } from '../../support/service-process.js';

export interface Answer {
  status: number;
  text: string;
  // oxlint-disable-next-line no-explicit-any -- tests assert on the shapes they expect
  json: any;
}

export const SUDO = { username: 'root', password: 'correct horse' };

/** An operator with a service of its own: starts it, kills it, and asks its API as the sudo admin. */
export class Operator {
  private token = '';

  private constructor(
    private readonly service: ServiceProcess,
    private readonly environment: Record<string, string>,
  ) {}

  /** `node` is the executable the service runs on, if another than that of the tests. */
  static async with(environment: Record<string, string>, node?: string): Promise<Operator> {
    return new Operator(await ServiceProcess.create(node), {
      SUDO_USERNAME: SUDO.username,
      SUDO_PASSWORD: SUDO.password,
      SERVER_IP: '127.0.0.1',
      ...environment,
    });
  }

  get url(): string {
    return this.service.url;
  }

  get dataDir(): string {
    return this.service.dataDir;
  }

  /** Starts the service, again after {@link kill}, and logs in. */
  async start(): Promise<void> {
    await this.service.start(this.environment);
    const answer = await fetch(`${this.url}/api/admin/token`, {
      method: 'POST',
      body: new URLSearchParams(SUDO),
    });
    this.token = ((await answer.json()) as { access_token: string }).access_token;
  }

  runsOn(): string {
    return this.service.runsOn();
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.service.signal('SIGKILL');
    await this.service.ended();
  }

  destroy(): Promise<void> {
    return this.service.destroy();
  }

  /** What the API answers to a request that must succeed. */
  async call(method: string, path: string, body?: unknown): Promise<Answer['json']> {
    const answer = await this.ask(method, path, body);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, text, json: isJson ? JSON.parse(text) : undefined };
  }
}
