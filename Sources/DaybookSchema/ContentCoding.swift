package import DaybookModel
package import NIOCore

/// The bytes of one `Content` (`schemas/daybook/v1/content.proto`).
package enum ContentCoding {
  /// What a person can be shown of a content.
  package enum Shown: Sendable, Equatable {
    case text(String)
    case bytes(type: String, count: Int)
    case sealed(keyID: String, count: Int)
  }

  package static func text(_ text: String) -> ByteBuffer {
    plain(type: "", body: ByteBuffer(string: text))
  }

  /// An empty type means "text/plain; charset=utf-8".
  package static func plain(type: String, body: ByteBuffer) -> ByteBuffer {
    let typeLength = ProtobufSize.string(1, type)
    let bodyLength =
      body.readableBytes == 0 ? 0 : ProtobufSize.bytes(2, count: body.readableBytes)
    let length = typeLength + bodyLength
    var buffer = ByteBuffer()
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length + 16) { memory in
      var writer = ProtobufWriter(memory)
      writer.tag(1, 2)
      writer.varint(UInt64(length))
      writer.string(1, type)
      if bodyLength > 0 { writer.message(2, body) }
      return writer.count
    }
    return buffer
  }

  /// Of all that is in a `Content`, fields that this version doesn't know included: each of its
  /// parts at its largest, and room for their tags.
  private static let encodedBytesMax =
    Limits.contentBytesMax + Limits.keyIDBytesMax + Limits.nonceBytesMax + 64

  /// Throws `invalid_content` for bytes that are no `Content` or lack a kind, or whose text is not
  /// UTF-8; `content_too_large` past the limits.
  package static func check(_ content: ByteBuffer) throws(DaybookError) {
    var outcome: Result<Void, DaybookError> = .success(())
    content.withUnsafeReadableBytes { bytes in
      outcome = Result { () throws(DaybookError) in try check(bytes) }
    }
    try outcome.get()
  }

  private static func check(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
    let parts: Parts
    do throws(DaybookError) {
      parts = try Parts(bytes)
    } catch {
      throw DaybookError(.invalidContent, "the content is no Content message", cause: error)
    }
    guard parts.hasKind else {
      throw DaybookError(.invalidContent, "the content is neither plain nor sealed")
    }
    try parts.checkSizes()
    guard bytes.count <= encodedBytesMax else {
      throw DaybookError(
        .contentTooLarge,
        "the content has \(bytes.count) bytes in all, and may have \(encodedBytesMax)")
    }
    guard String(validating: parts.type, as: UTF8.self) != nil else {
      let name = parts.isSealed ? "sealed.key_id" : "plain.type"
      throw DaybookError(.invalidContent, "\(name) is not valid UTF-8")
    }
    let isText = !parts.isSealed && parts.type.isEmpty
    guard !isText || UTF8Check.isValid(parts.body) else {
      throw DaybookError(.invalidContent, "the text is not valid UTF-8")
    }
  }

  /// Throws `invalid_content`.
  package static func show(_ content: ByteBuffer) throws(DaybookError) -> Shown {
    var outcome: Result<Shown, DaybookError>?
    content.withUnsafeReadableBytes { bytes in
      outcome = Result { () throws(DaybookError) in
        let parts = try Parts(bytes)
        if parts.isSealed {
          return .sealed(
            keyID: String(decoding: parts.type, as: UTF8.self), count: parts.body.count)
        }
        let type = String(decoding: parts.type, as: UTF8.self)
        if type.isEmpty || type.hasPrefix("text/") {
          return .text(String(decoding: parts.body, as: UTF8.self))
        }
        return .bytes(type: type, count: parts.body.count)
      }
    }
    return try outcome!.get()
  }

  /// The fields of either kind: type and body, or key id, nonce and ciphertext.
  private struct Parts {
    var type = UnsafeRawBufferPointer(start: nil, count: 0)
    var nonce = UnsafeRawBufferPointer(start: nil, count: 0)
    var body = UnsafeRawBufferPointer(start: nil, count: 0)
    var isSealed = false
    var hasKind = false

    init() {}

    /// Throws `content_too_large`, which names the part.
    func checkSizes() throws(DaybookError) {
      if isSealed {
        try Parts.check(type, Limits.keyIDBytesMax, "sealed.key_id")
        try Parts.check(nonce, Limits.nonceBytesMax, "sealed.nonce")
        try Parts.check(body, Limits.contentBytesMax, "sealed.ciphertext")
      } else {
        try Parts.check(type, Limits.contentTypeBytesMax, "plain.type")
        try Parts.check(body, Limits.contentBytesMax, "plain.body")
      }
    }

    private static func check(
      _ part: UnsafeRawBufferPointer, _ bytesMax: Int, _ name: String
    ) throws(DaybookError) {
      guard part.count > bytesMax else { return }
      throw DaybookError(
        .contentTooLarge, "\(name) has \(part.count) bytes, and may have \(bytesMax)")
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(DaybookError) {
      var outer = ProtobufReader(bytes)
      while !outer.isAtEnd {
        let tag = try outer.tag()
        guard tag == 1 << 3 | 2 || tag == 2 << 3 | 2 else {
          try outer.skip(tag)
          continue
        }
        // The last kind counts, and nothing of another one before it.
        if hasKind, isSealed != (tag >> 3 == 2) { self = Parts() }
        hasKind = true
        isSealed = tag >> 3 == 2
        let bodyField = isSealed ? 3 : 2
        var inner = ProtobufReader(try outer.delimited())
        while !inner.isAtEnd {
          let tag = try inner.tag()
          if tag == 1 << 3 | 2 {
            type = try inner.delimited()
          } else if tag == bodyField << 3 | 2 {
            body = try inner.delimited()
          } else if isSealed, tag == 2 << 3 | 2 {
            nonce = try inner.delimited()
          } else {
            try inner.skip(tag)
          }
        }
      }
    }
  }
}

enum UTF8Check {
  /// ASCII, eight bytes at a time; what isn't goes through the standard library.
  static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while at + 8 <= bytes.count {
      if bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 {
        return String(validating: bytes, as: UTF8.self) != nil
      }
      at += 8
    }
    return bytes[at...].allSatisfy { $0 < 0x80 }
      || String(validating: bytes, as: UTF8.self) != nil
  }
}
