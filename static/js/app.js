/* What every page has: theme, row height, keys, menus that close, focus that is never lost. All of it may be missing.

   data-set="theme|density" value="…"   a button; kept for a year in a cookie the server reads
   data-set-keys                        a checkbox: single-letter keys on or off (U8)
   data-search                          the field that / goes to; without one it opens the menu of projects
   data-go="h|i|e"                      a link that "g" and then this letter opens
   data-takes-focus                     an error summary: gets the focus on load and after a swap (U4)
   data-needs-script                    shown only when scripts run
   data-tick-all="name"                 a checkbox that ticks every checkbox of that name in its form
   data-selected="name"                 text for the number ticked; data-cents on each checkbox feeds data-selected-sum
   data-all-of="name"                   a box for all on every page: its data-count and data-cents stand for them
   <body data-form-most="fields bytes"> the most that one form may hold: more is not sent, so nothing typed is lost (F12)
   window "plumbline:say" {detail}      any script asks for words in the polite live region */
(() => {
  const root = document.documentElement;
  const typing = (element) => element.matches("input:not([type=checkbox], [type=radio], [type=submit]), textarea, select, [contenteditable]");
  const keep = (name, value) => {
    root.dataset[name] = value;
    const [prefix, end] = location.protocol === "https:" ? ["__Host-", "; secure"] : ["", ""];
    document.cookie = `${prefix}${name}=${value}; path=/; max-age=31536000; samesite=lax${end}`;
  };
  const say = (words) => { document.getElementById("announce").textContent = words; };
  window.addEventListener("plumbline:say", (event) => say(event.detail));

  const showChoices = () => {
    for (const button of document.querySelectorAll("[data-set]")) button.setAttribute("aria-pressed", root.dataset[button.dataset.set] === button.value);
    for (const box of document.querySelectorAll("[data-set-keys]")) box.checked = root.dataset.keys !== "off";
  };
  for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
  showChoices();
  // On a narrow screen the tabs and the menu scroll sideways: where one is stays in sight.
  for (const here of document.querySelectorAll(".nav [aria-current], .tabs [aria-current]")) {
    const strip = here.closest("ul"), hidden = here.getBoundingClientRect().right - strip.getBoundingClientRect().right;
    if (hidden > 0) strip.scrollLeft += hidden;
  }

  const takeFocus = (within) => within.querySelector?.("[data-takes-focus]")?.focus();
  takeFocus(document);
  document.addEventListener("htmx:afterSettle", (event) => takeFocus(event.target));
  // A refusal that is a whole page takes no part's place.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.xhr.status >= 400 && /^<!doctype/i.test(detail.serverResponse)) Object.assign(detail, { shouldSwap: false, isError: true });
  });
  document.addEventListener("htmx:responseError", (event) => {
    const code = event.detail.xhr.status;
    if (code >= 500) return say(`No answer (${code}). Load the page again and look.`);
    say(code === 409 ? "Not saved: somebody else changed this. Load the page again." : `Not saved (${code}). Nothing was changed.`);
  });
  document.addEventListener("htmx:sendError", () => say("Not saved: you seem to be offline."));

  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-set]");
    if (choice) { keep(choice.dataset.set, choice.value); showChoices(); }
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  const named = (form, name) => [...form.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)];
  const allOf = (form, name) => form.querySelector(`[data-all-of="${CSS.escape(name)}"]:checked`);
  const count = (form) => {
    for (const out of form.querySelectorAll("[data-selected]")) out.textContent = allOf(form, out.dataset.selected)?.dataset.count ?? named(form, out.dataset.selected).filter((box) => box.checked).length;
    for (const out of form.querySelectorAll("[data-selected-sum]")) {
      const all = allOf(form, out.dataset.selectedSum), boxes = all ? [all] : named(form, out.dataset.selectedSum).filter((box) => box.checked);
      const sum = boxes.reduce((total, box) => total + Number(box.dataset.cents || 0), 0);
      out.textContent = all && !all.dataset.cents ? "sum on the next page" : new Intl.NumberFormat("en-US", { minimumFractionDigits: 2 }).format(sum / 100);
    }
  };
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-set-keys]")) keep("keys", box.checked ? "on" : "off");
    if (box.dataset.tickAll) for (const other of named(box.form, box.dataset.tickAll)) other.checked = box.checked;
    if (box.form && box.type === "checkbox") count(box.form);
  });
  for (const out of document.querySelectorAll("[data-selected]")) count(out.closest("form"));
  document.addEventListener("reset", (event) => setTimeout(count, 0, event.target));

  const [mostFields, mostBytes] = (document.body.dataset.formMost ?? "").split(" ").map(Number);
  document.addEventListener("submit", (event) => {
    const sent = [...new FormData(event.target)].filter(([, value]) => typeof value === "string");
    if (!(sent.length > mostFields || new URLSearchParams(sent).toString().length > mostBytes)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const words = `Nothing was sent: this form holds more than can be taken at once (${sent.length.toLocaleString("en-US")} cells; ${mostFields.toLocaleString("en-US")} and ${Math.floor(mostBytes / 2 ** 20)} MB are the most). All you typed is still here. Take some lines out and save in parts, or upload an Excel file.`;
    const told = event.target.querySelector("[data-too-much]") ?? document.createElement("p");
    Object.assign(told, { className: "error-summary", tabIndex: -1, textContent: words });
    told.dataset.tooMuch = "";
    event.target.prepend(told);
    told.focus();
  }, true);

  let goes = false;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = event.target.closest("details.menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      return;
    }
    if (root.dataset.keys === "off" || typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (goes) {
      goes = false;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key === "g") { goes = true; setTimeout(() => { goes = false; }, 1200); return; }
    if (event.key === "/") {
      const field = document.querySelector("[data-search]"), menu = document.querySelector("details.switch");
      if (!field && !menu) return;
      if (!field) menu.open = true;
      (field ?? menu.querySelector("a:last-child")).focus();
    } else if (event.key === "?") document.getElementById("keys")?.showModal();
    else return;
    event.preventDefault();
  });
})();
