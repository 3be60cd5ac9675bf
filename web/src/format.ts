/** "1:02" or "1:02:03" for a length or position in milliseconds. */
export function clockTime(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** "1 minute 2 seconds", for those who listen rather than look. */
export function spokenTime(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const parts: string[] = [];
  if (hours > 0) parts.push(counted(hours, 'hour'));
  if (minutes > 0) parts.push(counted(minutes, 'minute'));
  parts.push(counted(total % 60, 'second'));
  return parts.join(' ');
}

/** "1 viewer", "2 viewers". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** "0.4 ms", "41 ms" or "1.3 s" for a distance in milliseconds, whatever its sign; a tenth is told below `fineMs`. */
export function finely(ms: number, fineMs = 1): string {
  const distance = Math.abs(ms);
  if (distance < fineMs - 0.05) return `${distance.toFixed(1)} ms`;
  if (distance < 999.5) return `${Math.round(distance)} ms`;
  return `${(distance / 1000).toFixed(1)} s`;
}

/** The same for a bound, which must not be told smaller than it is. */
export function finelyUp(ms: number): string {
  const step = ms <= 0.9 ? 0.1 : ms <= 999 ? 1 : 100;
  // What a computer adds to 0.3 must not make it 0.4.
  return finely(Math.ceil(ms / step - 1e-9) * step);
}
