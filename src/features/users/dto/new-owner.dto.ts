import { TextField } from '../../../shared/http/fields.js';

export class NewOwnerDto {
  @TextField()
  admin_username!: string;
}
