/** What Dash gives to the page's scripts. */
interface Window {
  dash_clientside: any;
}
