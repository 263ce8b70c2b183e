import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';

/** This process among its equals: the name it holds leases under. */
@Injectable()
export class Replica {
  readonly id = randomUUID();
  readonly name = hostname();
}
