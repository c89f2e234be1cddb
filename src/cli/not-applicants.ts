/** A file that is no list of applicants at all; nothing of it is started. */
export class NotApplicants extends Error {
  override readonly name = 'NotApplicants';
  readonly kind = 'not-applicants';
}
