const interval = 500;

/** Calls back once when the embedded server's process is gone. @returns how to stop watching */
export function onServerLost(pid: number | undefined, lost: () => void): () => void {
  if (pid === undefined) return () => undefined;
  const timer = setInterval(() => {
    if (isAlive(pid)) return;
    clearInterval(timer);
    lost();
  }, interval);
  return () => clearInterval(timer);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, and another user's
  }
}
