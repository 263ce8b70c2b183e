import { Injectable } from '@nestjs/common';

/** Whether this process still wants new requests. */
@Injectable()
export class Readiness {
  /** Set once, when the process was asked to stop. */
  draining = false;
}
