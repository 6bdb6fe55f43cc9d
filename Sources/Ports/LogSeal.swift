/// Checksums that only the owner of a log's folder can make: seeded with the log's secret, which
/// never leaves it (`schemas/log-format.md`, "Checksums"). What is kept beside the log and states
/// something about it (snapshots, checkpoints of projections) is sealed with it, so that a file of
/// another log, or one that was changed, states nothing.
package struct LogSeal: Sendable {
  private let checksum: @Sendable (UnsafeRawBufferPointer) -> UInt32

  package init(_ checksum: @escaping @Sendable (UnsafeRawBufferPointer) -> UInt32) {
    self.checksum = checksum
  }

  package func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt32 { checksum(bytes) }

  package func callAsFunction(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes(checksum) }
}
