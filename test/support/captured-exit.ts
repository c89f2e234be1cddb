class Exit extends Error {
  constructor(readonly status: number) {
    super(`exit ${status}`);
  }
}

/** Calls `read`, which may end the process. `status`: the exit status, null if `read` returned `result`. `output`: stdout and stderr. */
export function captureExit<T>(read: () => T): { status: number | null; output: string; result: T | null } {
  let output = '';
  const write = (text: string | Uint8Array) => {
    output += text;
    return true;
  };
  const mocks = [
    jest.spyOn(process.stdout, 'write').mockImplementation(write),
    jest.spyOn(process.stderr, 'write').mockImplementation(write),
    jest.spyOn(process, 'exit').mockImplementation((status) => {
      throw new Exit(Number(status ?? 0));
    }),
  ];
  try {
    const result = read();
    return { status: null, output, result };
  } catch (error) {
    if (error instanceof Exit) return { status: error.status, output, result: null };
    throw error;
  } finally {
    for (const mock of mocks) mock.mockRestore();
  }
}
