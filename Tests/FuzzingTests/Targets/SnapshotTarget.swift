import DaybookModel
import DaybookSchema
import FoundationEssentials
import NIOCore
import SwiftProtobuf

@testable import Partitions

/// A partition's state as it was kept aside.
enum SnapshotTarget {
  private static let logID = "fuzz"
  private static let partition = PartitionID(1)

  static func run(_ bytes: [UInt8]) -> Bool {
    _ = SnapshotCoding.decode(ByteBuffer(bytes: bytes), partition: partition, logID: logID)
    guard var snapshot = try? Daybook_V1_PartitionSnapshot(serializedBytes: bytes) else {
      return false
    }
    snapshot.version = SnapshotCoding.version
    snapshot.logID = logID
    snapshot.partition = UInt32(partition.rawValue)
    guard let ours: [UInt8] = try? snapshot.serializedBytes(),
      let decoded = SnapshotCoding.decode(
        ByteBuffer(bytes: ours), partition: partition, logID: logID)
    else { return false }
    let encoded = SnapshotCoding.encode(
      decoded.state, logID: logID, relayedThrough: decoded.relayedThrough)
    precondition(
      SnapshotCoding.decode(encoded, partition: partition, logID: logID) != nil,
      "a state that was decoded is encoded to what can't be")
    return true
  }

  static var seeds: [[UInt8]] {
    let snapshot = Daybook_V1_PartitionSnapshot.with {
      $0.version = SnapshotCoding.version
      $0.logID = logID
      $0.partition = UInt32(partition.rawValue)
      $0.clockTicks = 1 << 40
      $0.recordedAtMs = 1_800_000_000_000
      $0.relayedThrough = 12
      $0.mailboxes = [.with { $0.user = "alice" }]
      $0.groups = [.with { $0.group = "all" }]
      $0.origins = [
        .with {
          $0.origin = .init([1, 2, 3])
          $0.user = "alice"
          $0.number = [4]
          $0.digest = [5]
          $0.changed = [true]
          $0.messageID = [6]
          $0.seq = [7]
          $0.recordedAtMs = [8]
          $0.pending = [false]
        }
      ]
      $0.sources = [
        .with {
          $0.partition = 2
          $0.offset = 30
        }
      ]
    }
    let bytes: [UInt8] = (try? snapshot.serializedBytes()) ?? []
    return [bytes]
  }
}
