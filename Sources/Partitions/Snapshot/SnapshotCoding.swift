package import DaybookModel
import DaybookSchema
package import NIOCore
import Ports

/// A partition's state and back (`schemas/daybook/v1/snapshot.proto`).
package enum SnapshotCoding {
  package static let version: UInt32 = 8
  /// More than that is not kept: what a state takes to write it down is memory too.
  static let bytesMax = 2 << 30

  /// Throws `storage_failed` for a state too large to be kept.
  package static func encode(
    _ state: PartitionState, logID: String, relayedThrough: Offset
  ) throws(DaybookError) -> ByteBuffer {
    var writer = SnapshotWriter()
    writer.uint(1, UInt64(version))
    writer.string(2, logID)
    writer.uint(3, UInt64(state.partition.rawValue))
    writer.uint(4, state.clock.ticks)
    writer.uint(5, state.recordedAt.milliseconds)
    writer.uint(6, UInt64(relayedThrough.rawValue))
    for (partition, position) in state.sources {
      writer.message(10) {
        $0.uint(1, UInt64(partition.rawValue))
        $0.uint(2, UInt64(position.offset.rawValue))
        $0.uint(3, UInt64(position.index))
      }
    }
    writer.flag(11, state.origins.hasForgotten)
    writer.fixed64(14, state.seed)
    writer.uint(16, state.elapsed)
    state.origins.encode(15, into: &writer)
    state.groups.encode(13, into: &writer)
    state.mailboxes.encode(12, into: &writer)
    guard !writer.isFaulty else {
      throw DaybookError(
        .storageFailed, "its state can't be written so that it can be read: a start replays the log"
      )
    }
    guard writer.bytes.count <= bytesMax else {
      throw DaybookError(
        .storageFailed, "its state takes more than \(bytesMax) bytes: a start replays the log")
    }
    return ByteBuffer(bytes: writer.bytes)
  }

  /// Nil for a snapshot of another log, partition or version, or one that is torn. With `isSealed`,
  /// what its seal covers is not read to see whether it can be: of very many users that takes seconds.
  package static func decode(
    _ bytes: ByteBuffer, partition: PartitionID, logID: String,
    _ settings: StateSettings = StateSettings(), isSealed: Bool = false
  ) -> (state: PartitionState, relayedThrough: Offset)? {
    guard let stored = try? StoredState(bytes), stored.version == version,
      stored.logID == logID, stored.partition == UInt64(partition.rawValue),
      // One that was pushed past the last id, as once could be, hides what was given before.
      stored.clockTicks <= MessageClock.ticksMax,
      stored.sources.areDistinct(by: \.partition),
      let mailboxes = isSealed
        ? PagedTable<MailboxState>(known: stored.mailboxes, seed: stored.seed)
        : PagedTable<MailboxState>(pages: stored.mailboxes, seed: stored.seed),
      let groups = PagedTable<GroupState>(
        pages: stored.groups, seed: stored.seed, isRead: true),
      let origins = OriginMemory(
        pages: stored.origins, bounds: settings.origins, seed: stored.seed,
        hasForgotten: stored.hasForgotten),
      let relayedThrough = Int64(exactly: stored.relayedThrough)
    else { return nil }
    var settings = settings
    settings.tableSeed = stored.seed
    var state = PartitionState(partition: partition, settings)
    state.clock = MessageClock(ticks: stored.clockTicks)
    state.recordedAt = Timestamp(milliseconds: stored.recordedAt)
    state.elapsed = stored.elapsed
    (state.mailboxes, state.groups, state.origins) = (mailboxes, groups, origins)
    for source in stored.sources {
      guard let partition = UInt16(exactly: source.partition),
        let offset = Int64(exactly: source.offset), let index = UInt32(exactly: source.index)
      else { return nil }
      state.sources[PartitionID(partition)] = PartitionState.SourcePosition(
        offset: Offset(offset), index: index)
    }
    return (state, Offset(relayedThrough))
  }
}

/// `PartitionSnapshot`, with its pages as bytes.
private struct StoredState {
  var version: UInt64 = 0
  var logID = ""
  var partition: UInt64 = 0
  var clockTicks: UInt64 = 0
  var recordedAt: UInt64 = 0
  var elapsed: UInt64 = 0
  var relayedThrough: UInt64 = 0
  var hasForgotten = false
  var seed: UInt64 = 0
  var sources: [(partition: UInt64, offset: UInt64, index: UInt64)] = []
  var mailboxes: [ByteBuffer] = []
  var groups: [ByteBuffer] = []
  var origins: [ByteBuffer] = []

  init(_ bytes: ByteBuffer) throws(DaybookError) {
    let result: Result<Void, DaybookError> = bytes.withUnsafeReadableBytes { raw in
      Result { () throws(DaybookError) in
        try ProtobufReader.forEachField(raw) { (tag, reader) throws(DaybookError) in
          try take(tag, &reader, raw, bytes)
        }
      }
    }
    try result.get()
  }

  private mutating func take(
    _ tag: Int, _ reader: inout ProtobufReader, _ raw: UnsafeRawBufferPointer, _ bytes: ByteBuffer
  ) throws(DaybookError) -> Bool {
    /// A page shares its bytes with the whole.
    func page() throws(DaybookError) -> ByteBuffer {
      let page = try reader.delimited()
      guard !page.isEmpty, let base = raw.baseAddress, let at = page.baseAddress else {
        return ByteBuffer()
      }
      return bytes.getSlice(at: bytes.readerIndex + (at - base), length: page.count) ?? ByteBuffer()
    }
    switch tag {
    case Tag.varint(1): version = try reader.varint()
    case Tag.delimited(2): logID = try reader.string()
    case Tag.varint(3): partition = try reader.varint()
    case Tag.varint(4): clockTicks = try reader.varint()
    case Tag.varint(5): recordedAt = try reader.varint()
    case Tag.varint(6): relayedThrough = try reader.varint()
    case Tag.delimited(10): try takeSource(try reader.delimited())
    case Tag.varint(11): hasForgotten = try reader.flag()
    case Tag.delimited(12): mailboxes.append(try page())
    case Tag.delimited(13): groups.append(try page())
    case Tag.fixed64(14): seed = try reader.fixed64()
    case Tag.delimited(15): origins.append(try page())
    case Tag.varint(16): elapsed = try reader.varint()
    default: return false
    }
    return true
  }

  private mutating func takeSource(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    var source: (partition: UInt64, offset: UInt64, index: UInt64) = (0, 0, 0)
    try ProtobufReader.forEachField(bytes) { (tag, reader) throws(DaybookError) in
      switch tag {
      case Tag.varint(1): source.partition = try reader.varint()
      case Tag.varint(2): source.offset = try reader.varint()
      case Tag.varint(3): source.index = try reader.varint()
      default: return false
      }
      return true
    }
    sources.append(source)
  }
}
