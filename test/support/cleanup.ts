/** Returns a function that adds a step to the cleanup after each test; the last step runs first. */
export function useCleanup(): (step: () => unknown) => void {
  const steps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of steps.splice(0).reverse()) await step();
  });
  return (step) => void steps.push(step);
}
