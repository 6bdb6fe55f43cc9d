import DaybookModel
import NIOCore
import Testing
import WireProtocol

@Suite("frame decoder")
struct FrameDecoderTests {
  static func frame(_ type: FrameType, _ sequence: UInt32, _ body: String) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeFrame(type, sequence: sequence, body: ByteBuffer(string: body))
    return buffer
  }

  static func header(_ words: UInt32...) -> ByteBuffer {
    var buffer = ByteBuffer()
    for word in words { buffer.writeInteger(word) }
    return buffer
  }

  @Test("a header is five big-endian words")
  func layout() {
    let written = FrameDecoderTests.frame(.send, 7, "ab")
    #expect(
      Array(written.readableBytesView) == [
        0, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 7, 0, 0, 0, 2, 0x61, 0x62,
      ])
  }

  @Test(
    "frames come out whole and in order, however their bytes are cut", arguments: [1, 3, 19, 64])
  func cutAnywhere(size: Int) throws {
    var all = ByteBuffer()
    for index in 1...5 {
      all.writeImmutableBuffer(
        FrameDecoderTests.frame(.ack, UInt32(index), String(repeating: "x", count: index * 7)))
    }
    var decoder = FrameDecoder()
    var frames: [Frame] = []
    while all.readableBytes > 0 {
      decoder.append(all.readSlice(length: min(size, all.readableBytes))!)
      while let frame = try decoder.next() { frames.append(frame) }
    }
    try decoder.finish()
    #expect(frames.map(\.sequence) == [1, 2, 3, 4, 5])
    #expect(frames.map(\.body.readableBytes) == [7, 14, 21, 28, 35])
  }

  @Test("TLS that comes where frames are spoken is called that, from the first word on")
  func tls() {
    // A ClientHello's record, an alert's, and neither.
    for (word, isTLS) in [(0x1603_0102, true), (0x1503_0300, true), (0x1703_0300, false)] {
      var decoder = FrameDecoder()
      decoder.append(FrameDecoderTests.header(UInt32(word)))
      let fault = #expect(throws: FrameFault.self) { try decoder.next() }
      #expect(fault?.isTLS == isTLS && fault?.error.code == .malformedFrame)
      #expect(fault?.error.message.hasPrefix("TLS came") == isTLS)
    }
  }

  @Test("the rest of a longer header is skipped")
  func longerHeader() throws {
    var buffer = FrameDecoderTests.header(24, 9, 2, 5, 1, 0xffff_ffff)
    buffer.writeString("z")
    var decoder = FrameDecoder()
    decoder.append(buffer)
    let frame = try #require(try decoder.next())
    #expect(frame.version == 9 && frame.type == .heartbeat && frame.sequence == 5)
    #expect(String(buffer: frame.body) == "z")
  }

  @Test(
    "a header length that can't be is malformed, from the first word on",
    arguments: [0, 19, 1025, UInt32.max])
  func badHeaderLength(length: UInt32) {
    var decoder = FrameDecoder()
    decoder.append(FrameDecoderTests.header(length))
    let fault = #expect(throws: FrameFault.self) { try decoder.next() }
    #expect(fault?.error.code == .malformedFrame)
  }

  @Test("a body over the limit is refused by its header alone, with its sequence")
  func tooLarge() {
    var decoder = FrameDecoder(bodyBytesMax: 100)
    decoder.append(FrameDecoderTests.header(20, 1, 16, 42, 101))
    let fault = #expect(throws: FrameFault.self) { try decoder.next() }
    #expect(fault?.error.code == .frameTooLarge)
    #expect(fault?.sequence == 42)
  }

  @Test("of who is not known yet, a frame is refused by its header alone past 8 KiB in all")
  func stranger() throws {
    for (header, body, fits) in [(20, 8_172, true), (20, 8_173, false), (1_020, 7_173, false)] {
      var decoder = FrameDecoder(strangerFrameBytesMax: 8_192)
      decoder.append(FrameDecoderTests.header(UInt32(header), 1, 1, 7, UInt32(body)))
      if fits {
        #expect(try decoder.next() == nil)
        continue
      }
      let fault = #expect(throws: FrameFault.self) { try decoder.next() }
      #expect(fault?.error.code == .frameTooLarge && fault?.sequence == 7)
    }
    var known = FrameDecoder(strangerFrameBytesMax: 8_192)
    known.strangerFrameBytesMax = nil
    known.append(FrameDecoderTests.header(20, 1, 16, 8, 1 << 20))
    #expect(try known.next() == nil)
  }

  @Test("after a fault nothing more is read")
  func faultStays() {
    var decoder = FrameDecoder()
    decoder.append(FrameDecoderTests.header(3))
    #expect(throws: FrameFault.self) { try decoder.next() }
    decoder.append(FrameDecoderTests.frame(.send, 1, "good"))
    #expect(throws: FrameFault.self) { try decoder.next() }
    #expect(decoder.pendingBytes == 0)
  }

  @Test("an end in the middle of a frame is malformed; between frames it is an end")
  func truncated() throws {
    var decoder = FrameDecoder()
    decoder.append(FrameDecoderTests.frame(.send, 1, "whole"))
    _ = try decoder.next()
    try decoder.finish()
    decoder.append(FrameDecoderTests.header(20, 1, 16, 8, 5))
    #expect(try decoder.next() == nil)
    let fault = #expect(throws: FrameFault.self) { try decoder.finish() }
    #expect(fault?.sequence == 8 && fault?.error.code == .malformedFrame)
  }

  @Test("garbage never does more than fail", arguments: 0..<200)
  func garbage(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var decoder = FrameDecoder(bodyBytesMax: 512)
    for _ in 0..<40 {
      var chunk = ByteBuffer()
      // Half of the time a plausible header, so that bodies are reached.
      if random.next() % 2 == 0 {
        chunk = FrameDecoderTests.header(
          20, 1, UInt32(random.next() % 40), UInt32(random.next() % 9), UInt32(random.next() % 600))
      }
      for _ in 0..<random.next() % 60 {
        chunk.writeInteger(UInt8(truncatingIfNeeded: random.next()))
      }
      decoder.append(chunk)
      do throws(FrameFault) {
        while let frame = try decoder.next() { readBodies(frame.body) }
      } catch {
        #expect([.malformedFrame, .frameTooLarge].contains(error.error.code))
        return
      }
      #expect(decoder.pendingBytes <= 512 + 20 + 80)
    }
  }

  private func readBodies(_ body: ByteBuffer) {
    _ = try? SendRequest(frameBody: body)
    _ = try? AckRequest(frameBody: body)
    _ = try? CommandReply(frameBody: body)
  }
}

/// Sebastiano Vigna's SplitMix64, so that a run can be repeated.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
