/** A wait that can be cut short; a call that comes before it is not lost. */
export class Pause {
  private isWoken = false;
  private wakeUp: () => void = () => undefined;

  wake(): void {
    this.isWoken = true;
    this.wakeUp();
  }

  /** Forgets earlier calls: what they told of is being looked at now. */
  reset(): void {
    this.isWoken = false;
  }

  /** Waits until the time is over, or {@link wake} is called, or has been called since the last {@link reset}. */
  async wait(milliseconds: number): Promise<void> {
    if (this.isWoken || milliseconds <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
