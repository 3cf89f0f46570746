/* The entry sheet saves each row when it is left, to the same address as its Save button, one request at a time. After sheet.js.

   [data-header]                    the fields above the sheet: saved like a row
   [data-save-state]                says “Saving…”, “All saved”, or why not; polite, for readers too; and what of a pasted
                                    block did not fit, until something else is typed
   What the site refuses is held back, and named, until other words stand there; everything else is saved.
   #checks                          what must hold of what is saved: comes again with each save, and marks the rows it names
   [data-unsaved]                   a row that came back unsaved (both versions, filled in): only its reader's own Save stores it
   Without scripts, Save does it all. What is not saved stays on the page, and leaving asks first. */
(() => {
  if (!window.plumbline?.sheet) return;
  const { sheet, follow, mark, paintSums, parse, plain, update } = plumbline.sheet;
  const form = sheet.closest("form"), header = form.querySelector("[data-header]"), state = document.querySelector("[data-save-state]"), checks = document.querySelector("#checks details");
  const RETRY = 15000, SIGNED_OUT = "Not saved: you are signed out. Sign in again in another tab; what you typed stays on this page";
  const TYPED = { "held-work": "typedWork", "held-stored": "typedStored", left: "typedLeft" };
  const refused = new Map(); // part: what was typed there, and why it was not taken
  let busy = null, conflict = false, down = false, submitting = false, timer = 0;

  const parts = () => [header, ...sheet.querySelectorAll("[data-row]")];
  const inputs = (part) => [...part.querySelectorAll("input:not([type=hidden], [name=pick]), select")];
  const isChanged = (input) => (input.type === "checkbox" ? input.checked !== input.defaultChecked : input.value !== input.defaultValue);
  // What follows from other cells has no name; it is no change of its own.
  const isDirty = (part) => inputs(part).some((input) => input.name && isChanged(input));
  const dirty = () => parts().filter((part) => "unsaved" in part.dataset || isDirty(part));
  const valueOf = (input) => (input.type === "checkbox" ? input.checked : input.value);
  const textOf = (part) => inputs(part).map(valueOf).join("\n");
  const isRefused = (part) => refused.has(part) && refused.get(part).typed === textOf(part);
  const ready = () => dirty().filter((part) => !("unsaved" in part.dataset) && part.dataset.problem !== "1" && !isRefused(part) && !part.contains(document.activeElement));
  // Nothing at a key press that says what stands there: new text has the browser look at the style of all lines again.
  const tell = (words, tone) => {
    if (state.textContent === words) return;
    if (state.firstChild) state.firstChild.data = words; else state.textContent = words;
    state.className = `save-state tone-${tone}`;
  };

  const body = (some) => {
    const data = new URLSearchParams({ then: "row", version: form.elements.version.value, csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    for (const part of some) {
      for (const input of part.querySelectorAll("input[name]:not([name=pick])")) if (input.type !== "checkbox" || input.checked) data.set(input.name, input.value);
      if (part === header) for (const hidden of form.querySelectorAll(":scope > [name^=shown-]")) data.set(hidden.name, hidden.value);
    }
    return data;
  };
  // What blocks a line of what is saved is marked on its row, unless something else is typed there by now. It is saved
  // all the same, and so is what mends it: such a row has no problem of its own.
  const blocked = new Set();
  const markBlocked = () => {
    const found = new Map();
    for (const link of checks.querySelectorAll("tr:has(.tone-bad) a[href*='#line-']")) {
      const row = document.getElementById(link.getAttribute("href").split("#")[1]), words = link.previousSibling.data.trim();
      if (row) found.set(row, found.has(row) ? `${found.get(row)} ${words}` : words);
    }
    for (const row of new Set([...blocked, ...found.keys()])) {
      const words = found.get(row) ?? "", place = row.querySelector("[data-problem]");
      if (isDirty(row) || "unsaved" in row.dataset || (row.matches(".has-problem") ? place.textContent : "") === words) continue;
      mark(row, words);
      row.dataset.problem = "0";
      if (words) blocked.add(row); else blocked.delete(row);
    }
  };
  const showChecks = (html) => {
    const hadFocus = checks.contains(document.activeElement);
    checks.innerHTML = html;
    if (hadFocus) checks.querySelector("summary").focus();
    markBlocked();
  };
  // What was sent is stored now: typed since then, it is a change against that.
  const settle = (sent, answer) => {
    form.elements.version.value = answer.version;
    for (const [name, text] of Object.entries(answer.shown)) form.elements[`shown-${name}`].value = text;
    const others = new Set(); // rows of which another amount is stored as typed than was
    for (const [part, values] of sent) {
      const was = new Map(values);
      for (const [input, value] of values) { if (input.type === "checkbox") input.defaultChecked = value; else input.defaultValue = value; }
      for (const [name, key] of Object.entries(TYPED)) {
        if (!(part.id in answer.typed)) break;
        const input = part.querySelector(`[data-cell=${name}]`), cents = answer.typed[part.id][name];
        if (cents !== (part.dataset[key] ?? null)) others.add(part);
        if (cents === null) delete part.dataset[key]; else part.dataset[key] = cents;
        if (!input) continue; // who doesn't type it has it added up all the same
        if (input.value !== was.get(input)) { // changed since then: by whoever types, or by its rule
          input.dataset.shown = cents === null ? was.get(input) : "";
          follow(input, "follows" in input.dataset);
          continue;
        }
        input.toggleAttribute("data-follows", cents === null);
        if (cents !== null) {
          input.name = input.id;
          delete input.dataset.shown;
          if (parse(input.value) === Number(cents)) continue;
          input.value = input.defaultValue = plain(Number(cents)); // it was set aside, and is held again
          others.add(part);
          continue;
        }
        input.removeAttribute("name");
        input.dataset.shown = input.value ||= input.placeholder;
      }
    }
    for (const row of others) update(row);
    if (others.size) paintSums();
    showChecks(answer.checks);
    if (dirty().length === 0) for (const out of document.querySelectorAll(".preview")) out.classList.remove("preview");
  };
  const report = () => {
    const left = dirty(), { unfit } = plumbline.sheet, but = unfit ? `, ${unfit}` : "";
    if (left.length === 0) return tell(`All saved${but}`, unfit ? "warn" : "ok");
    const held = left.filter(isRefused).map((part) => `Not saved: ${refused.get(part).words}`);
    if (held.length) return tell(held.join(" "), "bad");
    const wrong = left.find((part) => part.dataset.problem === "1");
    tell(`${wrong ? `Not saved: look at line ${wrong.dataset.row}` : "Not saved yet"}${but}`, "warn");
  };
  const again = () => { clearTimeout(timer); timer = setTimeout(flush, RETRY); };

  // Whoever signed in again has a new token, which stands on every page; so does every other form's here.
  const renew = async () => {
    const page = await fetch(form.action, { redirect: "manual" }).catch(() => null);
    const token = page?.ok && new DOMParser().parseFromString(await page.text(), "text/html").querySelector("#sheet [name=csrfmiddlewaretoken]");
    if (token) for (const field of document.getElementsByName("csrfmiddlewaretoken")) field.value = token.value;
    return page;
  };
  const post = (some) => fetch(form.action, { method: "POST", body: body(some), redirect: "manual" }).catch(() => null);
  const isDown = (answer) => answer === null || answer.status >= 500;
  const isShut = (answer) => answer?.type === "opaqueredirect" || answer?.status === 403;

  const whyNot = (answer) => `Not saved: ${answer === null ? "you are offline" : "the site did not take it"}, it stays on this page`;

  // What is refused among others is looked for half by half, until it stands alone: it is held back, and they are saved.
  const holdBack = async (sent, message) => {
    if (sent.length > 1) {
      const parts = sent.map(([part]) => part), half = parts.length >> 1;
      return (await send(parts.slice(0, half))) && !submitting && send(parts.slice(half));
    }
    const [[part, values]] = sent;
    refused.set(part, { typed: values.map(([, value]) => value).join("\n"), words: part === header ? message : `line ${part.dataset.row}: ${message}` });
    return true;
  };
  // True when the others can go on: it was saved, or is held back.
  const send = async (some) => {
    const sent = some.map((part) => [part, inputs(part).map((input) => [input, valueOf(input)])]);
    tell("Saving…", "info");
    let answer = await post(some);
    const page = isShut(answer) ? await renew() : null;
    if (page?.ok) answer = await post(some);
    down = isDown(answer);
    if (answer?.ok) { settle(sent, await answer.json()); return true; }
    if (answer?.status === 422) return holdBack(sent, (await answer.json()).message);
    if (answer?.status === 409) {
      conflict = true;
      tell(`Not saved: ${(await answer.json()).message}`, "bad");
      return false;
    }
    tell(page?.type === "opaqueredirect" ? SIGNED_OUT : whyNot(answer), "bad");
    again();
    return false;
  };
  const flush = async () => {
    if (busy || conflict) return;
    timer = clearTimeout(timer);
    for (let some = ready(); some.length && !submitting; some = ready()) {
      busy = send(some);
      const isSaved = await busy;
      busy = null;
      if (!isSaved) return;
    }
    report();
  };

  markBlocked();
  form.addEventListener("input", () => { plumbline.sheet.unfit = ""; if (!busy && !conflict) tell("Not saved yet", "warn"); });
  form.addEventListener("focusout", (event) => {
    const part = event.target.closest("[data-row], [data-header]"), to = event.relatedTarget;
    if (part && !part.contains(to) && !to?.matches("button")) setTimeout(flush);
  });
  sheet.addEventListener("paste", () => setTimeout(flush));
  addEventListener("online", flush);
  addEventListener("offline", () => { down = true; });
  addEventListener("focus", () => { if (timer) flush(); }); // back from the tab to sign in
  // A save under way has a version that the form does not have yet: wait for it, then send what was pressed. While the
  // site is out of reach nothing is sent: the browser's own page about it would take the place of what was typed.
  addEventListener("submit", async (event) => {
    if (event.target !== form) return;
    submitting = true;
    if (!busy && !down) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await busy;
    const page = down ? await renew() : null;
    down &&= isDown(page);
    if (down) {
      submitting = false;
      state.textContent = ""; // said again to whoever pressed again
      tell(whyNot(page), "bad");
      return again();
    }
    form.requestSubmit(event.submitter);
  }, true);
  addEventListener("pageshow", () => { submitting = false; });
  addEventListener("beforeunload", (event) => { if (!submitting && (busy || dirty().length)) event.preventDefault(); });
})();
