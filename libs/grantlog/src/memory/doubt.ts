/** Whether the server may be another one than that which told the position, so that nobody knows what ids of transactions mean. */
export class Doubt {
  private raised = 0;
  private settled = 0;

  get isOpen(): boolean {
    return this.raised > this.settled;
  }

  raise(): void {
    this.raised += 1;
  }

  /** The database is asked. @returns what is to be called when it has answered */
  asked(): () => void {
    const { raised } = this;
    return () => {
      this.settled = raised;
    };
  }
}
