package import DaybookModel
package import DaybookSchema
import NIOCore

/// `CommandContext` of `schemas/daybook/v1/frame.proto`: who issues a command.
package struct CommandContext: Sendable, Equatable {
  /// Nil: the session's origin.
  package var origin: Origin?
  /// The origin's own 1, 2, 3….
  package var number: UInt64
  /// The user whom a service acts for.
  package var actingFor: UserID?
  /// The number counts the origin's commands to this stream alone.
  package var isGapless: Bool
  package var traceID: TraceID?

  @inlinable
  package init(
    origin: Origin? = nil, number: UInt64, actingFor: UserID? = nil, isGapless: Bool = false,
    traceID: TraceID? = nil
  ) {
    self.origin = origin
    self.number = number
    self.actingFor = actingFor
    self.isGapless = isGapless
    self.traceID = traceID
  }

  /// Throws `invalid_request`, `invalid_id`; torn fields as the reader does.
  init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    self.init(number: 0)
    var reader = ProtobufReader(bytes)
    while !reader.isAtEnd {
      let tag = try reader.tag()
      switch tag {
      case 1 << 3 | 2: origin = try CommandContext.origin(try reader.delimited())
      case 2 << 3: number = try reader.varint()
      case 3 << 3 | 2:
        let text = try FieldReading.string(try reader.delimited(), "acting_for")
        actingFor = text.isEmpty ? nil : try UserID(text)
      case 4 << 3: isGapless = try reader.varint() != 0
      case 5 << 3 | 2: traceID = try CommandContext.traceID(try reader.delimited())
      default: try reader.skip(tag)
      }
    }
  }

  /// Nil for no bytes. Throws `invalid_request` for too many.
  package static func origin(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> Origin? {
    guard !bytes.isEmpty else { return nil }
    guard let origin = Origin(bytes) else {
      throw DaybookError(
        .invalidRequest, "an origin of \(bytes.count) bytes: it has 1 to \(Limits.originBytesMax)")
    }
    return origin
  }

  /// Nil for no bytes. Throws `invalid_request` for what is none.
  package static func traceID(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) -> TraceID? {
    guard !bytes.isEmpty else { return nil }
    guard let traceID = TraceID(bytes) else {
      throw DaybookError(
        .invalidRequest, "a trace_id has \(TraceID.byteCount) bytes, of which one at least is not 0"
      )
    }
    return traceID
  }

  var length: Int {
    let originLength = origin.map { ProtobufSize.bytes(1, count: Int($0.count)) } ?? 0
    return originLength + ProtobufSize.uint(2, number)
      + ProtobufSize.string(3, actingFor?.text ?? "") + ProtobufSize.uint(4, isGapless ? 1 : 0)
      + (traceID == nil ? 0 : ProtobufSize.bytes(5, count: TraceID.byteCount))
  }

  func write(to writer: inout ProtobufWriter) {
    if let origin {
      writer.tag(1, 2)
      writer.varint(UInt64(origin.count))
      origin.withBytes { writer.raw($0) }
    }
    writer.uint(2, number)
    if let actingFor { writer.string(3, actingFor.text) }
    writer.uint(4, isGapless ? 1 : 0)
    if let traceID {
      writer.tag(5, 2)
      writer.varint(UInt64(TraceID.byteCount))
      traceID.withBytes { writer.raw($0) }
    }
  }
}

extension CommandContext {
  /// Throws `invalid_request`, `invalid_id`.
  package init(_ context: Daybook_V1_CommandContext) throws(DaybookError) {
    self.init(
      origin: try CommandContext.origin(of: context.origin), number: context.number,
      actingFor: context.actingFor.isEmpty ? nil : try UserID(context.actingFor),
      isGapless: context.gapless, traceID: try CommandContext.traceID(of: context.traceID))
  }

  private static func traceID(of bytes: some Sequence<UInt8>) throws(DaybookError) -> TraceID? {
    let bytes = Array(bytes)
    var outcome: Result<TraceID?, DaybookError> = .success(nil)
    bytes.withUnsafeBytes { bytes in
      outcome = Result { () throws(DaybookError) in try CommandContext.traceID(bytes) }
    }
    return try outcome.get()
  }

  /// Nil for no bytes. Throws `invalid_request` for too many.
  package static func origin(of bytes: some Sequence<UInt8>) throws(DaybookError) -> Origin? {
    let bytes = Array(bytes)
    var outcome: Result<Origin?, DaybookError> = .success(nil)
    bytes.withUnsafeBytes { bytes in
      outcome = Result { () throws(DaybookError) in try CommandContext.origin(bytes) }
    }
    return try outcome.get()
  }
}
