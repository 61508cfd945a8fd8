/**
 * The page of a run that goes on: the report's own style around what the server of the page sends whenever there is more to see. The one
 * script puts that in place; nothing of a program is run, as programs are text in what is sent, and no script but this one may run.
 */
import { markup, REPORT_STYLE } from '@bulkhead/guard';

/**
 * What the page may do, as a header says it: its own script, events of its own server, and nothing of anybody else.
 *
 * @public
 */
export const LIVE_PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The page, which asks for `run.js` and `events` beside it.
 *
 * @returns HTML5, UTF-8.
 * @public
 */
export function renderLivePage(name: string): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}: evolution</title>
<style>${{ kind: 'markup', html: REPORT_STYLE }}</style>
<script src="run.js" defer></script>
</head>
<body>
<div id="run"><header><h1>${name}</h1><p class="lead">Before the first evaluation.</p></header></div>
<footer><p id="line" role="status">Connecting.</p></footer>
</body>
</html>
`.html;
}

/**
 * The page's script. Events are `view` (HTML as a text of JSON) and `end` (a sentence as a text of JSON); what somebody opened stays open.
 *
 * @public
 */
export const LIVE_PAGE_SCRIPT = `const run = document.querySelector('#run');
const line = document.querySelector('#line');
const titleOf = (details) => details.querySelector('summary')?.textContent;
const events = new EventSource('events');
events.addEventListener('open', () => { line.textContent = 'Live: the page follows the run.'; });
events.addEventListener('view', ({ data }) => {
  const open = new Set([...run.querySelectorAll('details[open]')].map(titleOf));
  run.innerHTML = JSON.parse(data);
  for (const details of run.querySelectorAll('details')) details.open = open.has(titleOf(details));
});
events.addEventListener('end', ({ data }) => {
  events.close();
  line.textContent = JSON.parse(data);
});
events.addEventListener('error', () => { line.textContent = 'The run does not answer. What stands here is the last that was heard of it.'; });
`;
