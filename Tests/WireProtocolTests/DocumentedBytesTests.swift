import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import Testing
import WireProtocol

@Suite("the dumps of schemas/wire-protocol.md")
struct DocumentedBytesTests {
  /// The lines of hex behind this text, comments left out.
  static func dump(after text: String) throws -> ByteBuffer {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../schemas/wire-protocol.md")
    let rest = try #require(
      try String(contentsOf: page, encoding: .utf8).range(of: text).map { range in
        try String(contentsOf: page, encoding: .utf8)[range.upperBound...]
      })
    let block = rest.components(separatedBy: "```")[1]
    var bytes = ByteBuffer()
    for line in block.split(separator: "\n") {
      for word in line.split(separator: " ") {
        guard word.count == 2, let byte = UInt8(word, radix: 16) else { break }
        bytes.writeInteger(byte)
      }
    }
    return bytes
  }

  @Test("the Connect is one")
  func connect() throws {
    var decoder = FrameDecoder()
    decoder.append(try DocumentedBytesTests.dump(after: "A Connect with the token"))
    let frame = try #require(try decoder.next())
    let request = try Daybook_V1_ConnectRequest(frameBody: frame.body)
    #expect(frame.type == .connect && frame.sequence == 1 && decoder.pendingBytes == 0)
    #expect(request.token == "T" && request.origin == Data([1, 2]))
  }

  @Test("the Send is one")
  func send() throws {
    var decoder = FrameDecoder()
    decoder.append(try DocumentedBytesTests.dump(after: "A Send of \"hi\""))
    let frame = try #require(try decoder.next())
    let request = try SendRequest(frameBody: frame.body)
    #expect(frame.type == .send && frame.sequence == 2 && decoder.pendingBytes == 0)
    #expect(request.to.text == "user/bob" && request.context.number == 1)
    #expect(try ContentCoding.show(request.content) == .text("hi"))
  }
}
