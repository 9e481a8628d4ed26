// What an etcd says of itself, read from `etcdctl endpoint status`.

/** An etcd's view of itself and its cluster. */
export interface EtcdStatus {
  /** Decimal: the number has 64 bits. */
  readonly memberId: string;
  /** Member id of the leader; undefined while it knows of none. */
  readonly leaderId: string | undefined;
  /** The store's, as this member knows it. */
  readonly revision: number;
  readonly raftTerm: number;
  /** "3.4.23" */
  readonly version: string;
}

/** Parse what `endpoint status --write-out=json` prints for one endpoint. */
export function parseStatus(json: string): EtcdStatus {
  // JSON.parse() would round ids.
  const exact = json.replaceAll(/:(\d{16,})/g, ':"$1"');
  const [entry] = JSON.parse(exact) as { Status: Answer }[];
  if (entry === undefined) throw new Error(`no endpoint in ${json}`);
  const { header, leader, version } = entry.Status;
  return {
    memberId: String(header.member_id),
    // Zero, or left out, is "none".
    leaderId: leader ? String(leader) : undefined,
    revision: header.revision ?? 0,
    raftTerm: header.raft_term ?? 0,
    version,
  };
}

interface Answer {
  readonly header: {
    readonly member_id: string | number;
    readonly revision?: number;
    readonly raft_term?: number;
  };
  readonly leader?: string | number;
  readonly version: string;
}
