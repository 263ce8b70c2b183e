import { performance } from 'node:perf_hooks';
import { CoreError } from '../../../xray/grpc/index.js';

/** So many failures in a row of one kind of call, or no answer to any for so long, and the core counts as hung. */
const MAX_FAILURES = 3;
const MAX_SILENT_MS = 8_000;

/** The core does not answer any more. */
export class CoreSilent extends CoreError {
  constructor(message: string) {
    super('unavailable', message);
    this.name = 'CoreSilent';
  }
}

/** Judges by the calls that fail whether a core has fallen silent. */
export class Silence {
  private readonly failures = new Map<object, number>();
  private sinceAnswer = 0;
  private answeredAt = performance.now();

  answered(call: object): void {
    this.failures.delete(call);
    this.sinceAnswer = 0;
    this.answeredAt = performance.now();
  }

  /** Whether that was one failure too many. One that `mayBeSlow` says nothing while other calls are answered. */
  failed(call: object, mayBeSlow = false): boolean {
    const failures = (this.failures.get(call) ?? 0) + 1;
    this.failures.set(call, failures);
    this.sinceAnswer++;
    const silentMs = performance.now() - this.answeredAt;
    return (!mayBeSlow && failures >= MAX_FAILURES) || (this.sinceAnswer > 1 && silentMs >= MAX_SILENT_MS);
  }
}
