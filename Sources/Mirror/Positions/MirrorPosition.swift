package import DaybookModel
import FoundationEssentials

/// How far a partition of the log is in a topic: committed with the records that it speaks of.
package struct MirrorPosition: Sendable, Equatable {
  package let partition: PartitionID
  /// Where in the log the mirror began.
  package let start: Offset
  /// The first offset that is not mirrored yet.
  package var next: Offset
  /// Of the log, when this was committed.
  package var epoch: Epoch
  /// Over all events from `start` on, whether the filter takes them or not.
  package var digest = ChainedDigest.start
  /// The same before the last event, which proves that the log still has that one.
  package var before = ChainedDigest.start
  /// Of that event; nil before the first.
  package var last: Offset?
  /// Behind a record of the topic's partition that is known to have arrived: a topic that ends before
  /// it has lost what it had.
  package var topicEnd: Int64 = 0

  package init(partition: PartitionID, start: Offset, epoch: Epoch) {
    self.partition = partition
    self.start = start
    self.epoch = epoch
    next = start
  }

  /// Takes an event in.
  package mutating func pass(_ event: UnsafeRawBufferPointer, at offset: Offset) {
    assert(offset >= next, "events come in the order of their offsets")
    before = digest
    digest.add(event)
    last = offset
    next = offset.advanced(by: 1)
  }

  /// Goes on behind offsets at which there is no event.
  package mutating func pass(to offset: Offset) {
    assert(offset >= next, "a position never goes back")
    next = offset
  }
}

/// Whose a topic is, and how it is written.
package struct MirrorClaim: Sendable, Equatable {
  package enum Delivery: String, Sendable, Codable {
    case exactlyOnce = "exactly_once"
    /// The brokers know no transactions, or the mirror was told to do without: what was sent when it
    /// died is sent again.
    case atLeastOnce = "at_least_once"
  }

  package var source: LogSource
  /// Partition p is written by producer p mod so many.
  package var producers: Int
  /// `RecordShape.text`.
  package var shape: String
  package var delivery: Delivery
  /// The topic of the groups' rows; nil for none.
  package var groups: String?
  /// Random, of the mirror that runs or ran last.
  package var owner: String

  package init(
    source: LogSource, producers: Int, shape: String, delivery: Delivery,
    groups: String? = nil, owner: String
  ) {
    self.source = source
    self.producers = producers
    self.shape = shape
    self.delivery = delivery
    self.groups = groups
    self.owner = owner
  }
}

// MARK: as records of the offsets topic

/// Keys and values of the offsets topic (`schemas/kafka.md`): a claim under the topic's name, a
/// position under the name and the partition.
package enum OffsetsRecord: Sendable, Equatable {
  case claim(MirrorClaim)
  case position(MirrorPosition)

  private static let version = 1

  private struct Claim: Codable {
    var v: Int
    var logID: String
    var branchID: String
    var partitions: Int
    var producers: Int
    var shape: String
    var delivery: MirrorClaim.Delivery
    var groups: String?
    var owner: String

    enum CodingKeys: String, CodingKey {
      case v, partitions, producers, shape, delivery, groups, owner
      case logID = "log_id"
      case branchID = "branch_id"
    }
  }

  fileprivate struct Position: Codable {
    var v: Int
    var partition: UInt16
    var start: Int64
    var next: Int64
    var epoch: UInt32
    var digest: String
    var before: String
    var last: Int64?
    var topicEnd: Int64

    enum CodingKeys: String, CodingKey {
      case v, partition, start, next, epoch, digest, before, last
      case topicEnd = "topic_end"
    }
  }

  private struct Versioned: Codable { var v: Int }

  package func key(_ topic: String) -> [UInt8] {
    switch self {
    case .claim: Array(topic.utf8)
    case .position(let position): Array("\(topic)/\(position.partition)".utf8)
    }
  }

  package var value: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data =
      switch self {
      case .claim(let claim):
        try? encoder.encode(
          Claim(
            v: Self.version, logID: claim.source.logID, branchID: claim.source.branchID,
            partitions: claim.source.partitionCount, producers: claim.producers,
            shape: claim.shape, delivery: claim.delivery, groups: claim.groups,
            owner: claim.owner))
      case .position(let position):
        try? encoder.encode(
          Position(
            v: Self.version, partition: position.partition.rawValue,
            start: position.start.rawValue, next: position.next.rawValue,
            epoch: position.epoch.rawValue, digest: "\(position.digest)",
            before: "\(position.before)", last: position.last?.rawValue,
            topicEnd: position.topicEnd))
      }
    guard let data else { preconditionFailure("numbers and texts are JSON") }
    return Array(data)
  }

  /// Nil for a record of another topic's mirror. Throws `format_version` for what a later version
  /// has written, `kafka_failed` for what no mirror wrote.
  package init?(
    key: [UInt8], value: [UInt8], topic: String
  ) throws(DaybookError) {
    let name = String(decoding: key, as: UTF8.self)
    let isClaim = name == topic
    guard isClaim || name.hasPrefix("\(topic)/") else { return nil }
    let data = Data(value)
    let decoder = JSONDecoder()
    if let versioned = try? decoder.decode(Versioned.self, from: data),
      versioned.v > Self.version
    {
      throw DaybookError(
        .formatVersion,
        "the position '\(name)' was written by a later version: take that one")
    }
    if isClaim, let claim = try? decoder.decode(Claim.self, from: data) {
      self = .claim(
        MirrorClaim(
          source: LogSource(
            logID: claim.logID, branchID: claim.branchID, partitionCount: claim.partitions),
          producers: claim.producers, shape: claim.shape, delivery: claim.delivery,
          groups: claim.groups, owner: claim.owner))
      return
    }
    if !isClaim, let read = try? decoder.decode(Position.self, from: data),
      name == "\(topic)/\(read.partition)", let position = MirrorPosition(read)
    {
      self = .position(position)
      return
    }
    throw DaybookError(
      .kafkaFailed,
      "the record '\(name)' of the offsets topic is none that a mirror wrote: mirror into another "
        + "topic, with an offsets topic of its own")
  }
}

extension MirrorPosition {
  fileprivate init?(_ read: OffsetsRecord.Position) {
    guard let digest = ChainedDigest(hex: read.digest), let before = ChainedDigest(hex: read.before)
    else { return nil }
    self.init(
      partition: PartitionID(read.partition), start: Offset(read.start), epoch: Epoch(read.epoch))
    next = Offset(read.next)
    self.digest = digest
    self.before = before
    last = read.last.map { Offset($0) }
    topicEnd = read.topicEnd
  }
}
