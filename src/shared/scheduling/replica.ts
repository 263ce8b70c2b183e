import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Injectable } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { ownVersion } from '../own-version.js';

/** This process among its equals: the name it holds leases under. */
@Injectable()
export class Replica {
  readonly id = randomUUID();
  readonly name = hostname();
  readonly version = ownVersion();
  readonly role: Config['role'];

  constructor(config: Config) {
    this.role = config.role;
  }
}
