/** A fictional provider that a person can connect. */
export interface Organization {
  /** 24 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'hospital' | 'pharmacy' | 'laboratory';
}
