/* Reviewing lines by key. Every verdict is a form that works without this; htmx swaps one line, this minds the focus.

   <table data-review data-show="all">                   data-show hides by CSS: all todo changed since rejected approved problems
   <tbody class="line" data-line data-decision="approved|rejected" data-changed="1" data-since="1" data-problem="1">
     <tr> … <form class="verdict" action="25/"> buttons name="decision" value="approved|rejected|amount", aria-pressed …
       the line becomes id="line-25", its row takes the focus; without scripts only the one a link leads to has it
     <tr class="under"> the reason, or the form that asks for it: input name="reason", decision=rejected hidden (U1)
     <tr class="under"> the form data-box: another amount, fetched from 25/amount/ and sent like any form (9.3)
   <a href="?show=changed" data-show="changed">          a filter; the address and aria-current follow
   <input data-find>                                     narrows to lines whose text holds the words
   <th data-column="work_this_period">                   the column whose cells a double click opens
   j k next, previous · a approve · r reject · u clear · n next to do · c only changed · A the others · f finish · Enter another amount · Esc leaves a box */
(() => {
  const table = document.querySelector("table[data-review]");
  if (!table) return;
  const root = document.documentElement;
  let current = "";
  let isBusy = false; // a line is being saved: it is swapped, and only then takes another verdict
  const waiting = []; // the keys of somebody who is quicker than that
  const say = (words) => window.dispatchEvent(new CustomEvent("plumbline:say", { detail: words }));
  const lines = () => [...table.querySelectorAll("[data-line]")].filter((line) => line.checkVisibility());
  const line = () => document.getElementById(current);
  const takesFocus = (one) => { one.rows[0].tabIndex = -1; };
  for (const one of table.tBodies) { one.id = `line-${parseInt(one.querySelector(".verdict").getAttribute("action"), 10)}`; takesFocus(one); }
  const open = (one) => !one.dataset.decision;

  const go = (one) => {
    if (!one) return;
    current = one.id;
    const row = one.rows[0];
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const step = (by) => {
    const all = lines(), at = all.findIndex((one) => one.id === current);
    go(all[Math.max(0, Math.min(at < 0 ? 0 : at + by, all.length - 1))]);
  };
  // From a line on, then round to the top; a line may have been hidden by its own verdict, so order is the table's.
  const nextOpen = (from) => {
    const all = [...table.querySelectorAll("[data-line]")], at = all.indexOf(from);
    const found = [...all.slice(at + 1), ...all.slice(0, at + 1)].find((one) => open(one) && one.checkVisibility());
    if (found) go(found); else { say("Every line shown has a verdict."); (from.checkVisibility() ? go(from) : table.closest("[tabindex]")?.focus()); }
  };
  const press = (decision) => line()?.querySelector(`.verdict button[value=${decision}]`)?.click();
  const clear = () => line()?.querySelector(".verdict [aria-pressed=true]")?.click();

  const show = (what) => {
    table.dataset.show = what;
    for (const link of document.querySelectorAll("a[data-show]")) {
      if (link.dataset.show === what) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
    const address = new URL(location); address.searchParams.set("show", what); history.replaceState(null, "", address);
    current = "";
    say(`${lines().length} lines shown`);
  };

  // Another amount, in place; all amounts of the line are in the dialog, which is what there is where none can be typed.
  const addressOf = (one) => `${one.querySelector(".verdict").getAttribute("action")}amount/`;
  const allow = async (one) => {
    if (!one || one.querySelector("[data-box]")) return;
    const href = addressOf(one), answer = await fetch(href, { headers: { "HX-Request": "true", "HX-Target": "box" } }).catch(() => null);
    const html = answer?.ok && !answer.redirected ? (await answer.text()).trim() : "";
    if (!html) { window.dispatchEvent(new CustomEvent("plumbline:dialog", { detail: { href, opener: one.querySelector("[value=amount]") } })); return; }
    one.rows[0].insertAdjacentHTML("afterend", html);
    one.rows[1].cells[0].colSpan = one.rows[0].cells.length;
    current = one.id;
    const amount = one.querySelector("[data-box] .n");
    amount.focus();
    amount.select();
  };
  const leave = (one, cancel) => {
    if (!cancel?.closest("[data-box]")) return cancel ? cancel.click() : go(one);
    cancel.closest("tr").remove();
    go(one);
  };

  const keys = {
    j: () => step(1), k: () => step(-1), a: () => press("approved"), r: () => press("rejected"), u: clear,
    n: () => nextOpen(line() ?? table.querySelector("[data-line]:last-of-type")),
    c: () => show(table.dataset.show === "changed" ? "all" : "changed"),
    A: () => document.querySelector("#review-buttons button")?.click(), f: () => document.querySelector("#review-buttons a")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    const box = event.target.closest("[data-line] .under form");
    if (event.key === "Escape" && box) return leave(box.closest("[data-line]"), box.querySelector("[data-cancel]"));
    const typing = event.target.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select");
    if (root.dataset.keys === "off" || typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const does = event.key === "Enter" && event.target.matches("[data-line] > tr") ? () => allow(line()) : keys[event.shiftKey ? event.key : event.key.toLowerCase()]; // Caps Lock means no more than the letter
    if (!does) return;
    event.preventDefault();
    if (isBusy) waiting.push(does); else does();
  });
  const ready = (goesOn) => {
    isBusy = false;
    if (!goesOn) waiting.length = 0;
    while (waiting.length && !isBusy) waiting.shift()();
  };
  // A verdict's form says only its address; 500 of them weigh.
  table.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(".verdict")) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.submitter.value === "amount") allow(form.closest("[data-line]"));
    else htmx.ajax("POST", form.getAttribute("action"), { source: form, target: form.closest("tbody"), swap: "outerHTML", values: { decision: event.submitter.value } });
  });
  table.addEventListener("dblclick", (event) => {
    const cell = event.target.closest("[data-line] > tr:not(.under) > td"), column = table.querySelector("[data-column]");
    if (cell?.cellIndex === column.cellIndex) allow(cell.closest("[data-line]"));
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => { if (table.contains(event.target)) isBusy = true; });
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.body.addEventListener(failure, () => ready(false));

  // The counters came with a line; the page is older than they are, and Finish asks which amounts were shown.
  document.addEventListener("click", (event) => {
    const finish = event.target.closest("#review-buttons a");
    if (finish) finish.search = `?version=${document.querySelector("[form=rest][name=version]").value}`;
  }, true);
  document.addEventListener("click", (event) => {
    const filter = event.target.closest("a[data-show]");
    if (filter && !event.ctrlKey && !event.metaKey) { event.preventDefault(); show(filter.dataset.show); }
    const one = event.target.closest("[data-line]"), cancel = event.target.closest("[data-box] [data-cancel]");
    if (cancel) { event.preventDefault(); leave(one, cancel); }
    if (one) current = one.id;
  });
  table.addEventListener("focusin", (event) => { current = event.target.closest("[data-line]")?.id ?? current; });

  document.querySelector("[data-find]")?.addEventListener("input", (event) => {
    const words = event.target.value.trim().toLowerCase();
    for (const one of table.querySelectorAll("[data-line]")) one.hidden = words !== "" && !one.textContent.toLowerCase().includes(words);
    say(`${lines().length} lines shown`);
  });

  // On a narrow screen the claimed amount comes first, beside the verdicts; what stands before it is a swipe away.
  if (innerWidth < 701) table.parentElement.scrollLeft = table.querySelector("[data-column]").offsetLeft - table.tFoot.rows[0].cells[0].offsetWidth;

  const linked = location.hash.startsWith("#line-") && document.getElementById(location.hash.slice(1));
  // Back from a line's other amount; the browser goes to the line by itself first, and takes the focus away.
  if (linked && table.contains(linked)) addEventListener("load", () => setTimeout(() => go(linked)));

  // After a swap the focus goes to the reason box, or forward to the next line to do, or back to the same line.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const one = event.target.closest?.("[data-line]");
    if (!one || !table.contains(one)) return;
    current = one.id;
    takesFocus(one);
    const reason = one.querySelector("input[name=reason]:not([type=hidden]), [data-asks]"); // or whose verdict stands
    if (reason) reason.focus();
    else if (open(one) && one.checkVisibility()) go(one);
    else nextOpen(one);
    ready(!reason);
  });
})();
