/// What each metric says, as `schemas/metrics.md` has it; a test holds the two equal.
enum MetricHelp {
  static let texts: [String: String] = [
    "daybook_log_appended_events_total":
      """
    Events: made durable.
    """,
    "daybook_log_appended_bytes_total":
      """
    Bytes: written for them, headers of batches included.
    """,
    "daybook_log_sync_duration_seconds":
      """
    Seconds: each fdatasync of the journal; every ack waits for one.
    """,
    "daybook_log_stalls_total":
      """
    Stalls: of the journal that took 10 ms or more on an event loop, whose \
    connections waited.
    """,
    "daybook_log_read_bytes_total":
      """
    Bytes: of events that were read: by questions, projections, the relay, loading.
    """,
    "daybook_log_segments":
      """
    Segments: that the partition consists of.
    """,
    "daybook_partition_accepted_commands_total":
      """
    Commands: answered without an error: repeats, and questions of what somebody may \
    see, included.
    """,
    "daybook_partition_rejected_commands_total":
      """
    Commands: refused, by why; of all partitions together.
    """,
    "daybook_partition_batches_total":
      """
    Batches: that became durable.
    """,
    "daybook_partition_batch_events":
      """
    Events: of each of these batches.
    """,
    "daybook_partition_commit_duration_seconds":
      """
    Seconds: from a batch's hand-over to the log until it was durable.
    """,
    "daybook_partition_state_entries":
      """
    Entries: kept in memory: mailboxes, groups, and origins whose last numbers are \
    known.
    """,
    "daybook_partition_state_bytes":
      """
    Bytes: of memory that the state takes: mailboxes, groups, their members, windows of \
    origins, and what became of messages; an estimate from a part of it at a time.
    """,
    "daybook_partition_queued_batches":
      """
    Batches: closed, and waiting for the one that is being synced.
    """,
    "daybook_partition_waiting_commands":
      """
    Commands: that wait for what only the log knows.
    """,
    "daybook_partition_replayed_events_total":
      """
    Events: replayed on top of a snapshot, at a start or after a failure.
    """,
    "daybook_partition_snapshot_duration_seconds":
      """
    Seconds: each snapshot's writing.
    """,
    "daybook_partition_snapshot_bytes":
      """
    Bytes: of the last snapshot.
    """,
    "daybook_relay_delivered_effects_total":
      """
    Effects: of the partition's events, durable where they belong.
    """,
    "daybook_relay_lag_events":
      """
    Events: durable, and with effects that may not be durable yet, or behind such.
    """,
    "daybook_relay_lag_seconds":
      """
    Seconds: for which the oldest of these has been waiting, or one a little \
    younger.
    """,
    "daybook_clock_lead_seconds":
      """
    Seconds: by which the log's newest id or time is ahead of this machine's clock; \
    0 where it is not.
    """,
    "daybook_projection_folded_events_total":
      """
    Events: folded into all read models.
    """,
    "daybook_projection_commit_duration_seconds":
      """
    Seconds: each commit of all read models that had something to write.
    """,
    "daybook_projection_lag_events":
      """
    Events: durable, and not committed to the read model; as of its last commit.
    """,
    "daybook_projection_lag_seconds":
      """
    Seconds: for which the oldest of these has been waiting, or one a little \
    younger.
    """,
    "daybook_mirror_mirrored_events_total":
      """
    Events: committed to the topic; how fast it rises is the mirror's rate.
    """,
    "daybook_mirror_committed_transactions_total":
      """
    Transactions: of these events, and of positions.
    """,
    "daybook_mirror_commit_duration_seconds":
      """
    Seconds: each transaction's commit: from its last record until it is known to be \
    there.
    """,
    "daybook_mirror_lag_events":
      """
    Events: durable in the log, and not committed to the topic; as of the last \
    commit.
    """,
    "daybook_mirror_lag_seconds":
      """
    Seconds: since the newest event that the topic has of a partition was recorded, \
    of the partition that is furthest behind; 0 where it has all.
    """,
    "daybook_mirror_failures_total":
      """
    Failures: that made the mirror begin anew from the positions, or end.
    """,
    "daybook_mirror_restarts_total":
      """
    Restarts: with new producers, after a failure.
    """,
    "daybook_mirror_throttled_duration_seconds":
      """
    Seconds: for which brokers made the mirror wait, as a quota does.
    """,
    "daybook_mirror_queued_records":
      """
    Records: in the client library, on their way; every 5 s.
    """,
    "daybook_mirror_sent_bytes_total":
      """
    Bytes: that the client library sent to brokers; every 5 s.
    """,
    "daybook_mirror_broker_round_trip_seconds":
      """
    Seconds: the 99th percentile of the slowest broker; every 5 s.
    """,
    "daybook_gateway_connections":
      """
    Connections: open, whether anybody has said who it is or not.
    """,
    "daybook_gateway_sessions":
      """
    Sessions: whose Connect was accepted.
    """,
    "daybook_gateway_held_bytes":
      """
    Bytes: that sessions have in memory of what they are sent and send, queries apart; \
    counted twice a heartbeat interval.
    """,
    "daybook_gateway_ended_sessions_total":
      """
    Sessions: ended by the server, and why; slow_consumer for those that did not \
    read what they were sent.
    """,
    "daybook_gateway_failed_handshakes_total":
      """
    Handshakes: over TLS, on which client and server could not agree; the log says \
    why.
    """,
    "daybook_tls_certificate_expiry_seconds":
      """
    Seconds: until the certificate of the lines of TLS ends, or the first of those \
    that signed it; below 0 past that. Of a server without TLS there is none.
    """,
    "daybook_gateway_received_frames_total":
      """
    Frames: whole frames of clients.
    """,
    "daybook_gateway_received_bytes_total":
      """
    Bytes: that clients sent.
    """,
    "daybook_gateway_sent_frames_total":
      """
    Frames: replies and pushes.
    """,
    "daybook_gateway_sent_bytes_total":
      """
    Bytes: of these.
    """,
    "daybook_gateway_pushed_events_total":
      """
    Events: pushed to sessions: one event counts for each that gets it.
    """,
    "daybook_gateway_command_duration_seconds":
      """
    Seconds: from a command's hand-over to its owner until its durable answer is \
    written; one of each batch, for the others have waited for the same.
    """,
    "daybook_gateway_push_duration_seconds":
      """
    Seconds: from a batch's being durable until all sessions of a loop that follow \
    something of it have been given it.
    """,
    "daybook_gateway_query_duration_seconds":
      """
    Seconds: from a question's turn to its answer, waiting for room and for the read \
    models included.
    """,
    "daybook_gateway_shed_requests_total":
      """
    Requests: refused because there is too much to do: read, query, group, direct; of \
    ack, times at which they were held.
    """,
    "daybook_gateway_load_level":
      """
    Level: 0: everything is taken; 1: no reads and queries; 2: no messages to groups \
    either; 3: none.
    """,
    "daybook_gateway_queue_wait_seconds":
      """
    Seconds: how long a command that comes now would wait, while a queue stands; else 0.
    """,
    "process_cpu_seconds_total": "Processor time of all threads, in seconds.",
    "process_resident_memory_bytes": "Resident memory, in bytes.",
    "process_open_fds": "Open files.",
    "process_max_fds": "Files that may be open.",
    "process_start_time_seconds": "When the process was started, in seconds since 1970.",
  ]
}
