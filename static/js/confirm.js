/* A dialog before what leaves the building (U6). Without scripts the same links open the same words as a page.

   <a href="#finish" data-opens="finish">          opens the <dialog id="finish"> of this page
   <a href="/…/finish/" data-dialog>               fetches that page's dialog (sent with HX-Request and HX-Target: dialog;
                                                   the view answers its "dialog" partial) into the shared <dialog id="dialog">
   window "plumbline:dialog" {href, opener}        any script asks for such a dialog; the focus goes back to the opener
   <a href="…" data-closes>, <button data-closes>  closes the dialog it stands in
   A form in a dialog posts like any other; pressing its button twice sends it once. */
(() => {
  const shared = document.getElementById("dialog");
  const open = (dialog, opener) => {
    dialog.opener = opener;
    dialog.showModal();
    const first = dialog.querySelector("[autofocus], [data-takes-focus]") ?? dialog.querySelector("h1, h2");
    if (first?.matches("h1, h2")) first.tabIndex = -1;  // else showModal's choice stays: the cross in the corner
    first?.focus();
  };

  const fetchInto = async (href, opener) => {
    const answer = await fetch(href, { headers: { "HX-Request": "true", "HX-Target": "dialog" } }).catch(() => null);
    if (!answer?.ok || answer.redirected) { location.assign(href); return; }
    shared.innerHTML = await answer.text();
    window.htmx?.process(shared);
    const heading = shared.querySelector("h1, h2");
    if (heading) shared.setAttribute("aria-label", heading.textContent.trim());
    open(shared, opener);
  };
  window.addEventListener("plumbline:dialog", ({ detail }) => fetchInto(detail.href, detail.opener));

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const opener = event.target.closest("[data-opens], a[data-dialog]");
    const closer = event.target.closest("[data-closes]");
    if (closer?.closest("dialog[open]")) { event.preventDefault(); closer.closest("dialog").close(); return; }
    if (!opener) return;
    const dialog = document.getElementById(opener.dataset.opens);
    if (opener.dataset.opens && !dialog) return;
    event.preventDefault();
    if (dialog) open(dialog, opener);
    else fetchInto(opener.href, opener);
  });

  document.addEventListener("close", (event) => {
    if (event.target.matches("dialog")) (event.target.opener?.checkVisibility() ? event.target.opener : document.getElementById("main"))?.focus();
  }, true);

  // A box that a link to #its-id had opened without scripts becomes a real dialog once they run.
  const linked = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (linked && linked.matches?.("dialog")) { history.replaceState(null, "", location.pathname + location.search); open(linked, null); }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });
  window.addEventListener("pageshow", () => { for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent; });
})();
