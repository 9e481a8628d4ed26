// An etcd inside this process, for development. The only door of embedded-etcd/.

export {
  type EmbeddedEtcd,
  type EmbeddedEtcdOptions,
  startEmbeddedEtcd,
} from "./embedded-etcd.ts";
