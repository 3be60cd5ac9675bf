// Chooses how a player closes gaps.

import type { PlayerAdapter } from '../adapters/adapter.js';
import { Correction } from './correction.js';
import { Pulses } from './pulses.js';
import { VideoFrames } from './video-frames.js';

/** Returns what keeps this player in place, with what it needs beyond the correction of gaps. */
export function correctionFor({ capabilities }: PlayerAdapter, video: HTMLVideoElement): Correction {
  if (capabilities.rates !== 'continuous') return new Correction(new Pulses());
  return new Correction('requestVideoFrameCallback' in video ? new VideoFrames(video) : undefined);
}
