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
    let encoded = try? SnapshotCoding.encode(
      decoded.state, logID: logID, relayedThrough: decoded.relayedThrough)
    let again = encoded.flatMap {
      SnapshotCoding.decode($0, partition: partition, logID: logID)
    }
    // Which also reads what stayed bytes until it was needed.
    precondition(
      again?.state == decoded.state, "a state that was decoded is encoded to what it isn't")
    return true
  }

  private static var group: Daybook_V1_GroupSnapshot {
    .with {
      $0.group = "all"
      $0.memberCount = 1
      $0.owner = "alice"
      $0.members = [
        .with {
          $0.count = 1
          $0.states = [
            .with {
              $0.user = "alice"
              $0.stays = [1, 0]
              $0.role = 2
            }
          ]
        }
      ]
      $0.waiting = [
        .with {
          $0.count = 1
          $0.states = [
            .with {
              $0.user = "bob"
              $0.invited = true
            }
          ]
        }
      ]
    }
  }

  static var seeds: [[UInt8]] {
    let snapshot = Daybook_V1_PartitionSnapshot.with {
      $0.version = SnapshotCoding.version
      $0.logID = logID
      $0.partition = UInt32(partition.rawValue)
      $0.clockTicks = 1 << 40
      $0.recordedAtMs = 1_800_000_000_000
      $0.relayedThrough = 12
      $0.mailboxes = [
        .with {
          $0.count = 1
          $0.states = [.with { $0.user = "alice" }]
        }
      ]
      $0.groups = [
        .with {
          $0.count = 1
          $0.states = [group]
        }
      ]
      let origins: [Daybook_V1_OriginSnapshot] = [
        .with {
          $0.origin = .init([1, 2, 3])
          $0.number = [4]
          $0.digest = [5]
          $0.changed = [true]
          $0.messageID = [6]
          $0.seq = [7]
          $0.recordedAtMs = [8]
          $0.pending = [false]
        }
      ]
      $0.origins = [
        .with {
          $0.count = 1
          $0.states = [
            .with {
              $0.user = "alice"
              $0.origins = origins
            }
          ]
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
