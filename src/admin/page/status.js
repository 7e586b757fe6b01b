// Runs in the browser. Every text of the data is set as text, never as markup: it may come from a certificate.

/** @typedef {import('../../status/status-document.ts').StatusDocument} StatusDocument */
/** @typedef {import('../../status/status-document.ts').ServerStatus} ServerStatus */
/** @typedef {NonNullable<ServerStatus['chain']>['certificates'][number]} Certificate */
/** @typedef {Node | string | undefined} Part */

const byUrgency = ['failing', 'warning', 'unknown', 'good'];
const healthWords = { failing: 'failing', warning: 'look at this', good: 'good', unknown: 'not seen yet' };
const remedyWords = { yaml: 'In the configuration:', message: 'To the owner of the server:', do: '' };

const retryMs = 3_000;

/** @type {StatusDocument | undefined} */
let current;
/** The rows on the page, with the data that they show. @type {Map<string, { item: HTMLLIElement, shown: string }>} */
const rows = new Map();

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const filter = /** @type {HTMLInputElement} */ (byId('filter'));
const attention = /** @type {HTMLInputElement} */ (byId('attention'));

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {{ class?: string, scope?: string, datetime?: string, title?: string, role?: string, tabindex?: string, 'aria-label'?: string }} attributes
 * @param {Part[]} children
 */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/**
 * Renews what differs and nothing else: what somebody has selected to copy it, or is being read out, stays.
 *
 * @param {Element} parent
 * @param {Node[]} children
 */
function renew(parent, children) {
  children.forEach((child, index) => {
    const present = parent.childNodes[index];
    if (present === undefined) parent.append(child);
    else if (!present.isEqualNode(child)) present.replaceWith(child);
  });
  while (parent.childNodes.length > children.length) parent.lastChild?.remove();
}

/** @param {string} at */
function ago(at) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(at)) / 1000));
  const [count, unit] =
    seconds < 60
      ? [seconds, 's']
      : seconds < 3600
        ? [Math.floor(seconds / 60), 'min']
        : seconds < 172_800
          ? [Math.floor(seconds / 3600), 'h']
          : [Math.floor(seconds / 86_400), 'days'];
  return `${count} ${unit} ago`;
}

/** A moment, told by its distance; the words are renewed as it grows. @param {string} at */
function moment(at) {
  return make('time', { datetime: at, title: new Date(at).toLocaleString() }, ago(at));
}

/** @param {number} count @param {string} noun */
function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** @param {Certificate} certificate */
function validity({ days_left, not_after }) {
  if (days_left === null || not_after === null) return 'ends on a date that cannot be read';
  return days_left < 0 ? `expired on ${not_after.slice(0, 10)}` : `${plural(days_left, 'day')} left`;
}

/** @param {ServerStatus} server */
function certificateWords({ chain }) {
  const [first, ...others] = chain?.certificates ?? [];
  if (first === undefined) return '';
  const soonest = others.reduce((least, one) => (daysOf(one) < daysOf(least) ? one : least), first);
  return `certificate: ${validity(soonest)}`;
}

/** One whose end cannot be read is as good as over. @param {Certificate} certificate */
function daysOf({ days_left }) {
  return days_left ?? -Infinity;
}

/** What a row says when it is closed. @param {ServerStatus} server */
function headline({ health, diagnosis, problems }) {
  if (diagnosis !== null && diagnosis.fault !== null) return diagnosis.sentence;
  if (health === 'good' || health === 'unknown') return '';
  return problems[0]?.message ?? '';
}

/** @param {ServerStatus} server */
function summaryOf(server) {
  const { name, health, address, policy, last_failure, open_streams } = server;
  const reason = last_failure?.is_current === true ? ` (${last_failure.reason})` : '';
  const line = headline(server);
  return make(
    'summary',
    {},
    make(
      'span',
      {},
      make('span', { class: 'badge' }, healthWords[health]),
      make('span', { class: 'name' }, name),
      ' ',
      make('span', { class: 'quiet' }, address),
    ),
    make('span', {}, certificateWords(server)),
    make('span', {}, open_streams === 0 ? '' : plural(open_streams, 'open stream')),
    make('span', { class: policy.verification === 'off' ? 'line tone' : 'line quiet' }, policy.words),
    line === '' ? undefined : make('span', { class: 'line' }, `${line}${reason}`),
  );
}

/** @param {[string, Part][]} pairs */
function list(pairs) {
  const entries = pairs.filter(([, value]) => value !== undefined);
  return entries.flatMap(([term, value]) => [make('dt', {}, term), make('dd', {}, value)]);
}

