// placeholder, to be replaced by the script that finds or fetches etcd
export async function etcdBinaries(): Promise<{
  etcd: string;
  etcdctl: string;
}> {
  const dir = new URL("../.cache/etcd/usr/bin/", import.meta.url).pathname;
  return { etcd: `${dir}etcd`, etcdctl: `${dir}etcdctl` };
}
