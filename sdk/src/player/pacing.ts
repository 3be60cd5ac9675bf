// Chooses what a player needs beyond the correction of gaps.

import type { PlayerAdapter } from '../adapters/adapter.js';
import type { Pacing } from './correction.js';
import { Pulses } from './pulses.js';
import { VideoFrames } from './video-frames.js';

/** Returns what this player needs beyond the correction of gaps, or null. */
export function pacingFor({ capabilities }: PlayerAdapter, video: HTMLVideoElement): Pacing | null {
  if (capabilities.rates !== 'continuous') return new Pulses();
  return 'requestVideoFrameCallback' in video ? new VideoFrames(video) : null;
}
