// What a browser's camera sees: Chromium plays a film instead of a camera, so that scanning is real from the picture on.
import { writeFileSync } from "node:fs";
import { encode } from "../../frontends/ui/node_modules/uqr/dist/index.mjs";

const [WIDTH, HEIGHT] = [640, 480];

/** What to launch Chromium with. The file need not be there before the camera is turned on. `asks`: as when nobody ever allowed the camera. */
export const cameraArgs = (file, { asks = false } = {}) => ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${file}`, ...(asks ? [] : ["--use-fake-ui-for-media-stream"])];

/** Writes a film that shows one QR code after the other, each for a second, over and over. */
export function film(file, texts) {
  const header = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F1:1 Ip A1:1 C420jpeg\n`);
  writeFileSync(file, Buffer.concat([header, ...texts.flatMap((text) => [Buffer.from("FRAME\n"), frame(text)])]));
}

function frame(text) {
  const { data, size } = encode(text, { border: 4 });
  const scale = Math.floor(HEIGHT / size);
  const [left, top] = [Math.floor((WIDTH - size * scale) / 2), Math.floor((HEIGHT - size * scale) / 2)];
  // Brightness, then the two colour planes, of a quarter each: grey.
  const picture = Buffer.alloc(WIDTH * HEIGHT * 1.5, 128);
  picture.fill(255, 0, WIDTH * HEIGHT);
  for (let y = 0; y < size * scale; y++) {
    for (let x = 0; x < size * scale; x++) {
      if (data[Math.floor(y / scale)][Math.floor(x / scale)]) picture[(top + y) * WIDTH + left + x] = 0;
    }
  }
  return picture;
}
