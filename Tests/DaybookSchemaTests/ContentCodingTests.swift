import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import SwiftProtobuf
import Testing

@Suite("Content coding")
struct ContentCodingTests {
  @Test("text and bytes are encoded as the generated code does", arguments: ["", "text/x", "a/b"])
  func equalsGenerated(type: String) throws {
    for body in ["", "hello", "héllo 日本 🙂", String(repeating: "x", count: 70_000)] {
      let generated: [UInt8] = try Daybook_V1_Content.with {
        $0.plain = .with {
          $0.type = type
          $0.body = Data(body.utf8)
        }
      }.serializedBytes()
      let ours = ContentCoding.plain(type: type, body: ByteBuffer(string: body))
      #expect(Array(ours.readableBytesView) == generated)
    }
  }

  @Test("content within the limits is accepted")
  func accepted() throws {
    try ContentCoding.check(ContentCoding.text(""))
    try ContentCoding.check(ContentCoding.text("héllo 日本 🙂"))
    try ContentCoding.check(ContentCoding.text(filled(Limits.contentBytesMax)))
    try ContentCoding.check(plain("application/x", [0xff, 0xfe, 0x00]))
    try ContentCoding.check(plain(filled(Limits.contentTypeBytesMax), []))
    try ContentCoding.check(sealed(bytes: Limits.contentBytesMax))
    let unknown = Array(ContentCoding.text("a").readableBytesView) + [0x18, 0x05]
    try ContentCoding.check(ByteBuffer(bytes: unknown))
  }

  @Test("content past the limits is refused with content_too_large")
  func tooLarge() throws {
    #expect(try code(ContentCoding.text(filled(Limits.contentBytesMax + 1))) == .contentTooLarge)
    #expect(try code(ContentCoding.text(filled(1 << 20))) == .contentTooLarge)
    #expect(try code(plain(filled(Limits.contentTypeBytesMax + 1), [])) == .contentTooLarge)
    #expect(try code(sealed(bytes: Limits.contentBytesMax + 1)) == .contentTooLarge)
  }

  @Test("each part of a content counts, and the error names the one that is too large")
  func parts() throws {
    let atMost = try sealed(bytes: 65_536, keyID: filled(255), nonce: 255)
    try ContentCoding.check(atMost)
    let cases = [
      (try sealed(bytes: 1, keyID: filled(256)), "sealed.key_id"),
      (try sealed(bytes: 1, nonce: 256), "sealed.nonce"),
      (try sealed(bytes: 1, nonce: 65_536), "sealed.nonce"),
      (try sealed(bytes: 0, nonce: 65_537), "sealed.nonce"),
      (try sealed(bytes: 0, nonce: 900_000), "sealed.nonce"),
      (try sealed(bytes: 65_537), "sealed.ciphertext"),
      (plain(filled(256), []), "plain.type"),
      (ContentCoding.text(filled(65_537)), "plain.body"),
    ]
    for (content, name) in cases {
      let error = #expect(throws: DaybookError.self) { try ContentCoding.check(content) }
      #expect(error?.code == .contentTooLarge)
      #expect(error?.message.hasPrefix(name) ?? false, "\(error?.message ?? "")")
    }
  }

  @Test("fields that this version doesn't know count too")
  func unknownFields() throws {
    var content = ContentCoding.text(filled(40_000))
    // Field 9 of 40,000 bytes.
    content.writeBytes([0x4a, 0xc0, 0xb8, 0x02] + [UInt8](repeating: 1, count: 40_000))
    #expect(try code(content) == .contentTooLarge)
  }

  @Test("a key id that is no text is refused by its name")
  func keyIDText() {
    let bytes = ByteBuffer(bytes: [0x12, 3, 0x0a, 1, 0x80])
    let error = #expect(throws: DaybookError.self) { try ContentCoding.check(bytes) }
    #expect(error?.code == .invalidContent)
    #expect(error?.message.contains("sealed.key_id") ?? false)
  }

  @Test(
    "what is no content is refused with invalid_content",
    arguments: [
      [], [0x0a], [0x0a, 5, 1], [0x0a, 2, 0x12, 9], [0x18, 0x05], [0xff],
      // Text that isn't UTF-8: a lone continuation, a surrogate, an overlong slash.
      [0x0a, 3, 0x12, 1, 0x80], [0x0a, 5, 0x12, 3, 0xed, 0xa0, 0x80],
      [0x0a, 4, 0x12, 2, 0xc0, 0xaf],
      // A fault behind eight ASCII bytes, and within eight.
      [0x0a, 11, 0x12, 9] + Array("abcdefgh".utf8) + [0x80],
      [0x0a, 10, 0x12, 8] + Array("abc".utf8) + [0xff] + Array("efgh".utf8),
      // A type that isn't UTF-8.
      [0x0a, 3, 0x0a, 1, 0x80],
    ] as [[UInt8]])
  func invalid(bytes: [UInt8]) throws {
    #expect(try code(ByteBuffer(bytes: bytes)) == .invalidContent)
  }

  @Test("text is shown as text, and what isn't as its type and size")
  func shown() throws {
    #expect(try ContentCoding.show(ContentCoding.text("héllo")) == .text("héllo"))
    #expect(try ContentCoding.show(ContentCoding.text("")) == .text(""))
    #expect(try ContentCoding.show(plain("text/markdown", Array("*a*".utf8))) == .text("*a*"))
    #expect(
      try ContentCoding.show(plain("image/png", [1, 2, 3])) == .bytes(type: "image/png", count: 3))
    #expect(try ContentCoding.show(sealed(bytes: 5)) == .sealed(keyID: "k1", count: 5))
  }

  private func filled(_ count: Int) -> String { String(repeating: "x", count: count) }

  private func plain(_ type: String, _ body: [UInt8]) -> ByteBuffer {
    ContentCoding.plain(type: type, body: ByteBuffer(bytes: body))
  }

  @Test("of two kinds in one content the last counts, with nothing of the first")
  func twoKinds() throws {
    var both = try sealed(bytes: 5)
    var plain = ContentCoding.text("later")
    both.writeBuffer(&plain)
    #expect(try ContentCoding.show(both) == .text("later"))
    var invalid = try sealed(bytes: 5)
    var bytes = ContentCoding.plain(type: "", body: ByteBuffer(bytes: [0xff, 0xfe]))
    invalid.writeBuffer(&bytes)
    #expect(try code(invalid) == .invalidContent)
  }

  private func sealed(bytes: Int, keyID: String = "k1", nonce: Int = 3) throws -> ByteBuffer {
    let content = Daybook_V1_Content.with {
      $0.sealed = .with {
        $0.keyID = keyID
        $0.nonce = Data(repeating: 1, count: nonce)
        $0.ciphertext = Data(repeating: 7, count: bytes)
      }
    }
    return ByteBuffer(bytes: try content.serializedBytes() as [UInt8])
  }

  private func code(_ content: ByteBuffer) throws -> ErrorCode? {
    (#expect(throws: DaybookError.self) { try ContentCoding.check(content) })?.code
  }
}
