import { portal } from "../ui/vite.ts";

export default portal({ port: 7011 });
