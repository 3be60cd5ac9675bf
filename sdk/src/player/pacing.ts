import type { PlayerAdapter } from '../adapters/adapter.js';
import type { Pacing } from './correction.js';
import { Pictures } from './pictures.js';
import { Pulses } from './pulses.js';

/** What a player needs beside the correction of gaps; null is nothing. */
export function pacingFor({ capabilities }: PlayerAdapter, video: HTMLVideoElement): Pacing | null {
  if (capabilities.rates !== 'continuous') return new Pulses();
  return 'requestVideoFrameCallback' in video ? new Pictures(video) : null;
}
