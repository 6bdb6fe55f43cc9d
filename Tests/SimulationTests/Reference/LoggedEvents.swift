import DaybookModel
import DaybookSchema
import Doubles
import Ports

/// An event where it stands.
struct LoggedEvent {
  let event: Event
  let partition: PartitionID
  let offset: Offset

  /// For what a finding says.
  var place: String { "\(event.kind.name) at \(partition)/\(offset) in \(event.stream)" }
}

/// All that a log holds, by partition and by stream, in order.
struct LoggedEvents {
  private(set) var partitions: [[LoggedEvent]] = []
  private(set) var streams: [StreamKey: [LoggedEvent]] = [:]

  init(_ log: SimLog) throws {
    for (index, partition) in log.partitions.enumerated() {
      var events: [LoggedEvent] = []
      for stored in partition.kept.stored {
        let logged = LoggedEvent(
          event: try EventDecoding.decode(stored.bytes), partition: PartitionID(index),
          offset: stored.offset)
        events.append(logged)
        streams[logged.event.stream, default: []].append(logged)
      }
      partitions.append(events)
    }
  }

  var all: some Sequence<LoggedEvent> { partitions.lazy.joined() }

  subscript(stream: StreamKey) -> [LoggedEvent] { streams[stream] ?? [] }
}