/** @param {ServerStatus} server */
function facts({ policy, state, last_handshake, last_failure, open_streams, open_connections }) {
  const { trust, insecure_until, insecure_reason } = policy;
  const failure =
    last_failure === null
      ? undefined
      : make('span', {}, `${last_failure.reason}, `, moment(last_failure.at), `: ${last_failure.sentence}`);
  return make(
    'dl',
    {},
    ...list([
      ['policy', policy.words],
      ['state', state],
      ['trust', trust === null ? undefined : `${trust.source}, ${plural(trust.anchors, 'certificate')}`],
      ['not verified until', insecure_until ?? undefined],
      ['because', insecure_reason ?? undefined],
      [
        'last handshake',
        last_handshake === null
          ? 'none yet'
          : make('span', {}, moment(last_handshake.at), last_handshake.resumed ? ', resumed' : ''),
      ],
      ['last failure', failure ?? 'none'],
      ['open', `${plural(open_streams, 'stream')}, ${plural(open_connections, 'connection')}`],
    ]),
  );
}

/** Without it doctor would look at the default place, and take the name of the server for a host. */
function configOption() {
  const file = current?.configuration.file ?? null;
  if (file === null) return '';
  return ` --config ${/^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`}`;
}

/** @param {ServerStatus} server */
function remedies({ diagnosis, last_failure, name }) {
  if (diagnosis === null || diagnosis.fault === null) return [];
  const { sentence, remedy, also } = diagnosis;
  const steps = remedy.flatMap(({ kind, text }) =>
    kind === 'do' ? [make('p', {}, text)] : [make('p', {}, remedyWords[kind]), make('pre', {}, text)],
  );
  const more =
    last_failure?.is_current === true
      ? [
          make(
            'p',
            { class: 'quiet' },
            'All that can be found out: ',
            make('code', {}, `mcp-tls-sidecar doctor ${name}${configOption()}`),
          ),
        ]
      : [];
  return [
    make('h3', {}, 'What is wrong'),
    make('p', {}, sentence),
    ...also.map((one) => make('p', {}, `Besides: ${one}`)),
    make('h3', {}, 'What to do'),
    ...steps,
    ...more,
  ];
}

/** @param {ServerStatus} server */
function chainTable({ name, chain }) {
  if (chain === null) return [];
  const head = ['position', 'certificate', 'issued by', 'valid', 'from', 'SHA-256'];
  const body = chain.certificates.map((one, position) =>
    make(
      'tr',
      {},
      make('td', {}, String(position)),
      make('td', {}, one.subject || one.names.join(', ') || 'no name'),
      make('td', {}, one.issuer),
      make(
        'td',
        { class: daysOf(one) < 0 ? 'error' : '' },
        daysOf(one) < 0 ? validity(one) : `${validity(one)}, until ${one.not_after?.slice(0, 10)}`,
      ),
      make('td', {}, one.from === 'bundle' ? 'the bundle' : 'the server'),
      make(
        'td',
        { title: one.fingerprint_sha256 },
        make('code', {}, `${one.fingerprint_sha256.slice(0, 16)}…`),
      ),
    ),
  );
  return [
    make('h3', {}, chain.anchored ? 'The chain' : 'The chain, which leads to nothing in the bundle'),
    // On a narrow screen it scrolls by itself, with the keyboard too.
    make(
      'div',
      { class: 'wide', role: 'group', tabindex: '0', 'aria-label': `chain of ${name}` },
      make(
        'table',
        {},
        make('thead', {}, make('tr', {}, ...head.map((one) => make('th', { scope: 'col' }, one)))),
        make('tbody', {}, ...body),
      ),
    ),
  ];
}

/** @param {StatusDocument['configuration']['last_load']['problems']} problems */
function problemList(problems) {
  return problems.map(({ severity, file, line, column, message, hint }) =>
    make(
      'p',
      {},
      make('strong', { class: severity === 'error' ? 'error' : '' }, severity),
      ` ${line === 0 ? file : `${file}:${line}:${column}`}: ${message}`,
      make('br', {}),
      make('span', { class: 'quiet' }, `→ ${hint}`),
    ),
  );
}

/** @param {StatusDocument['configuration']['last_load']['problems']} problems */
function problemCount(problems) {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const words = [
    ...(errors > 0 ? [plural(errors, 'error')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ];
  return words.length === 0 ? '' : `, ${words.join(' and ')}`;
}

/** Renews a row in place: what has the focus or stands open stays so. @param {ServerStatus} server */
function showRow(server) {
  const shown = JSON.stringify(server);
  const row = rows.get(server.name);
  if (row?.shown === shown) return row.item;
  const item =
    row?.item ?? make('li', {}, make('details', {}, make('summary', {}), make('div', { class: 'details' })));
  const [summary, details] = /** @type {[Element, Element]} */ ([
    ...(item.firstElementChild?.children ?? []),
  ]);
  item.className = server.health;
  renew(summary, [...summaryOf(server).childNodes]);
  renew(details, [
    ...remedies(server),
    ...(server.problems.length === 0
      ? []
      : [make('h3', {}, 'Its configuration'), ...problemList(server.problems)]),
    make('h3', {}, 'What is known'),
    facts(server),
    ...chainTable(server),
  ]);
  rows.set(server.name, { item, shown });
  return item;
}

/** @param {StatusDocument} status */
function showServers({ servers }) {
  const names = new Set(servers.map(({ name }) => name));
  for (const [name, { item }] of rows)
    if (!names.has(name)) {
      item.remove();
      rows.delete(name);
    }
  const sorted = servers.toSorted((a, b) => byUrgency.indexOf(a.health) - byUrgency.indexOf(b.health));
  const wanted = filter.value.trim().toLowerCase();
  const parent = byId('servers');
  let count = 0;
  sorted.forEach((server, index) => {
    const item = showRow(server);
    const { name, address, health } = server;
    item.hidden =
      !`${name} ${address}`.toLowerCase().includes(wanted) ||
      (attention.checked && health !== 'failing' && health !== 'warning');
    if (!item.hidden) count++;
    if (parent.children[index] !== item) place(parent, item, index);
  });
  byId('shown').textContent = count === servers.length ? '' : `${count} of ${servers.length} shown`;
}

/** Moving an element takes the focus from it. @param {Element} parent @param {Element} item @param {number} index */
function place(parent, item, index) {
  const focused = item.contains(document.activeElement) ? document.activeElement : undefined;
  parent.insertBefore(item, parent.children[index] ?? null);
  if (focused instanceof HTMLElement) focused.focus();
}

/** What a load that failed left in force. @param {StatusDocument['configuration']['last_load']} load */
function outcome({ refused }) {
  return refused
    ? ': refused as a whole, what was loaded before stays in force'
    : ': in force, but for the entries with errors';
}

/** @param {StatusDocument} status */
function showConfiguration({ configuration, local_ca, unlisted, started_at, ready }) {
  const { file, sha256, last_success_at, last_load } = configuration;
  const failed = last_load.result === 'failure';
  renew(
    byId('configuration'),
    list([
      ['file', file ?? 'none: the built-in defaults'],
      ['SHA-256', make('code', {}, sha256)],
      ['last good load', last_success_at === null ? 'none yet' : moment(last_success_at)],
      [
        'last load',
        make(
          'span',
          {},
          make(
            'span',
            failed ? { class: 'error' } : {},
            failed ? 'FAILED, ' : 'good, ',
            moment(last_load.at),
          ),
          failed ? outcome(last_load) : '',
        ),
      ],
      ['hosts without an entry', unlisted.policy],
      [
        'CA of the CONNECT route',
        local_ca.problem ??
          `${local_ca.bundle}${local_ca.not_after === null ? '' : `, until ${local_ca.not_after.slice(0, 10)}`}`,
      ],
      ['running', make('span', {}, ready ? 'ready, started ' : 'NOT ready, started ', moment(started_at))],
    ]),
  );
  renew(byId('problems'), problemList(last_load.problems));
  byId('load-words').replaceChildren(
    make(
      'span',
      failed ? { class: 'error' } : {},
      failed ? 'the last load FAILED, ' : 'loaded, ',
      moment(last_load.at),
    ),
    problemCount(last_load.problems),
  );
  const load = /** @type {HTMLDetailsElement} */ (byId('load'));
  // Once for each failure: whoever has closed it has seen it.
  if (failed && load.dataset['shown'] !== last_load.at) load.open = true;
  load.dataset['shown'] = last_load.at;
}

/** @param {StatusDocument} status */
function showOverview({ version, servers, configuration }) {
  byId('version').textContent = version;
  /** @param {ServerStatus['health']} health */
  const count = (health) => servers.filter((one) => one.health === health).length;
  const [failing, warning] = [count('failing'), count('warning')];
  const parts = [
    plural(servers.length, 'server'),
    failing > 0 ? `${failing} failing` : 'none failing',
    ...(warning > 0 ? [`${warning} to look at`] : []),
    ...(configuration.last_load.result === 'failure' ? ['the last load of the configuration FAILED'] : []),
  ];
  const text = parts.join(' · ');
  if (byId('overview').textContent !== text) byId('overview').textContent = text;
  document.title = failing > 0 ? `(${failing}) mcp-tls-sidecar` : 'mcp-tls-sidecar';
}

function show() {
  if (current === undefined) return;
  showOverview(current);
  showConfiguration(current);
  showServers(current);
}

/** @param {string} text @param {boolean} lost */
function showConnection(text, lost) {
  const element = byId('connection');
  element.classList.toggle('lost', lost);
  if (element.textContent !== text) element.textContent = text;
}

function listen() {
  const events = new EventSource('/api/servers');
  events.addEventListener('message', ({ data }) => {
    current = /** @type {StatusDocument} */ (JSON.parse(String(data)));
    showConnection('live', false);
    show();
  });
  events.addEventListener('error', () => {
    // A browser comes back by itself to who did not answer; an answer that is no stream it takes as final.
    const isRefused = events.readyState === EventSource.CLOSED;
    showConnection(
      `NOT live: ${isRefused ? 'refused, there may be too many readers' : 'the sidecar does not answer'}, trying again`,
      true,
    );
    if (isRefused) setTimeout(listen, retryMs);
  });
}

listen();
filter.addEventListener('input', show);
attention.addEventListener('change', show);
setInterval(() => {
  for (const element of document.querySelectorAll('time')) element.textContent = ago(element.dateTime);
}, 5_000);
