/** Whether Temporal is known to be away, so that nobody needs to wait for it in vain. */
export interface Circuit {
  readonly open: boolean;
  /** Temporal has answered for a notice. */
  reached(): void;
  /** A request waited its full time, and Temporal answered for none of its notices. */
  missed(): void;
}

/** It opens at the first request that waited in vain, and closes at the first notice that Temporal takes, out of the spool or posted just now. */
export function createCircuit(changed: (open: boolean) => void): Circuit {
  let open = false;
  const become = (next: boolean): void => {
    if (open === next) return;
    open = next;
    changed(open);
  };
  return {
    get open() {
      return open;
    },
    reached: () => become(false),
    missed: () => become(true),
  };
}
