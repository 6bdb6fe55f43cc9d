package import DaybookModel
import DaybookSchema
package import NIOCore
import SwiftProtobuf

/// Frames as JSON texts, one each: the JSON form of `JSONFrame` (`schemas/daybook/v1/json.proto`), whose fields are
/// numbered as frames' types, so that a field's bytes are a frame's body.
package enum JSONFrames {
  /// Of what names no type of frame that this version knows. No frame has it.
  package static let unknownType = FrameType(rawValue: 0)
  /// Begins a field and doesn't end it, so that it is the body of no request.
  private static let tornBody = ByteBuffer(bytes: [0xff])

  // MARK: from JSON

  /// A text that says what it asks for, but not in a form that this can have, becomes a frame whose body can't be
  /// read: whoever takes it refuses it, in its turn. Throws `malformed_frame` for what is no JSON, or no object.
  package static func decode(_ text: ByteBuffer) throws(FrameFault) -> Frame {
    let bytes = Array(text.readableBytesView)
    if let frame = try? Daybook_V1_JSONFrame(jsonUTF8Bytes: bytes, options: JSONForm.reading) {
      return JSONFrames.frame(frame)
    }
    let head: Daybook_V1_JSONFrameHead
    do {
      head = try Daybook_V1_JSONFrameHead(jsonUTF8Bytes: bytes, options: JSONForm.reading)
    } catch {
      throw FrameFault(
        sequence: 0,
        error: DaybookError(
          .malformedFrame,
          "the text is no frame: write one object, as {\"sequence\":1,\"connect\":{…}}",
          cause: error))
    }
    return Frame(
      type: typeNamed(in: bytes) ?? unknownType, sequence: head.sequence, body: tornBody)
  }

  private static func frame(_ frame: Daybook_V1_JSONFrame) -> Frame {
    let bytes = ByteBuffer(bytes: frame.wireBytes())
    var found = Frame(type: unknownType, sequence: frame.sequence, body: ByteBuffer())
    bytes.withUnsafeReadableBytes { memory in
      var reader = ProtobufReader(memory)
      while let tag = try? reader.tag() {
        guard tag & 7 == 2 else {
          guard (try? reader.skip(tag)) != nil else { return }
          continue
        }
        guard let body = try? reader.delimited() else { return }
        found.type = FrameType(rawValue: UInt32(tag >> 3))
        let start = reader.position - body.count
        found.body = bytes.getSlice(at: start, length: body.count) ?? ByteBuffer()
      }
    }
    return found
  }

  /// A frame has two members, and some that only other versions know. Each is parsed to find what it names, so
  /// a text full of them is not gone through to its end.
  private static let membersMax = 16

  /// The first member of the object whose name is a frame's.
  private static func typeNamed(in text: [UInt8]) -> FrameType? {
    for name in JSONMembers(text).prefix(membersMax) {
      let empty = Array("{\"".utf8) + name + Array("\":{}}".utf8)
      guard let frame = try? Daybook_V1_JSONFrame(jsonUTF8Bytes: empty) else { continue }
      let type = JSONFrames.frame(frame).type
      if type != unknownType { return type }
    }
    return nil
  }

  // MARK: to JSON

  /// Throws `log_corrupt` for a body that is not what its type says.
  package static func encode(_ frame: Frame) throws(DaybookError) -> ByteBuffer {
    let length = frame.body.readableBytes
    var bytes = ByteBuffer()
    bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 32) { memory in
      var writer = ProtobufWriter(memory)
      writer.uint(sequenceField, UInt64(frame.sequence))
      writer.message(Int(frame.type.rawValue), frame.body)
      return writer.count
    }
    do {
      let message = try Daybook_V1_JSONFrame(serializedBytes: Array(bytes.readableBytesView))
      let json: [UInt8] = try message.jsonUTF8Bytes(options: JSONForm.writing)
      return ByteBuffer(bytes: json)
    } catch {
      throw DaybookError(
        .logCorrupt, "a frame of type \(frame.type.rawValue) can't be said in JSON", cause: error)
    }
  }

  private static let sequenceField = 4096
}

/// Names of the members of the object that a JSON text is, as they are written, but for those inside of it. For texts
/// that were parsed before: what is no JSON gives any names, or none.
struct JSONMembers: Sequence, IteratorProtocol {
  private let text: [UInt8]
  private var at = 0
  private var depth = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func next() -> ArraySlice<UInt8>? {
    while at < text.count {
      let byte = text[at]
      at += 1
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        let name = string()
        if depth == 1, isName() { return name }
      default: break
      }
    }
    return nil
  }

  /// What stands between the quotes of which the first was passed.
  private mutating func string() -> ArraySlice<UInt8> {
    let start = at
    while at < text.count, text[at] != UInt8(ascii: "\"") {
      at += text[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    let end = Swift.min(at, text.count)
    at = end + 1
    return text[start..<end]
  }

  private func isName() -> Bool {
    text.dropFirst(at).first { !" \t\r\n".utf8.contains($0) } == UInt8(ascii: ":")
  }
}
