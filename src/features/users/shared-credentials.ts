import { Injectable, Logger } from '@nestjs/common';
import type { JobOutcome } from '../../shared/scheduling/job-run.js';
import { firstFew } from '../../shared/telemetry/first-few.js';
import {
  CREDENTIAL_PROTOCOLS,
  type SharedCredential,
  SharedCredentialsRepository,
} from './shared-credentials.repository.js';

/** Users with one credential. They may have it, as in Marzban; but a core meters them as if they were one. */
@Injectable()
export class SharedCredentials {
  private readonly logger = new Logger('Users');
  private told = '';

  constructor(private readonly repository: SharedCredentialsRepository) {}

  /** Tells an operator who they are, once for as long as they are the same. Returns for each protocol how many there are. */
  async report(): Promise<JobOutcome> {
    const shared: SharedCredential[] = [];
    const outcome: JobOutcome = {};
    // One after the other: all at once might take longer than a statement may.
    for (const protocol of CREDENTIAL_PROTOCOLS) {
      const found = await this.repository.find(protocol);
      outcome[protocol] = found[0]?.total ?? 0;
      shared.push(...found);
    }
    const text = firstFew(shared.map(describe));
    if (text !== '' && text !== this.told) {
      this.logger.warn(
        `Users who share a credential are charged as one; revoke those who need one of their own: ${text}`,
      );
    }
    this.told = text;
    return outcome;
  }
}

function describe({ protocol, first, last, count }: SharedCredential): string {
  return `${first}, ${last}${count > 2 ? ` and ${count - 2} more` : ''} (${protocol})`;
}
