import { Option } from 'commander';
import { REASON_CODES } from '../../domain/steering';

/** Why an operator acts. */
export function reasonOption(): Option {
  return new Option('--reason <code>', 'why; the audit log and the timeline record it')
    .choices(REASON_CODES)
    .default('other');
}
