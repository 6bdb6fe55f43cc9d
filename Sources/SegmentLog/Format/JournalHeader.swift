import DaybookModel

/// What a journal's file begins with: whose it is, and which of its lives it is in.
/// `schemas/log-format.md`, "Journal".
struct JournalHeader: Equatable, Sendable {
  static let byteCount = 64
  static let magic: UInt32 = 0x314A_5944  // "DYJ1"
  static let version: UInt16 = 1
  /// Where the first record lies: the header has a sector of its own.
  static let recordsStart: UInt64 = 512

  var epoch: Epoch
  var owner: UInt64
  /// Of the file, among its owner's.
  var number: UInt32
  /// Another one each time the file is used again, and of no two of an owner's files the same: what is
  /// left of an earlier use is of an earlier generation.
  var generation: UInt64
  /// The first bytes of the log's branch id.
  var branch: UInt64

  func encode(_ seed: LogSeed) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittle(JournalHeader.magic)
    bytes.appendLittle(JournalHeader.version)
    bytes.appendLittle(UInt16(0))
    bytes.appendLittle(epoch.rawValue)
    bytes.appendLittle(number)
    bytes.appendLittle(owner)
    bytes.appendLittle(generation)
    bytes.appendLittle(branch)
    bytes += [UInt8](repeating: 0, count: JournalHeader.checksumAt - bytes.count)
    let checksum = bytes.withUnsafeBytes { seed.checksum($0) }
    bytes.appendLittle(checksum)
    return bytes
  }

  private static let checksumAt = byteCount - 4

  /// Nil for what is no whole header of this log.
  init?(_ bytes: UnsafeRawBufferPointer, _ seed: LogSeed) {
    guard bytes.count >= JournalHeader.byteCount,
      bytes.little(UInt32.self, at: 0) == JournalHeader.magic,
      bytes.little(UInt16.self, at: 4) == JournalHeader.version,
      bytes.little(UInt32.self, at: JournalHeader.checksumAt)
        == seed.checksum(UnsafeRawBufferPointer(rebasing: bytes[0..<JournalHeader.checksumAt])),
      bytes.little(UInt16.self, at: 6) == 0,
      bytes[40..<JournalHeader.checksumAt].allSatisfy({ $0 == 0 })
    else { return nil }
    epoch = Epoch(bytes.little(UInt32.self, at: 8))
    number = bytes.little(UInt32.self, at: 12)
    owner = bytes.little(UInt64.self, at: 16)
    generation = bytes.little(UInt64.self, at: 24)
    branch = bytes.little(UInt64.self, at: 32)
  }

  init(epoch: Epoch, owner: UInt64, number: UInt32, generation: UInt64, branch: UInt64) {
    self.epoch = epoch
    self.owner = owner
    self.number = number
    self.generation = generation
    self.branch = branch
  }
}
