import NIOCore
import Testing

@testable import Gateway

@Suite("what connections are read into")
struct ReadBufferTests {
  private func address(_ buffer: ByteBuffer) -> UnsafeRawPointer? {
    buffer.withVeryUnsafeBytes { $0.baseAddress }
  }

  private func read(_ text: String, into buffer: consuming ByteBuffer) -> ByteBuffer {
    buffer.writeString(text)
    return buffer
  }

  /// Reads, and keeps nothing of it. Where that was.
  private func pass(_ text: String, through reads: ReadBuffer) -> UnsafeRawPointer? {
    let buffer = read(text, into: reads.take())
    reads.giveBack(buffer)
    return address(buffer)
  }

  @Test("one buffer serves one read after another")
  func again() {
    let reads = ReadBuffer(capacity: 2_048)
    let place = pass("a", through: reads)
    for text in ["bc", "", "defg"] { #expect(pass(text, through: reads) == place) }
    let next = reads.take()
    #expect(next.readableBytes == 0 && next.writableBytes >= 2_048)
  }

  @Test("what somebody still holds is not written over")
  func held() {
    let reads = ReadBuffer(capacity: 64)
    let held = read("first", into: reads.take())
    reads.giveBack(held)
    reads.giveBack(read("other", into: reads.take()))
    #expect(String(buffer: held) == "first")
  }

  @Test("a smaller one that comes back, as a channel's first, is none of it")
  func smaller() {
    let reads = ReadBuffer(capacity: 2_048)
    reads.giveBack(ByteBuffer(string: "small"))
    #expect(reads.take().writableBytes >= 2_048)
  }

  @Test("a channel keeps a small buffer, and takes its loop's from the second read on")
  func channel() {
    let reads = ReadBuffer(capacity: 65_536)
    var allocator = LoopReads(reads)
    var pool = NIOPooledRecvBufferAllocator(capacity: 1, recvAllocator: allocator)
    var sizes: [Int] = []
    for _ in 1...3 {
      let (buffer, _) = pool.buffer(allocator: ByteBufferAllocator()) { buffer in
        sizes.append(buffer.writableBytes)
        buffer.writeString("x")
      }
      pool.record(actualReadBytes: 1)
      #expect(pool.count == 1)
      reads.giveBack(buffer)
    }
    #expect(sizes == [512, 65_536, 65_536])
    #expect(allocator.record(actualReadBytes: 1) && allocator.nextBufferSize() == nil)
  }
}
