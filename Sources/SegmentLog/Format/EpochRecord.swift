import DaybookModel

/// The `epoch` file: how often the log was opened for writing.
enum EpochRecord {
  static let name = "epoch"
  static let byteCount = 16
  private static let magic: UInt32 = 0x3145_5944  // "DYE1"
  private static let version: UInt32 = 1

  static func encode(_ epoch: Epoch, _ log: LogID) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendLittle(magic)
    bytes.appendLittle(version)
    bytes.appendLittle(epoch.rawValue)
    let checksum = bytes.withUnsafeBytes { log.checksum($0) }
    bytes.appendLittle(checksum)
    return bytes
  }

  /// Nil for what isn't a whole record of this log.
  static func decode(_ bytes: [UInt8], _ log: LogID) -> Epoch? {
    guard bytes.count == byteCount else { return nil }
    return bytes.withUnsafeBytes { raw in
      guard raw.little(UInt32.self, at: 0) == magic, raw.little(UInt32.self, at: 4) == version,
        raw.little(UInt32.self, at: 12)
          == log.checksum(UnsafeRawBufferPointer(rebasing: raw[0..<12]))
      else { return nil }
      return Epoch(raw.little(UInt32.self, at: 8))
    }
  }
}
