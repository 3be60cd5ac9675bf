const NOTE_MS = 40;

/** Runs in the frame: notes where its video is, as the recorder of the reference page does, and gives what is new. */
function drain(noteMs) {
  const video = document.querySelector('video');
  if (video === null) return [];
  if (window.notes === undefined) {
    window.notes = [];
    setInterval(() => {
      const at = performance.timeOrigin + performance.now();
      const { paused, seeking, playbackRate: rate, videoHeight: height } = video;
      const ready = video.readyState >= 3;
      window.notes.push({ at, positionMs: video.currentTime * 1000, paused, seeking, ready, rate, height });
    }, noteMs);
  }
  return window.notes.splice(0);
}

/** Somebody whose video is in the frame that `isFrame` finds, watched there and not through what anybody says of it. */
export function watching({ name, page }, isFrame = (frame) => frame === page.mainFrame()) {
  const watched = { name, samples: [], watch };

  async function watch() {
    // There is no frame before it is made, and one that is just being loaded can't answer.
    const noted = (await page.frames().find(isFrame)?.evaluate(drain, NOTE_MS).catch(() => [])) ?? [];
    const unknown = { expectedMs: NaN, cue: null, frame: null };
    watched.samples.push(...noted.map((one) => ({ ...one, ...unknown })));
  }

  return watched;
}
