/**
 * A baseline: the published algorithm of the Timing Object's MediaSync. The mean of three differences, taken at
 * `timeupdate` events (about four a second), sets the rate by tiers; beyond a second it seeks.
 */
const SAMPLES = 3;
const JUMP_S = 1;
/** How a difference in seconds becomes a change of rate: from which size on, by which factor, at most how much. */
const TIERS = [
  { fromS: 1, factor: 1.3, most: 1 },
  { fromS: 0.5, factor: 0.75, most: 0.5 },
  { fromS: 0.1, factor: 0.75, most: 0.4 },
  { fromS: 0.025, factor: 0.6, most: 0.3 },
  { fromS: 0, factor: 0.07, most: 0.02 },
];

export function mediaSync({ video, expectedS, isPlaying }) {
  let samples = [];
  video.addEventListener('seeked', () => (samples = []));
  video.addEventListener('timeupdate', () => {
    if (!isPlaying() || video.seeking || video.paused) return;
    samples = [...samples, expectedS() - video.currentTime].slice(-SAMPLES);
    if (samples.length < SAMPLES) return;
    const behindS = samples.reduce((sum, one) => sum + one, 0) / SAMPLES;
    const size = Math.abs(behindS);
    if (size > JUMP_S) {
      video.currentTime = expectedS();
      samples = [];
      return;
    }
    const { factor, most } = TIERS.find(({ fromS }) => size >= fromS);
    video.playbackRate = 1 + Math.max(-most, Math.min(most, behindS * factor));
  });
}
