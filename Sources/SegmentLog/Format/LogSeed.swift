import CChecksum
import DaybookModel
import Ports

/// What every checksum of a log's files goes on from. It is made of a secret that never leaves the
/// folder, so that no bytes of a message pass for the log's own, and of all that the log is known
/// by: files that agree with it prove the manifest, and a manifest that was changed agrees with
/// none.
struct LogSeed: Equatable, Sendable {
  let value: UInt32

  init(secret: LogID, log: LogID, partitions: Int) {
    var bytes = secret.bytes + log.bytes
    bytes.appendLittle(UInt32(partitions))
    value = LogSeed.plain(Mutant.leavesOut(.seed) ? log.bytes : bytes)
  }

  /// Of logs before format 2: of the public id alone.
  init(legacy log: LogID) { value = LogSeed.plain(log.bytes) }

  func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    daybook_crc32c(value, bytes.baseAddress, bytes.count)
  }

  var seal: LogSeal { LogSeal { checksum($0) } }

  /// Seeded with nothing, for what must be readable before the seed is known.
  static func plain(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { daybook_crc32c(0, $0.baseAddress, $0.count) }
  }
}

/// Which seed the files of a partition are checked with. A log that was raised from format 1 keeps
/// its old segments, whose seed is public: behind the offset at which it was raised only the secret
/// one counts.
struct PartitionSeeds: Sendable {
  let current: LogSeed
  var legacy: (seed: LogSeed, before: Offset)?

  func seed(ofSegment base: Offset) -> LogSeed {
    if let legacy, base < legacy.before { return legacy.seed }
    return current
  }

  /// Of files that no client can write to, and that are made anew under the current one.
  var all: [LogSeed] { [current] + (legacy.map { [$0.seed] } ?? []) }
}

extension LogSeed {
  /// As a seed for what follows these bytes: a checksum taken piece by piece.
  func advanced(by bytes: UnsafeRawBufferPointer) -> LogSeed { LogSeed(value: checksum(bytes)) }

  private init(value: UInt32) { self.value = value }
}
