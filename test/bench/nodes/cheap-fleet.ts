import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Traffic } from './cheap-core.js';
import type { Figures, Order, Report } from './messages.js';

/** The process of the cheap nodes, as the benchmark sees it. */
export class CheapFleet {
  private readonly awaited = new Map<string, (report: never) => void>();

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (report: Report) => {
      const key = 'email' in report ? `${report.is} ${report.email}` : report.is;
      const resolve = this.awaited.get(key) as ((report: Report) => void) | undefined;
      this.awaited.delete(key);
      resolve?.(report);
    });
  }

  static async start(
    nodes: number,
    traffic: Traffic,
  ): Promise<{ cheap: CheapFleet; agentPort: number; apiPort: number }> {
    const cheap = new CheapFleet(fork(fileURLToPath(new URL('./cheap-nodes.js', import.meta.url))));
    const ports = await cheap.ask<'serving'>('serving', { do: 'serve', nodes, traffic });
    return { cheap, ...ports };
  }

  /** From now on it is noted which nodes have the account of this email altered; gives when the last one had. */
  async watch(email: string): Promise<{ reached: Promise<number> }> {
    const reached = this.next<'reached'>(`reached ${email}`);
    await this.ask<'watching'>(`watching ${email}`, { do: 'watch', email });
    return { reached: reached.then(({ at }) => at) };
  }

  async figures(): Promise<Figures> {
    return (await this.ask<'figures'>('figures', { do: 'tell' })).figures;
  }

  freeze(): void {
    this.child.send({ do: 'freeze' } satisfies Order);
  }

  stop(): void {
    this.child.disconnect();
  }

  private ask<Is extends Report['is']>(key: string, order: Order): Promise<Extract<Report, { is: Is }>> {
    this.child.send(order);
    return this.next<Is>(key);
  }

  private next<Is extends Report['is']>(key: string): Promise<Extract<Report, { is: Is }>> {
    return new Promise((resolve) => this.awaited.set(key, resolve as (report: never) => void));
  }
}
