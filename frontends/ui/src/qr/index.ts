/** Codes to show and to scan. Not part of the first load: only screens that are fetched when needed import it. */
export { QrCode } from "./qr-code.js";
export { ScanButton } from "./scan-button.js";
