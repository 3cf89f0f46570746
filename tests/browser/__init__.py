"""Tests in a real browser, and which one the machine has: Chromium's shell without windows is the quickest."""

import os
import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
# For `page.evaluate`: text comes from the clipboard to where the focus is.
PASTE = """text => {
  const carried = new DataTransfer();
  carried.setData("text/plain", text);
  const told = {clipboardData: carried, bubbles: true, cancelable: true};
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", told));
}"""
