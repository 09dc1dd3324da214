/** The camera, and what it sees. Pictures are looked at here and go nowhere. */

/** Why there is no picture: the person or the page's owner said no; there is no camera; something else uses it. */
export type CameraFault = "refused" | "none" | "busy";

/** Turns the camera on. Whoever calls turns it off, with {@link turnOff}. */
export async function turnOn(): Promise<MediaStream | CameraFault> {
  // Without HTTPS browsers have no such thing.
  if (navigator.mediaDevices === undefined) return "none";
  try {
    // The one that looks away from the person, where there are two.
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment" } });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") return "refused";
    return name === "NotReadableError" || name === "AbortError" ? "busy" : "none";
  }
}

export function turnOff(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** Between two looks, so that a slow phone stays usable. */
const EVERY_MS = 150;

/** What QR codes a film shows, one after the other, until it is told to stop. */
export async function* codesIn(video: HTMLVideoElement, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const look = await looker();
  while (!signal.aborted) {
    const text = video.readyState >= video.HAVE_CURRENT_DATA ? await look(video) : undefined;
    if (text !== undefined && !signal.aborted) yield text;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

type Look = (video: HTMLVideoElement) => Promise<string | undefined>;

/** The browser's own eye where it has one; else a library, fetched only then. */
async function looker(): Promise<Look> {
  const own = await detector();
  if (own === undefined) return library();
  let spare: Look | undefined;
  return async (video) => {
    if (spare !== undefined) return spare(video);
    try {
      return (await own.detect(video))[0]?.rawValue;
    } catch {
      // Some browsers have it in name only: what does the work is not installed.
      spare = await library();
      return spare(video);
    }
  };
}

/** The Shape Detection API, as far as it is used here; TypeScript does not know it yet. */
interface BarcodeDetector { detect(source: HTMLVideoElement): Promise<readonly { rawValue: string }[]> }
interface BarcodeDetectors {
  new (options: { formats: readonly string[] }): BarcodeDetector;
  getSupportedFormats(): Promise<readonly string[]>;
}

async function detector(): Promise<BarcodeDetector | undefined> {
  const { BarcodeDetector: Detector } = globalThis as { BarcodeDetector?: BarcodeDetectors };
  if (Detector === undefined || !(await Detector.getSupportedFormats()).includes("qr_code")) return undefined;
  return new Detector({ formats: ["qr_code"] });
}

/** The longest side that is looked at: enough for our codes, and quick. */
const LONGEST = 800;

async function library(): Promise<Look> {
  const { decodeQR } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight, 1));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (context === null || canvas.width === 0 || canvas.height === 0) return undefined;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      // It throws where there is no code in the picture.
      return undefined;
    }
  };
}
