import NIOCore

/// A decoder that bytes from a disk or a network reach. Whatever they are, it answers: a value, or an
/// error.
enum FuzzTarget: String, CaseIterable, Sendable {
  case record, batch, journal, index, manifest, frame, json, webSocket, snapshot, token

  /// Decodes `bytes`, and what becomes of them when their checksums are put right, so that more than
  /// the checksum is tried. Traps where what was decoded is not what it is encoded to. True if they
  /// were valid.
  func run(_ bytes: [UInt8]) async -> Bool {
    switch self {
    case .record: RecordTarget.run(bytes)
    case .batch: BatchTarget.run(bytes)
    case .journal: JournalTarget.run(bytes)
    case .index: IndexTarget.run(bytes)
    case .manifest: ManifestTarget.run(bytes)
    case .frame: FrameTarget.run(bytes)
    case .json: JSONTarget.run(bytes)
    case .webSocket: WebSocketTarget.run(bytes)
    case .snapshot: SnapshotTarget.run(bytes)
    case .token: await TokenTarget.run(bytes)
    }
  }

  /// Valid ones, for what is made out of them.
  func seeds() async -> [[UInt8]] {
    switch self {
    case .record: RecordTarget.seeds
    case .batch: BatchTarget.seeds
    case .journal: JournalTarget.seeds
    case .index: IndexTarget.seeds
    case .manifest: ManifestTarget.seeds
    case .frame: FrameTarget.seeds
    case .json: JSONTarget.seeds
    case .webSocket: WebSocketTarget.seeds
    case .snapshot: SnapshotTarget.seeds
    case .token: await TokenTarget.seeds()
    }
  }
}

extension ByteBuffer {
  var array: [UInt8] { Array(readableBytesView) }
}
