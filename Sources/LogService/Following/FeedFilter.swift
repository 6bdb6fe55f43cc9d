import DaybookModel
import DaybookSchema

/// Which events somebody follows.
struct FeedFilter: Sendable {
  let partitions: [PartitionID]
  /// Their names in UTF-8, by fingerprint, which several may share. Nil: all.
  private let streams: [UInt64: [[UInt8]]]?
  private let kinds: Set<EventKind>?
  /// What was recorded before is left out.
  private let recordedFrom: Timestamp

  /// Throws `invalid_id` (a stream), `invalid_argument` (a partition or kind that there is none of).
  init(
    _ request: Daybook_V1_FollowRequest, partitionCount: Int
  ) throws(DaybookError) {
    var partitions = Set<PartitionID>()
    for index in request.partitions {
      guard index < partitionCount else {
        throw DaybookError(
          .invalidArgument,
          "there is no partition \(index): this log has 0 to \(partitionCount - 1)")
      }
      partitions.insert(PartitionID(Int(index)))
    }
    if partitions.isEmpty { partitions = Set((0..<partitionCount).map { PartitionID($0) }) }
    if request.streams.isEmpty {
      streams = nil
    } else {
      var named: [UInt64: [[UInt8]]] = [:]
      var holding = Set<PartitionID>()
      for text in request.streams {
        let stream = try StreamKey(parsing: text)
        named[stream.fingerprint, default: []].append(Array(stream.text.utf8))
        holding.insert(stream.partition(of: partitionCount))
      }
      streams = named
      partitions.formIntersection(holding)
    }
    kinds = request.kinds.isEmpty ? nil : try FeedFilter.kinds(request.kinds)
    recordedFrom =
      if case .timeMs(let time) = request.start.from {
        Timestamp(milliseconds: time)
      } else {
        .none
      }
    self.partitions = partitions.sorted()
  }

  private static func kinds(_ names: [String]) throws(DaybookError) -> Set<EventKind> {
    var kinds = Set<EventKind>()
    for name in names {
      guard let kind = EventKind.allCases.first(where: { $0.name == name }) else {
        throw DaybookError(
          .invalidArgument,
          "there is no kind of event \(PrintableText.quoted(name)): the table in events.md names them"
        )
      }
      kinds.insert(kind)
    }
    return kinds
  }

  /// No event of its partitions is left out, so that none has to be looked at.
  var takesAll: Bool { streams == nil && kinds == nil && recordedFrom == .none }

  /// An event of a kind that this program doesn't know is one of all kinds, and of no named one. Throws
  /// `log_corrupt`.
  func takes(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> Bool {
    let event = try EventEnvelope(of: bytes)
    if let kinds {
      guard let kind = event.kind, kinds.contains(kind) else { return false }
    }
    return event.recordedAt >= recordedFrom && isFollowed(event.stream)
  }

  private func isFollowed(_ stream: UnsafeRawBufferPointer) -> Bool {
    guard let streams else { return true }
    var hash = StableHash()
    hash.combine(stream)
    return streams[hash.finish()]?.contains { $0.elementsEqual(stream) } ?? false
  }
}
