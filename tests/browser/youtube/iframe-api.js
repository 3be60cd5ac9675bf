// The page's half of a player API that behaves like YouTube's: an iframe of another origin, which takes commands and
// reports its state by messages; getters return the last reported state.
(() => {
  const MAX_AHEAD_SECONDS = 1;
  /** How often the page has called each function. */
  const calls = {};

  class Player {
    #frame = document.createElement('iframe');
    #host;
    #events;
    #news = {};
    #listen = (event) => this.#hear(event);

    constructor(target, { host, videoId, width, height, playerVars, events }) {
      this.#host = new URL(host).origin;
      this.#events = events;
      this.#frame.allow = 'autoplay';
      this.#frame.width = width;
      this.#frame.height = height;
      this.#frame.style.border = '0';
      this.#frame.src = `${this.#host}/embed/${videoId}?${new URLSearchParams(playerVars)}`;
      window.addEventListener('message', this.#listen);
      target.replaceWith(this.#frame);
    }

    playVideo = () => this.#command('playVideo');
    pauseVideo = () => this.#command('pauseVideo');
    seekTo = (seconds) => this.#command('seekTo', seconds);
    setPlaybackRate = (rate) => this.#command('setPlaybackRate', rate);
    mute = () => this.#command('mute');
    unMute = () => this.#command('unMute');

    isMuted = () => this.#news.muted;
    getDuration = () => this.#news.duration;
    getPlayerState = () => this.#news.state;
    getPlaybackRate = () => this.#news.rate;
    getAvailablePlaybackRates = () => this.#news.rates;

    getCurrentTime() {
      const { seconds, sentAt, state, rate } = this.#news;
      if (state !== window.YT.PlayerState.PLAYING) return seconds;
      const since = (Date.now() / 1000 - sentAt) * rate;
      return seconds + Math.min(Math.max(since, 0), MAX_AHEAD_SECONDS);
    }

    destroy() {
      window.removeEventListener('message', this.#listen);
      this.#frame.remove();
    }

    #command(name, argument) {
      calls[name] = (calls[name] ?? 0) + 1;
      this.#frame.contentWindow?.postMessage({ command: name, argument }, this.#host);
    }

    #hear({ source, origin, data }) {
      if (source !== this.#frame.contentWindow || origin !== this.#host) return;
      const before = this.#news;
      this.#news = { ...before, ...data.news };
      if (data.event !== undefined) this.#events[data.event]?.({ target: this, data: data.argument });
    }
  }

  window.YT = {
    Player,
    PlayerState: { UNSTARTED: -1, ENDED: 0, PLAYING: 1, PAUSED: 2, BUFFERING: 3, CUED: 5 },
    calls,
  };
  window.onYouTubeIframeAPIReady?.();
})();
