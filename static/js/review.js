/* Reviewing lines by key. Every verdict is a form that works without this; htmx swaps one line, this minds the focus.

   <table data-review data-show="all">                   data-show hides by CSS: all todo changed since rejected approved problems
   <tbody class="line" id="line-25" data-line data-decision="|approved|rejected" data-changed="0|1" data-problem="0|1">
     <tr tabindex="-1"> … two buttons name="decision" value="approved|rejected", aria-pressed …
     <tr class="under"> the reason, or the form that asks for it: input name="reason", decision=rejected hidden (U1)
   <a href="?show=changed" data-show="changed">          a filter; the address and aria-current follow
   <input data-find>                                     narrows to lines whose text holds the words
   [data-first-open]                                     a link "Go to the first" (U3)
   j k next, previous · a approve · r reject · u clear · n next to do · c only changed · Esc leaves the reason box */
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
  const open = (one) => one.dataset.decision === "";

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

  const keys = {
    j: () => step(1), k: () => step(-1), a: () => press("approved"), r: () => press("rejected"), u: clear,
    n: () => nextOpen(line() ?? table.querySelector("[data-line]:last-of-type")),
    c: () => show(table.dataset.show === "changed" ? "all" : "changed"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.name === "reason") {
      const one = event.target.closest("[data-line]");
      const cancel = one.querySelector("[data-cancel]");
      if (cancel) cancel.click(); else go(one);
      return;
    }
    const typing = event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
    if (root.dataset.keys === "off" || typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const does = keys[event.key];
    if (!does) return;
    event.preventDefault();
    if (isBusy) waiting.push(does); else does();
  });
  const ready = (goesOn) => {
    isBusy = false;
    if (!goesOn) waiting.length = 0;
    while (waiting.length && !isBusy) waiting.shift()();
  };
  // A verdict's form says its address once; 500 of them weigh.
  document.body.addEventListener("htmx:configRequest", (event) => { if (event.target.matches(".verdict")) event.detail.path = event.target.getAttribute("action"); });
  document.body.addEventListener("htmx:beforeRequest", (event) => { if (table.contains(event.target)) isBusy = true; });
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.body.addEventListener(failure, () => ready(false));

  document.addEventListener("click", (event) => {
    const filter = event.target.closest("a[data-show]");
    if (filter && !event.ctrlKey && !event.metaKey) { event.preventDefault(); show(filter.dataset.show); }
    if (event.target.closest("[data-first-open]")) { event.preventDefault(); show("todo"); go(lines()[0]); }
    const one = event.target.closest("[data-line]");
    if (one) current = one.id;
  });
  table.addEventListener("focusin", (event) => { current = event.target.closest("[data-line]")?.id ?? current; });

  document.querySelector("[data-find]")?.addEventListener("input", (event) => {
    const words = event.target.value.trim().toLowerCase();
    for (const one of table.querySelectorAll("[data-line]")) one.hidden = words !== "" && !one.textContent.toLowerCase().includes(words);
    say(`${lines().length} lines shown`);
  });

  // After a swap the focus goes to the reason box, or forward to the next line to do, or back to the same line.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const one = event.target.closest?.("[data-line]");
    if (!one || !table.contains(one)) return;
    current = one.id;
    const reason = one.querySelector("input[name=reason]:not([type=hidden]), [data-asks]"); // or whose verdict stands
    if (reason) reason.focus();
    else if (open(one) && one.checkVisibility()) go(one);
    else nextOpen(one);
    ready(!reason);
  });
})();
