/** Turns of paced work: each attempt is one turn, and the server's cap on the task queue decides when it starts. */
export function createTurnActivities() {
  return {
    /** Does nothing: that it was started is the turn. */
    async awaitTurn(): Promise<void> {},
  };
}
