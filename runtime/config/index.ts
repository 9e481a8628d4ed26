// A service's configuration. The only door of runtime/config/.

export {
  readServiceConfig,
  type ServiceConfig,
  type Setting,
  type Settings,
} from "./service-config.ts";
