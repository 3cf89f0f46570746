// A picture that the server could not make gives way to the sentence after it that says so.
(() => {
  for (const picture of document.querySelectorAll("[data-may-be-missing]")) {
    const giveWay = () => {
      picture.hidden = true;
      picture.parentElement.querySelector("[data-missing]").hidden = false;
    };
    picture.addEventListener("error", giveWay);
    if (picture.complete && picture.currentSrc && !picture.naturalWidth) giveWay();
  }
})();
