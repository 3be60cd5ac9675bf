/** Pretends to a page that its server has lost the store. */

/** The commands that a server can't carry out without its store. */
const STORED = new Set(['play', 'pause', 'seek', 'set_rate', 'set_media', 'change_quality', 'change_subtitle', 'change_audio', 'host_transfer']);

/**
 * Intercepts the socket between a page and its server, and can announce in the server's name that commands can't be
 * stored: they are then rejected with an unknown outcome and never reach it. Call it before the page joins.
 */
export async function standBetween({ page }) {
  let reachable = true;
  let current = null;
  const refused = [];
  await page.routeWebSocket(/\/ws\?ticket=/, (socket) => {
    const server = socket.connectToServer();
    current = socket;
    socket.onMessage((text) => {
      const { type, id } = JSON.parse(text);
      if (reachable || !STORED.has(type)) return server.send(text);
      refused.push({ type, id });
      const error = { code: 'store_unavailable', retry: 'backoff', outcome: 'unknown', detail: 'the store is away', meta: {} };
      socket.send(JSON.stringify({ type: 'reject', id, error }));
    });
  });
  return {
    refused,
    say(isReachable) {
      reachable = isReachable;
      current.send(JSON.stringify({ type: 'authority_changed', data: { reachable } }));
    },
  };
}
