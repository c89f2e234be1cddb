/** A provider of care that a person can connect. All are made up. */
export interface Organization {
  /** 24 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'hospital' | 'pharmacy' | 'laboratory';
}
