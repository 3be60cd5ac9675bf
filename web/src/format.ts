/** Durations, counts and distances as text. */

/** Formats a duration or position in milliseconds as "1:02" or "1:02:03". */
export function clockTime(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}

/** Formats it as "1 minute 2 seconds", for screen readers. */
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

/** Formats a count as "1 viewer" or "2 viewers". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** Formats the size of a difference in milliseconds as "0.4 ms", "41 ms" or "1.3 s", with tenths below `fineMs`. */
export function finely(ms: number, fineMs = 1): string {
  const distance = Math.abs(ms);
  if (distance < fineMs - 0.05) return `${distance.toFixed(1)} ms`;
  if (distance < 999.5) return `${Math.round(distance)} ms`;
  return `${(distance / 1000).toFixed(1)} s`;
}

/** Formats an upper bound in the same way, but never rounds it down. */
export function finelyUp(ms: number): string {
  const step = ms <= 0.9 ? 0.1 : ms <= 999 ? 1 : 100;
  // A rounding error on 0.3 must not make it 0.4.
  return finely(Math.ceil(ms / step - 1e-9) * step);
}

/** Returns what people call a language, or its tag if the browser doesn't know it. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** Returns the tag of the browser's language without its region, such as "pt"; undefined if there is none. */
export function ownLanguage(): string | undefined {
  const tag = /^[a-z]{2,3}(?![a-z])/i.exec(navigator.language ?? '')?.[0].toLowerCase();
  return tag === 'und' ? undefined : tag;
}
