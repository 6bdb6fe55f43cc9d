import DaybookModel

/// The `epoch` file: how often the log was opened for writing, and by which opening last.
struct EpochRecord: Equatable, Sendable {
  static let name = "epoch"
  static let byteCount = 44
  private static let magic: UInt32 = 0x3145_5944  // "DYE1"
  private static let version: UInt32 = 2
  private static let legacyVersion: UInt32 = 1
  private static let legacyByteCount = 16

  var epoch: Epoch
  /// Random, new with each opening: of two that began at once, one finds the other's here.
  var owner: UInt64
  /// Nil in what format 1 wrote.
  var branch: LogID?

  func encode(_ seed: LogSeed) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittle(EpochRecord.magic)
    bytes.appendLittle(EpochRecord.version)
    bytes.appendLittle(epoch.rawValue)
    bytes.appendLittle(UInt32(0))
    bytes.appendLittle(owner)
    bytes += branch?.bytes ?? Array(repeating: 0, count: LogID.byteCount)
    let checksum = bytes.withUnsafeBytes { seed.checksum($0) }
    bytes.appendLittle(checksum)
    return bytes
  }

  /// Nil for what isn't a whole record of this log.
  init?(_ bytes: [UInt8], _ seed: LogSeed) {
    let end = bytes.count - 4
    guard end == EpochRecord.byteCount - 4 || end == EpochRecord.legacyByteCount - 4 else {
      return nil
    }
    let isLegacy = bytes.count == EpochRecord.legacyByteCount
    let fields: (Epoch, UInt64)? = bytes.withUnsafeBytes { raw in
      guard raw.little(UInt32.self, at: 0) == EpochRecord.magic,
        raw.little(UInt32.self, at: 4)
          == (isLegacy ? EpochRecord.legacyVersion : EpochRecord.version),
        raw.little(UInt32.self, at: end)
          == seed.checksum(UnsafeRawBufferPointer(rebasing: raw[0..<end])),
        isLegacy || raw.little(UInt32.self, at: 12) == 0
      else { return nil }
      return (
        Epoch(raw.little(UInt32.self, at: 8)), isLegacy ? 0 : raw.little(UInt64.self, at: 16)
      )
    }
    guard let fields else { return nil }
    (epoch, owner) = fields
    branch = isLegacy ? nil : LogID(bytes: Array(bytes[24..<40]))
  }

  init(epoch: Epoch, owner: UInt64 = .random(in: 1 ... .max), branch: LogID) {
    self.epoch = epoch
    self.owner = owner
    self.branch = branch
  }
}
