package import DaybookModel
package import Ports

/// What is mirrored where, and how.
package struct MirrorSettings: Sendable {
  package static let standardTopic = "daybook.events"
  package static let standardOffsetsTopic = "daybook.mirror.offsets"

  package var kafka: KafkaConfiguration
  package var topic = standardTopic
  package var offsetsTopic = standardOffsetsTopic
  /// Of the settings and members of groups; nil for none.
  package var groupsTopic: String?
  package var shape = RecordShape()
  /// How many producers share the partitions.
  package var producers = 1
  package var begins = Beginning.everywhere
  /// Do without transactions, on brokers that have none.
  package var isAtLeastOnce = false
  /// Events of one transaction.
  package var transactionEventsMax = 1_000
  /// How long the events of one transaction are gathered where few come.
  package var gathering = Duration.milliseconds(20)

  /// How long an answer of Kafka is waited for.
  package var timeout = Duration.seconds(30)

  package static let producersRange = 1...64
  package static let transactionEventsRange = 1...100_000

  package init(kafka: KafkaConfiguration) { self.kafka = kafka }

  /// What makes no sense of it; nil if nothing does.
  package var fault: String? {
    for name in [topic, offsetsTopic] + [groupsTopic].compactMap(\.self)
    where !Self.isTopicName(name) {
      return
        "a topic's name has letters, digits, '.', '_' and '-', at most 249 of them: not '\(name)'"
    }
    if topic == offsetsTopic || topic == groupsTopic || offsetsTopic == groupsTopic {
      return "events, positions and groups need a topic each"
    }
    if !Self.producersRange.contains(producers) {
      return "producers are 1 to \(Self.producersRange.upperBound), not \(producers)"
    }
    if !Self.transactionEventsRange.contains(transactionEventsMax) {
      return
        "a transaction has 1 to \(Self.transactionEventsRange.upperBound) events, not "
        + "\(transactionEventsMax)"
    }
    if case .at(let offset) = begins, offset < .zero {
      return "an offset to begin at is 0 or more, not \(offset)"
    }
    return nil
  }

  /// Where the groups go whose events go to this topic, if nothing else is said.
  package static func standardGroupsTopic(_ topic: String) -> String {
    topic == standardTopic ? "daybook.groups" : "\(topic).groups"
  }

  /// As Kafka has it.
  package static func isTopicName(_ name: String) -> Bool {
    (1...249).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Where a topic that nothing was mirrored into begins.
  package enum Beginning: Sendable, Equatable {
    /// At the beginning of what the log keeps.
    case everywhere
    /// In each partition at this offset, or where the log begins after that.
    case at(Offset)
    /// At what is logged from now on.
    case atHead

    func offset(of partition: PartitionID, in log: any LogFeed) -> Offset {
      switch self {
      case .everywhere: log.startOffset(of: partition)
      case .at(let offset): max(offset, log.startOffset(of: partition))
      case .atHead: log.highWatermark(of: partition)
      }
    }
  }

  /// The same for whoever starts again, and nobody else's.
  func transactionalID(_ source: LogSource, producer: Int) -> String {
    "daybook-mirror/\(source.logID)/\(source.branchID)/\(topic)/\(producer)"
  }
}

/// The log that is mirrored.
package struct MirroredLog: Sendable {
  package let feed: any LogFeed
  /// Where a partition ends for an owner that opens the log: no less than its high watermark.
  package let end: @Sendable (PartitionID) -> Offset

  package init(
    _ feed: any LogFeed, end: (@Sendable (PartitionID) -> Offset)? = nil
  ) {
    self.feed = feed
    self.end = end ?? { feed.highWatermark(of: $0) }
  }

  var source: LogSource {
    LogSource(
      logID: feed.logID, branchID: feed.branchID, partitionCount: feed.partitionCount)
  }

  var partitions: [PartitionID] { (0..<feed.partitionCount).map { PartitionID($0) } }
}
