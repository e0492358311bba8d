// SPDX-License-Identifier: Apache-2.0
// The sheet reads without its script; this adds a key.
document.addEventListener("keydown", (event) => {
  if (event.key === "t" && !event.ctrlKey && !event.metaKey && !event.altKey) nextTheme();
});
