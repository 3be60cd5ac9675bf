/** The entry point: shows the page for the current path. */
import './styles/tokens.css';
import './styles/base.css';
import './styles/forms.css';
import './styles/home.css';
import './styles/room.css';
import './styles/entry.css';
import './styles/player.css';
import './styles/controls.css';
import './styles/sync.css';
import { codeAt, HOME } from './address.js';
import { nameStore, ownClient, type App } from './app.js';
import { createNotices } from './components/notices.js';
import { createMessage } from './components/message.js';
import type { Component } from './dom.js';
import { createHomePage } from './pages/home.js';
import { createRoomPage } from './pages/room.js';
import { watchParts } from './parts.js';
import { IDENTITY_REPLACED } from './words.js';

const root = document.getElementById('app');
if (root === null) throw new Error('the page has no #app element');

watchParts();

const notices = createNotices();
document.body.append(notices.element);

let shown: Component | null = null;

const app: App = {
  client: ownClient(() => notices.say(IDENTITY_REPLACED, 'bad')),
  notices,
  name: nameStore(),
  go(path) {
    if (location.pathname !== path) history.pushState(null, '', path);
    show();
    window.scrollTo(0, 0);
  },
};

function show(): void {
  const { pathname, search, hash } = location;
  // Opened by the server's own address, whose public one has a path: it is served there, too.
  if (!`${pathname}/`.startsWith(HOME)) history.replaceState(null, '', HOME + pathname.slice(1) + search + hash);
  shown?.dispose?.();
  shown = pageFor(location.pathname);
  root!.replaceChildren(shown.element);
}

function pageFor(path: string): Component {
  const code = codeAt(path);
  if (code !== null) return createRoomPage(app, code);
  document.title = 'Playhead';
  // A proxy may leave out the slash.
  if (path === HOME || `${path}/` === HOME) return createHomePage(app);
  return createMessage({
    title: 'Page not found',
    text: 'There’s no page at this address. Check the link for typos.',
    actions: [{ label: 'Go to the home page', primary: true, run: () => app.go(HOME) }],
  });
}

window.addEventListener('popstate', show);
// Links to pages of this program don't reload it; every other click is left to the browser.
document.addEventListener('click', (event) => {
  const anchor = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[data-page]') : null;
  if (anchor === null || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  app.go(anchor.pathname);
});

show();
