"use strict";
// Dash's browser-side callbacks. They may be called before the chat's modules have arrived, so each
// waits for them.
{
  const main = import("./main.js");
  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.millstream = {
    // Shows the conversation that the address names.
    navigate: async (/** @type {string} */ pathname) => (await main).navigate(pathname),
    // Shows or hides the sidebar of a narrow screen.
    sidebar: (/** @type {boolean} */ opened) => ({ width: 280, breakpoint: "sm", collapsed: { mobile: !opened } }),
    // Whoever chose a conversation wants to see it.
    closeMenu: () => false,
  };
}
