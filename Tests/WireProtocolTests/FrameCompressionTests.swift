import DaybookModel
import DaybookSchema
import Foundation
import NIOCore
import Testing

@testable import WireProtocol

@Suite("frames in a compressed one")
struct FrameCompressionTests {
  private func frame(_ body: String, _ sequence: UInt32 = 0) -> ByteBuffer {
    var frame = ByteBuffer()
    frame.writeFrame(.event, sequence: sequence, body: ByteBuffer(string: body))
    return frame
  }

  private func frames(in chunks: [ByteBuffer]) throws -> [Frame] {
    var decoder = FrameDecoder()
    for chunk in chunks { decoder.append(chunk) }
    var frames: [Frame] = []
    while let frame = try decoder.next() { frames.append(frame) }
    try decoder.finish()
    return frames
  }

  /// As a client reads them.
  private func told(_ chunks: [ByteBuffer]) throws -> [Frame] {
    try frames(in: chunks).flatMap { frame in
      frame.type == .compressed ? try FrameCompression.inflate(frame.body) : [frame]
    }
  }

  private func text(_ count: Int) -> String {
    String(repeating: "what is said again and again ", count: count / 29 + 1)
  }

  /// What no compression makes smaller.
  private func noise(_ count: Int) -> ByteBuffer {
    var state: UInt64 = 88_172_645_463_325_252
    return ByteBuffer(
      bytes: (0..<count).map { _ -> UInt8 in
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return UInt8(truncatingIfNeeded: state >> 24)
      })
  }

  @Test("are the same as they were, however they lie in what is sent")
  func same() throws {
    let sent = [frame(text(2_000)), frame("x"), frame(text(900), 7), frame("")]
    var whole = ByteBuffer()
    for one in sent { whole.writeImmutableBuffer(one) }
    let halves = [
      whole.getSlice(at: 0, length: 1_000)!,
      whole.getSlice(at: 1_000, length: whole.readableBytes - 1_000)!,
    ]
    for chunks in [sent, [whole], halves] {
      let deflated = FrameCompression.deflate(chunks)
      #expect(try frames(in: deflated).map(\.type) == [.compressed])
      #expect(deflated[0].readableBytes < 400)
      #expect(try told(deflated) == (try frames(in: sent)))
    }
  }

  @Test("are sent as they are where there is little of them, or nothing to gain")
  func asTheyAre() throws {
    let small = [frame(text(500)), frame("short")]
    #expect(FrameCompression.deflate(small) == small)
    var random = ByteBuffer()
    random.writeFrame(.event, sequence: 0, body: noise(5_000))
    #expect(FrameCompression.deflate([random]) == [random])
    #expect(FrameCompression.deflate([]) == [])
  }

  @Test("no more go into one than its limit, and a larger one goes by itself as it is")
  func limit() throws {
    let half = text(FrameCompression.framesBytesMax / 2)
    let large = text(FrameCompression.framesBytesMax + 1)
    let sent = [frame(half), frame(half), frame(large), frame(half)]
    let deflated = FrameCompression.deflate(sent)
    #expect(
      try frames(in: deflated).map(\.type) == [.compressed, .compressed, .event, .compressed])
    #expect(try told(deflated) == (try frames(in: sent)))
  }

  @Test("bytes that are none, or not what they state, are malformed, and take no memory")
  func malformed() throws {
    let deflated = FrameCompression.deflate([frame(text(3_000))])
    let good = try Daybook_V1_Compressed(frameBody: try frames(in: deflated)[0].body)
    var inner = ByteBuffer()
    inner.writeFrame(.compressed, sequence: 0, body: ByteBuffer(string: text(2_000)))
    let nested = try frames(in: FrameCompression.deflate([inner]))[0].body
    func body(_ change: (inout Daybook_V1_Compressed) -> Void) -> ByteBuffer {
      var changed = good
      change(&changed)
      return ByteBuffer(bytes: changed.wireBytes())
    }
    let rows: [(String, ByteBuffer)] = [
      ("no length", body { $0.length = 0 }), ("one less", body { $0.length -= 1 }),
      ("one more", body { $0.length += 1 }), ("a bomb", body { $0.length = .max }),
      ("a cut one", body { $0.deflated.removeLast() }),
      ("more behind it", body { $0.deflated.append(0) }),
      ("nothing", body { $0.deflated.removeAll() }),
      ("others", body { $0.deflated[0] ^= 0xff }), ("compressed twice", nested),
    ]
    for (name, body) in rows {
      #expect(throws: DaybookError.self, "\(name)") { try FrameCompression.inflate(body) }
    }
  }
}
