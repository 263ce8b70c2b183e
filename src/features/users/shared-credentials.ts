import { Injectable, Logger } from '@nestjs/common';
import { firstFew } from '../../shared/telemetry/first-few.js';
import { type SharedCredential, SharedCredentialsRepository } from './shared-credentials.repository.js';

/** Users with one credential. They may have it, as in Marzban; but a core serves and meters them as if they were one. */
@Injectable()
export class SharedCredentials {
  private readonly logger = new Logger('Users');
  private told = '';

  constructor(private readonly repository: SharedCredentialsRepository) {}

  /** Tells an operator who they are, once for as long as they are the same. */
  async report(): Promise<void> {
    const shared = await this.repository.find();
    const text = firstFew(shared.map(describe));
    if (text !== '' && text !== this.told) {
      this.logger.warn(
        `Users who share a credential are charged and cut off together; revoke those who need one of their own: ${text}`,
      );
    }
    this.told = text;
  }
}

function describe({ protocol, first, last, count }: SharedCredential): string {
  return `${first}, ${last}${count > 2 ? ` and ${count - 2} more` : ''} (${protocol})`;
}
